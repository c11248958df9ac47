"""A training that is killed at any moment, and goes on, ends as one that was left alone.

``make kills`` does so 200 times each way, 100 times an engine; here it is a few times, so that the
suite is quick.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engines.both import needs_native

KILLS = int(os.environ.get("GLASSNET_KILLS", "1"))

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that fork")


@pytest.mark.parametrize("engine", ["numpy", pytest.param("native", marks=needs_native)])
@pytest.mark.parametrize("way", ["api", "cli"])
def test_it_ends_as_if_it_had_not_been_killed(tmp_path: Path, way: str, engine: str) -> None:
    command = [sys.executable, "-m", "tests.training.lives", str(tmp_path / way), way, engine]
    command += [str(KILLS), "0"]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    print(f"{way}, {engine}: {told['same']} of {told['killed']} ended the same")
    assert told == {"killed": KILLS, "same": KILLS, "differ": []}
