"""The team of threads by itself, without Python around it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from native import build

from tests.waiting import PATIENCE

HERE = Path(__file__).parent


def test_each_task_is_done_once_and_nobody_waits_for_ever(tmp_path: Path) -> None:
    try:
        compiler = build.compiler()
    except build.NotBuiltError as error:
        pytest.skip(str(error))
    program = tmp_path / "stress"
    flags = ["-std=c++20", "-O2", "-pthread", f"-I{build.NATIVE}"]
    subprocess.run(
        [*compiler, *flags, str(HERE / "team_stress.cpp"), "-o", str(program)], check=True
    )
    done = subprocess.run(
        [program], capture_output=True, text=True, timeout=5 * PATIENCE, check=False
    )
    assert done.returncode == 0, done.stdout
