"""No model file and no checkpoint harms anybody: a few mutants here, a million in `make fuzz`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

MODELS = int(os.environ.get("GLASSNET_FUZZ", "1500"))
CHECKPOINTS = max(MODELS // 10, 1)
ROOT = Path(__file__).parents[2]
MOST_GROWN = 200 << 20


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's account of a process")
def test_whatever_a_file_holds_reading_it_harms_nobody() -> None:
    """An audit hook cannot be taken off again, so that the mutants have a process of their own."""
    settings = {"GLASSNET_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    child = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--models", str(MODELS),
         "--checkpoints", str(CHECKPOINTS)],
        cwd=ROOT, env=os.environ | settings, stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    print(child.stdout)
    report = json.loads(child.stdout)
    assert report["strange"] == []
    assert child.returncode == 0
    assert report["grown"] < MOST_GROWN
    assert sum(sum(came.values()) for came in report["came"].values()) == MODELS + CHECKPOINTS
    for kind in ("document", "arrays", "text", "both"):
        assert report["came"][kind]["usable"]  # or nothing but the seal would have been tried
    assert report["came"]["header"]["same"]
