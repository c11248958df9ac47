import os
import subprocess
import sys

import pytest

import glassnet as gn

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


def test_a_wrong_option_is_told_on_the_error_stream(run: Run) -> None:
    said = run("train", "iris", "--epoch", "3")
    assert (said.status, said.out) == (2, "")
    assert "No such option: --epoch" in said.err


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
    assert child.communicate(timeout=30)[1] == b""
