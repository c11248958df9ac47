"""One contender at one workload, in a process of its own: does the work whenever it is told to.

    python -m benchmarks.worker MODULE WORKLOAD DATA

Prints a line of JSON when it is ready, or why it cannot do this work. Then, for each line of
standard input, a number of seconds, it does the work again and again until so much time has passed
(once at least) and prints the mean; of work of which a contender does a part only, it prints what
the whole would take.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType

from benchmarks.arrays import Array
from benchmarks.data import examples
from benchmarks.workloads import Workload
from glassnet.errors import GlassnetError

MOST = 60_000
AIM = 0.1  # seconds that learning takes, where the number of rows is open


def main() -> None:
    module = importlib.import_module(f"benchmarks.contenders.{sys.argv[1]}")
    w = Workload.from_json(sys.argv[2])
    x, t = examples(w if w.rows else replace(w, rows=MOST), sys.argv[3])
    warnings.simplefilter("ignore")
    try:
        w = w if w.rows else enough_rows(module, w, x, t)
        work, note = prepare(module, w, x[: w.rows], t[: w.rows])
    except GlassnetError as error:
        print(json.dumps({"cannot": str(error)}), flush=True)
        return
    print(json.dumps({"note": note, "rows": w.rows}), flush=True)
    part = getattr(module, "PART", 1)
    for line in sys.stdin:
        print(mean_seconds(work, float(line)) / part, flush=True)


def prepare(
    module: ModuleType, w: Workload, x: Array, t: Array
) -> tuple[Callable[[], object], str]:
    """Return what is to be timed, and a note on what came before it."""
    if w.kind == "learn":
        learner = module.learner(w, x, t)
        return learner.learn, learner.note
    return getattr(module, w.kind)(w, x, t), ""


def mean_seconds(work: Callable[[], object], least: float) -> float:
    """Return what the work takes, the mean of as many times as fill `least` seconds."""
    began, times = time.perf_counter(), 0
    while not times or time.perf_counter() - began < least:
        work()
        times += 1
    return (time.perf_counter() - began) / times


def enough_rows(module: ModuleType, w: Workload, x: Array, t: Array) -> Workload:
    """Find out how many rows, in whole batches, are learnt from in AIM seconds, or take MOST."""
    w = replace(w, rows=2 * w.batch)
    while True:
        work, _ = prepare(module, w, x[: w.rows], t[: w.rows])
        work()
        seconds = mean_seconds(work, 0)
        if seconds > AIM / 2 or w.rows == MOST:
            return w
        batches = max(2, round(w.rows * AIM / seconds) // w.batch)
        w = replace(w, rows=min(MOST, batches * w.batch))


if __name__ == "__main__":
    main()
