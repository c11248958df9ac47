"""One contender's way to the goal, in a process of its own: imports, reading, learning, judging.

    python -m benchmarks.reach MODULE WORKLOAD SEED

Prints after how many epochs 98.0 % of the test images were right, or null if they never were.
"""

from __future__ import annotations

import importlib
import json
import sys
import warnings

from benchmarks import idx
from benchmarks.arrays import floats
from benchmarks.workloads import Workload

GOAL = 0.98
MOST_EPOCHS = 30


def main() -> None:
    module = importlib.import_module(f"benchmarks.contenders.{sys.argv[1]}")
    w, seed = Workload.from_json(sys.argv[2]), int(sys.argv[3])
    warnings.simplefilter("ignore")
    x, t, images, classes = getattr(module, "read", idx.read)()
    rows = floats(images)
    learner = module.learner(w, x, t, seed)
    reached = None
    for epoch in range(1, MOST_EPOCHS + 1):
        learner.learn()
        if (learner.answers(rows).argmax(axis=1) == classes).mean() >= GOAL:
            reached = epoch
            break
    print(json.dumps(reached), flush=True)


if __name__ == "__main__":
    main()
