"""From the start of a process to 98.0 % of MNIST's test images, as often as there are seeds."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

from benchmarks.contenders import Contender
from benchmarks.data import has_mnist
from benchmarks.side_by_side import claiming, environment
from benchmarks.workloads import Workload


@dataclass(frozen=True)
class Reached:
    """One seed's way to the goal; `epochs` is None where it was not reached, or failed."""

    seconds: float
    epochs: int | None


def show(w: Workload, *, rounds: int, threads: int) -> None:
    """Print, for each contender, the medians over the seeds 0, 1, …"""
    if not has_mnist():
        print("  left out: it needs MNIST, in the folder that GLASSNET_DATA names")
        return
    contenders = claiming(w.name)
    present = [contender for contender in contenders if not contender.absence()]
    ways: dict[str, list[Reached]] = {contender.label: [] for contender in present}
    for seed in range(rounds):
        for contender in present:
            ways[contender.label].append(_reach(contender, w, seed, threads))
    own = None
    for label, all_ways in ways.items():
        reached = [way for way in all_ways if way.epochs is not None]
        if 2 * len(reached) <= len(all_ways):
            print(f"  {label:30} got there with {len(reached)} of {rounds} seeds")
            continue
        # What did not get there took longer than what did.
        seconds = statistics.median(way.seconds if way.epochs else 1e9 for way in all_ways)
        epochs = statistics.median(way.epochs or 1e9 for way in all_ways)
        own = own or seconds
        times = sorted(way.seconds for way in reached)
        print(
            f"  {label:30} {seconds:7.1f} s [{threads}] {seconds / own:8.2f} x   {epochs:g} epochs;"
            f" {times[0]:.1f} to {times[-1]:.1f} s, {len(reached)} of {rounds} seeds",
            flush=True,
        )
    for contender in contenders:
        if absence := contender.absence():
            print(f"  {contender.label:30} left out: {absence}")


def _reach(contender: Contender, w: Workload, seed: int, threads: int) -> Reached:
    arguments = [contender.module, w.to_json(), str(seed)]
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.reach", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(threads),
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    took = time.perf_counter() - began
    process.communicate()
    return Reached(took, json.loads(line or "null"))
