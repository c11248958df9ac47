"""The most float32 arithmetic that this machine was seen to do: large matrix products.

python -m benchmarks peak [--threads 1,2]

The best of NumPy's own choice of kernels, NumPy told to use AVX-512 (its OpenBLAS takes some new
processors for old ones), and PyTorch; each in a process of its own, at 1024³ and 2048³. A
multiply-add counts as two.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from benchmarks.data import at_hand
from benchmarks.machine import has_avx512, heading, seconds
from benchmarks.side_by_side import environment
from benchmarks.workloads import WORKLOADS

LIMITED = ("W1", "W2", "W3")  # the other workloads are not bound by arithmetic
SKYLAKE = {"OPENBLAS_CORETYPE": "SkylakeX"}


@dataclass(frozen=True)
class Peak:
    """Billions of additions and multiplications a second, and who did them."""

    gflops: float
    how: str


def peaks(threads: int) -> list[Peak]:
    """Measure every library, the best first."""
    tried: list[tuple[str, str, dict[str, str]]] = [("NumPy", "numpy", {})]
    if has_avx512():
        tried.append(("NumPy, OpenBLAS told SkylakeX", "numpy", SKYLAKE))
    if find_spec("torch"):
        tried.append(("PyTorch", "torch", {}))
    found = [Peak(_product(library, threads, more), how) for how, library, more in tried]
    return sorted(found, key=lambda one: -one.gflops)


def peak(threads: int) -> Peak:
    """Return the best that was seen with so many threads."""
    return peaks(threads)[0]


def _product(library: str, threads: int, more: dict[str, str]) -> float:
    command = [sys.executable, "-m", "benchmarks.product", library]
    return float(subprocess.check_output(command, text=True, env=environment(threads) | more))


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks peak",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--threads", default="1,2")
    options = parser.parse_args(arguments)
    print(heading(at_hand()))
    for threads in map(int, options.threads.split(",")):
        found = peaks(threads)
        print(f"\n{threads} {'thread' if threads == 1 else 'threads'}")
        for one in found:
            print(f"  {one.how:30} {one.gflops:6.0f} GFLOP/s", flush=True)
        limits = (f"{w}: {seconds(WORKLOADS[w].flops / found[0].gflops / 1e9)}" for w in LIMITED)
        print(f"  {'arithmetic alone':30} {', '.join(limits)}")
