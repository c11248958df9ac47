"""What a parameter costs in one row's training, as networks and batches grow.

python -m benchmarks growth [--widths 10,30] [--batches 1,10] [--data mnist|dense] [--rounds 5]

784-H-10, ReLU, softmax cross-entropy, SGD: nanoseconds per parameter and row, medians of turns of a
tenth of a second. Each contender learns from as many rows as it can in that time, 60,000 at most.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from benchmarks.contenders import CONTENDERS
from benchmarks.data import at_hand
from benchmarks.machine import heading
from benchmarks.side_by_side import Worker, take_turns
from benchmarks.workloads import Workload

RUNNERS = ("glassnet_native", "glassnet_numpy", "jax_scan", "pytorch")


def main(arguments: Sequence[str]) -> None:
    options = _options(arguments)
    threads = [int(count) for count in options.threads.split(",")]
    print(heading(options.data))
    print("784-H-10, ReLU, softmax cross-entropy, SGD; ns per parameter and row [threads];")
    print(f"medians of {options.rounds} rounds, side by side", flush=True)
    contenders = [one for one in CONTENDERS if one.module in RUNNERS]
    for one in contenders:
        if absence := one.absence():
            print(f"{one.label}: left out: {absence}", flush=True)
    contenders = [one for one in contenders if not one.absence()]
    labels = [one.label for one in contenders]
    for batch in map(int, options.batches.split(",")):
        print(f"\nBatch {batch}\n")
        print(f"| H | parameters | {' | '.join(labels)} | Glassnet / best peer |")
        print("| ---: " * (3 + len(labels)) + "|", flush=True)
        for width in map(int, options.widths.split(",")):
            w = workload(width, batch)
            found, _ = take_turns(
                contenders, w, rounds=options.rounds, threads=threads, data=options.data, least=0.05
            )
            print(_line(w, labels, {one.contender.label: one for one in found}), flush=True)


def workload(width: int, batch: int) -> Workload:
    """Return the training of 784-H-10 on as many rows as time allows."""
    return Workload(f"H{width}", "", (784, width, 10), 0, batch, "relu", rate=0.01)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks growth",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--widths", default="10,30,100,300,1000,3000")
    parser.add_argument("--batches", default="1,10,100,1000")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--data", choices=("mnist", "dense"), default=at_hand())
    return parser.parse_args(arguments)


def _line(w: Workload, labels: Sequence[str], found: dict[str, Worker]) -> str:
    """Return a width's row of the table; the last cell is Glassnet's best by the peers' best."""
    costs = {label: one.seconds / one.rows / w.parameters * 1e9 for label, one in found.items()}
    cells = [
        f"{costs[label]:.3g} [{found[label].threads}]" if label in costs else "–"
        for label in labels
    ]
    ours = [cost for label, cost in costs.items() if label.startswith("Glassnet")]
    peers = [cost for label, cost in costs.items() if not label.startswith("Glassnet")]
    ratio = f"{min(ours) / min(peers):.2f}" if ours and peers else "–"
    return f"| {w.sizes[1]} | {w.parameters:,} | {' | '.join(cells)} | {ratio} |"
