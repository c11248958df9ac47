"""One contender at one workload, in a process of its own: does the work whenever it is told to.

Reads lines from standard input; for each it does the work once and prints the seconds. A workload
that takes less than a fifth of a second is repeated, and the mean is printed; so is, of work of
which a contender does a part only, what the whole would take.
"""

from __future__ import annotations

import importlib
import sys
import time
import warnings

from benchmarks.data import rows_and_targets
from benchmarks.workloads import WORKLOADS


def main() -> None:
    contender = importlib.import_module(f"benchmarks.contenders.{sys.argv[1]}")
    w = WORKLOADS[sys.argv[2]]
    x, t = rows_and_targets(w.rows)
    warnings.simplefilter("ignore")
    make = getattr(contender, w.kind, None)
    work = make and make(w, x, t)
    print(contender.LABEL, flush=True)
    if work is None:
        return
    part = getattr(contender, "PART", 1)
    for _ in sys.stdin:
        began, times = time.perf_counter(), 0
        while not times or (w.kind != "epoch" and time.perf_counter() - began < 0.2):
            work()
            times += 1
        print((time.perf_counter() - began) / times / part, flush=True)


if __name__ == "__main__":
    main()
