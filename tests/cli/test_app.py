import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import glassnet as gn
from glassnet.showing import Shown
from tests.waiting import PATIENCE

from .conftest import Run

HEAVY = (
    "numpy", "sklearn", "scipy", "matplotlib", "safetensors", "rich", "glassnet.nn",
    "glassnet.data", "glassnet.training",
)  # fmt: skip
COMMANDS = (
    "demo", "train", "evaluate", "predict", "explain", "check", "doctor", "inspect", "plot",
    "runs", "recipe", "datasets",
)  # fmt: skip


@pytest.mark.parametrize("args", [["--help"], ["--version"], ["train", "--help"]])
def test_help_imports_nothing_heavy(args: list[str]) -> None:
    code = (
        "import sys, atexit\n"
        f"atexit.register(lambda: print([m for m in {HEAVY} if m in sys.modules]))\n"
        f"sys.argv = ['glassnet', *{args}]\n"
        "from glassnet.cli import main\n"
        "main()"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "[]"


def test_help_names_every_command(run: Run) -> None:
    said = run("--help")
    assert said.status == 0
    for command in COMMANDS:
        assert f"  {command} " in said.out


@pytest.mark.parametrize("command", [*COMMANDS, "datasets show"])
def test_every_command_explains_itself_with_examples(run: Run, command: str) -> None:
    said = run(*command.split(), "--help")
    assert said.status == 0
    assert f"\n    glassnet {command}" in said.out


def test_version(run: Run) -> None:
    assert run("--version").out == f"glassnet {gn.__version__}\n"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--foo"], "No such option: --foo. See: glassnet --help"),
        (["foo"], "No such command 'foo'. See: glassnet --help"),
        (["train"], "Missing argument 'DATA'. See: glassnet train --help"),
        (["train", "iris", "--epoch", "3"], "No such option: --epoch"),
        (["train", "iris", "--epochs", "x"], "Invalid value for '--epochs'"),
        (["evaluate", "a", "--part", "x"], "See: glassnet evaluate --help"),
        (["datasets", "foo"], "See: glassnet datasets --help"),
    ],
)
def test_arguments_that_cannot_be_read_are_one_line(
    fails: Callable[..., str], args: list[str], message: str
) -> None:
    assert message in fails(*args)


@pytest.mark.parametrize("args", [[], ["datasets"], ["runs"]])
def test_nothing_asked_for_shows_the_help(run: Run, args: list[str]) -> None:
    said = run(*args)
    assert said.status == 2
    assert "Usage: glassnet" in said.out + said.err
    assert "\n    glassnet " in said.out + said.err


def test_too_little_memory_is_one_line(
    fails: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(_: str) -> None:
        raise MemoryError("Unable to allocate 7 TiB")

    monkeypatch.setattr(gn.datasets, "load", ask)
    assert "too little memory for this. Unable to allocate 7 TiB" in fails("train", "iris")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no full device")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_one_line(unbuffered: str) -> None:
    with Path("/dev/full").open("w") as full:
        child = subprocess.run(
            [sys.executable, "-m", "glassnet", "datasets", "list"],
            env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert child.returncode == 2
    assert child.stderr.startswith("glassnet: Cannot read or write: ")
    assert child.stderr.count("\n") == 1


def test_no_name_commands_the_terminal(fails: Callable[..., str]) -> None:
    assert "\\x1b[2J" in fails("inspect", "\x1b[2J.safetensors")


def test_an_interrupt_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(gn.datasets, "names", interrupt)
    assert run("datasets", "list") == (130, "", "glassnet: Interrupted.\n")


def test_what_is_no_error_of_ours_keeps_its_traceback(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gn.datasets, "names", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run("datasets", "list")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_goes_away_is_no_error(unbuffered: str) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "glassnet", "datasets", "list"],
        env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdout is not None
    child.stdout.close()
    child.stdout = None
    assert child.communicate(timeout=PATIENCE)[1] == b""


def test_called_again_and_again_it_wraps_its_error_stream_once(run: Run) -> None:
    for _ in range(3):
        run("--version")
    assert isinstance(sys.stderr, Shown)
    assert not isinstance(sys.stderr.stream, Shown)
