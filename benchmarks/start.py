"""What it takes to begin: importing Glassnet and making W3's first step, in fresh processes.

python -m benchmarks start [--rounds 9]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from collections.abc import Sequence

from benchmarks.contenders import CONTENDERS
from benchmarks.data import at_hand
from benchmarks.machine import heading, seconds
from benchmarks.side_by_side import environment

STARTERS = ("glassnet_numpy", "glassnet_native")


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks start",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args(arguments).rounds
    print(heading(at_hand()))
    print(f"import glassnet and W3's first step, in a fresh process; medians of {rounds}\n")
    contenders = [one for one in CONTENDERS if one.module in STARTERS]
    times: dict[str, list[float]] = {one.label: [] for one in contenders if not one.absence()}
    for _ in range(rounds + 1):
        for one in contenders:
            if not one.absence():
                times[one.label].append(_first_step(one.module.removeprefix("glassnet_")))
    medians = {label: statistics.median(taken[1:]) for label, taken in times.items()}
    for label, median in medians.items():
        print(f"  {label:30} {seconds(median):>9}")
    for one in contenders:
        if absence := one.absence():
            print(f"  {one.label:30} left out: {absence}")
    if len(medians) == 2:
        difference = max(medians.values()) - min(medians.values())
        print(f"  {'difference':30} {seconds(difference):>9}")


def _first_step(engine: str) -> float:
    command = [sys.executable, "-m", "benchmarks.first_step", engine]
    return float(subprocess.check_output(command, text=True, env=environment(2)))
