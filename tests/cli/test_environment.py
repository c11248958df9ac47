"""Started with closed streams or with little memory, the program says so in one line and ends."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from glassnet.cli.environment import lacks_memory

from .conftest import Run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs a Unix shell, and /proc")

PREDICT = "predict iris.safetensors 5.1 3.5 1.4 0.2"


def shell(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of a shell, in which "$0 -m glassnet" is the program."""
    return subprocess.run(
        ["bash", "-c", command, sys.executable],
        cwd=folder, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("command", [PREDICT, "--version"])
def test_a_closed_output_is_one_line(models: Path, command: str) -> None:
    told = shell(models, f'"$0" -m glassnet {command} <&- >&-')
    line = "glassnet: Standard output is closed: there is nowhere to write to.\n"
    assert (told.returncode, told.stdout, told.stderr) == (2, "", line)


def test_where_all_streams_are_closed_the_status_says_it(models: Path) -> None:
    before = {path: path.read_bytes() for path in models.iterdir()}
    told = shell(models, f'"$0" -m glassnet {PREDICT} --out answers.txt <&- >&- 2>&-')
    assert (told.returncode, told.stdout, told.stderr) == (2, "", "")
    assert {path: path.read_bytes() for path in models.iterdir()} == before


def test_without_input_and_errors_it_works(models: Path) -> None:
    told = shell(models, f'"$0" -m glassnet {PREDICT} <&- 2>&-')
    assert told.returncode == 0
    assert "setosa" in told.stdout
    told = shell(models, '"$0" -m glassnet predict iris.safetensors - <&-')
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr == "glassnet: standard input holds no rows.\n"


def limited(folder: Path, megabytes: int, command: str) -> subprocess.CompletedProcess[str]:
    return shell(folder, f'ulimit -v {megabytes}000; exec "$0" -m glassnet {command}')


@pytest.mark.parametrize(
    ("megabytes", "command"),
    [
        (160, PREDICT),
        (200, "explain iris.safetensors"),
        (250, "export iris.safetensors --to html --out page.html"),
    ],
)
def test_too_little_memory_is_one_line_at_once(models: Path, megabytes: int, command: str) -> None:
    before = sorted(models.iterdir())
    told = limited(models, megabytes, command)
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.startswith("glassnet: There is too little memory for this. ")
    assert told.stderr.count("\n") == 1
    assert "and the limit (ulimit -v) leaves" in told.stderr
    assert sorted(models.iterdir()) == before


def test_a_small_model_needs_little(models: Path) -> None:
    assert "setosa" in limited(models, 300, PREDICT).stdout


def test_rows_that_do_not_fit_are_one_line(models: Path) -> None:
    (models / "rows.json").write_text("[" + ",".join(["[1,2,3,4]"] * 400_000) + "]")
    told = limited(models, 250, "predict iris.safetensors rows.json")
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.startswith("glassnet: There is too little memory for this.")
    assert told.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "error",
    [
        ImportError("libx.so: failed to map segment from shared object"),
        RuntimeError("can't start new thread"),
    ],
)
def test_a_lack_of_memory_by_another_name(
    fails: Callable[..., str], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def ask() -> None:
        try:
            raise error
        except Exception as cause:
            raise type(error)("Please read this for advice.\nAnd this.") from cause

    monkeypatch.setattr("glassnet.datasets.names", ask)
    assert fails("datasets", "list") == "glassnet: There is too little memory for this.\n"
    assert not lacks_memory(ImportError("No module named 'x'"))


def test_what_went_wrong_is_said_where_nothing_more_can_be_loaded(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(_: str) -> None:
        raise MemoryError

    told: list[bytes] = []
    monkeypatch.setattr("glassnet.cli.app.complain", no_room)
    monkeypatch.setattr("glassnet.cli.app.os.write", lambda _, line: told.append(line))
    assert run("evaluate", "lost\x1b[2J\né.safetensors").status == 2
    line = b"glassnet: Cannot read lost[2J \\xe9.safetensors: No such file or directory.\n"
    assert told == [line]
