"""Runs Glassnet and its peers side by side and prints a table.

    python -m benchmarks [--rounds 5] [--only W1,W2] [--threads 1,2]

Every contender has a process of its own; in each round every one of them does the work once, in
turn, so that a machine that slows down slows all of them. The figure is the median over the rounds,
with the number of threads that served the contender best in brackets.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
from importlib.metadata import version

from benchmarks.data import has_mnist
from benchmarks.workloads import WORKLOADS, Workload

CONTENDERS = ("glassnet_numpy", "tutorial", "nudging", "scikit_learn", "pytorch")
SERIAL = ("tutorial", "nudging")  # small products, which a second thread does not help


class Worker:
    """A contender in a process of its own."""

    def __init__(self, contender: str, workload: Workload, threads: int) -> None:
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        self.threads = threads
        self.times: list[float] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", contender, workload.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | dict.fromkeys(names, str(threads)),
        )
        assert self.process.stdout is not None
        self.label = self.process.stdout.readline().strip()
        if not self.label:
            raise SystemExit(f"{contender} cannot do {workload.name}: see above.")

    def work(self) -> bool:
        """Do the work once; False if the contender has nothing for this workload."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            print("go", file=self.process.stdin, flush=True)
        except BrokenPipeError:
            return False
        line = self.process.stdout.readline()
        if line:
            self.times.append(float(line))
        return bool(line)

    def close(self) -> None:
        try:
            self.process.communicate(timeout=60)
        except BrokenPipeError:
            self.process.wait()


def measure(workload: Workload, rounds: int, threads: list[int]) -> dict[str, tuple[float, int]]:
    """Return each contender's median seconds, and the number of threads that served it best."""
    workers = [
        Worker(contender, workload, count)
        for contender in CONTENDERS
        for count in ([1] if contender in SERIAL else threads)
    ]
    for worker in workers:
        worker.work()  # a warm-up, not counted
        worker.times.clear()
    for _ in range(rounds):
        for worker in workers:
            worker.work()
    best: dict[str, tuple[float, int]] = {}
    for worker in workers:
        worker.close()
        if worker.times:
            median = statistics.median(worker.times)
            if worker.label not in best or median < best[worker.label][0]:
                best[worker.label] = (median, worker.threads)
    return best


def seconds(value: float) -> str:
    """Write a time in the unit in which it is read best."""
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if value * factor >= 1 or unit == "µs":
            return f"{value * factor:.3g} {unit}"
    raise AssertionError


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default=",".join(WORKLOADS))
    parser.add_argument("--threads", default="1,2")
    options = parser.parse_args()
    peers = ("glassnet", "numpy", "scikit-learn", "torch")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
          + ", ".join(f"{name} {version(name)}" for name in peers))  # fmt: skip
    print("data: " + ("MNIST" if has_mnist() else "random bytes (set GLASSNET_DATA for MNIST)"))
    print(f"medians of {options.rounds} rounds, side by side; threads in brackets")
    for name in options.only.split(","):
        workload = WORKLOADS[name]
        found = measure(workload, options.rounds, [int(n) for n in options.threads.split(",")])
        own = next(iter(found.values()))[0]
        print(f"\n{name}  {workload.text}")
        for label, (median, threads) in found.items():
            print(
                f"  {label:30} {seconds(median):>9} [{threads}]   {median / own:6.2f} x", flush=True
            )


if __name__ == "__main__":
    main()
