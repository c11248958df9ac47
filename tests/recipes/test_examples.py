"""Each recipe has its script in examples/, short enough to be read in one sitting, which runs."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from glassnet.data.download import VARIABLE
from glassnet.recipes import RECIPES

EXAMPLES = Path(__file__).parents[2] / "examples"
SAYS = {
    "house-price": "Drew house_price.png",
    "numerical-mnist": "by_nudging           differs from backpropagation by at most",
    "line": "x = 1.5: predicted 8",
    "eleven-lines": "error 0.00858453",
    "gonetwork": "Epoch 29 : ",
}


@pytest.mark.parametrize("name", RECIPES)
def test_runs_by_itself_on_embedded_data(name: str, tmp_path: Path) -> None:
    if name == "house-price":
        pytest.importorskip("matplotlib")
    script = EXAMPLES / f"{name.replace('-', '_')}.py"
    environment = {key: value for key, value in os.environ.items() if key != VARIABLE}
    with contextlib.chdir(tmp_path):
        done = subprocess.run(
            [sys.executable, "-W", "error", str(script)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert SAYS[name] in done.stdout


@pytest.mark.parametrize("script", sorted(EXAMPLES.glob("*.py")), ids=lambda script: script.name)
def test_is_read_in_one_sitting(script: Path) -> None:
    assert len(script.read_text().splitlines()) <= 80
