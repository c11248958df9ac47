"""The workloads, one after the other: Glassnet and its peers side by side.

python -m benchmarks [--rounds 5] [--only W1,W2] [--threads 1,2] [--data mnist|dense]

In brackets: the number of threads that served a contender best. "the limit" is the arithmetic of
the matrix products alone, zeros counted, at the peak of as many cores.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from benchmarks import goal
from benchmarks.data import at_hand
from benchmarks.machine import heading, seconds
from benchmarks.peak import LIMITED, Peak, peak
from benchmarks.side_by_side import Worker, claiming, take_turns
from benchmarks.workloads import WORKLOADS, Workload


def main(arguments: Sequence[str]) -> None:
    options = _options(arguments)
    threads = [int(count) for count in options.threads.split(",")]
    workloads = [WORKLOADS[name] for name in options.only.split(",")]
    print(heading(options.data))
    print(f"medians of {options.rounds} rounds, side by side; threads in brackets", flush=True)
    peaks: dict[int, Peak] = {}
    if any(w.name in LIMITED for w in workloads):
        peaks = {count: peak(count) for count in threads}
        rates = (f"{p.gflops:.0f} GFLOP/s [{n}] ({p.how})" for n, p in peaks.items())
        print(f"peak: {', '.join(rates)}", flush=True)
    for w in workloads:
        print(f"\n{w.name}  {w.text}", flush=True)
        if w.kind == "goal":
            goal.show(w, rounds=options.rounds, threads=max(threads))
        else:
            _show(w, options.rounds, threads, options.data, peaks)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default=",".join(WORKLOADS))
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--data", choices=("mnist", "dense"), default=at_hand())
    return parser.parse_args(arguments)


def _show(
    w: Workload, rounds: int, threads: Sequence[int], data: str, peaks: dict[int, Peak]
) -> None:
    found, left_out = take_turns(claiming(w.name), w, rounds=rounds, threads=threads, data=data)
    for worker in found:
        ratio = worker.seconds / found[0].seconds
        print(
            f"  {worker.contender.label:30} {seconds(worker.seconds):>9} [{worker.threads}]"
            f" {ratio:8.2f} x   {_remark(worker, w, peaks)}".rstrip()
        )
    for label, why in left_out.items():
        print(f"  {label:30} left out: {why}", flush=True)


def _remark(worker: Worker, w: Workload, peaks: dict[int, Peak]) -> str:
    ours = worker.contender.label.startswith("Glassnet")
    if ours and w.name in LIMITED:
        limit = w.flops / peaks[worker.threads].gflops / 1e9
        return f"{worker.seconds / limit:.2g} x the limit, {seconds(limit)}"
    return worker.note
