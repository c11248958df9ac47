"""The service does what its OpenAPI says: Schemathesis looks for where it does not.

One kind of model and few examples here; all kinds, its search of every boundary, and
GLASSNET_EXAMPLES, by `make soak`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("schemathesis")

from tests.serve.running import Running

EXAMPLES = os.environ.get("GLASSNET_EXAMPLES")
TOKEN = "a-token-for-a-test"
HOOKS = "tests.serve.schema_hooks"
PHASES = "examples,coverage,fuzzing,stateful" if EXAMPLES else "examples,fuzzing,stateful"
ROOT = Path(__file__).parents[2]


def kinds() -> list[Any]:
    """Pictures with classes, a table with classes, a table with values: each open and not."""
    all_of_them = [
        (name, token) for name in ("digits", "iris", "diabetes") for token in (TOKEN, "")
    ]
    return [
        pytest.param(name, token, id=f"{name}-{'token' if token else 'open'}")
        for name, token in (all_of_them if EXAMPLES else all_of_them[:1])
    ]


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("name", "token"), kinds())
def test_what_is_promised_is_kept(trained: Path, name: str, token: str, tmp_path: Path) -> None:
    options = ["--rate", "0", "--json-logs", "--learn", str(tmp_path / "kept")]
    headers = []
    if token:
        options += ["--token", token]
        headers = ["-H", f"Authorization: Bearer {token}"]
    with Running(trained / f"{name}.safetensors", *options, folder=tmp_path) as served:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli"),
                *("run", f"http://127.0.0.1:{served.port}/openapi.json", *headers),
                *("--checks", "all", "--max-examples", EXAMPLES or "5", "--no-color"),
                *("--phases", PHASES),
                *("--generation-database", "none", "--seed", "1", "--continue-on-failure"),
                *("--request-timeout", "60", "--suppress-health-check", "all"),
            ],
            cwd=tmp_path,
            env={**os.environ, "SCHEMATHESIS_HOOKS": HOOKS, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        print(done.stdout[-6000:], done.stderr[-2000:])
        assert done.returncode == 0
        assert "Traceback" not in served.log()
        assert '"failed"' not in served.log()
