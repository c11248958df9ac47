import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

import glassnet as gn
from glassnet.cli import main


class Said(NamedTuple):
    status: int | str | None
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs the program in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def program(*args: str | Path) -> Said:
        monkeypatch.setattr(sys, "argv", ["glassnet", *map(str, args)])
        with pytest.raises(SystemExit) as ended:
            main()
        return Said(ended.value.code, *capsys.readouterr())

    return program


@pytest.fixture
def fails(run: Run) -> Callable[..., str]:
    """Runs the program, which must fail with one line and status 2; returns that line."""

    def program(*args: str | Path) -> str:
        status, out, err = run(*args)
        assert (status, out) == (2, "")
        assert err.startswith("glassnet: ")
        assert err.count("\n") == 1
        return err

    return program


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models."""
    folder = tmp_path_factory.mktemp("models")
    for name, epochs in (("iris", 60), ("diabetes", 5), ("digits", 5)):
        model = gn.train(name, epochs=epochs, batch_size=8, progress=False)
        model.save(folder / f"{name}.safetensors")
    return folder


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of small models, and of the runs that made them."""
    folder = tmp_path_factory.mktemp("recorded")
    for name in ("line", "moons"):
        model = gn.train(name, epochs=3, progress=False, record=folder / "runs" / name)
        model.save(folder / f"{name}.safetensors")
    return folder


@pytest.fixture
def runs(recorded: Path, tmp_path: Path) -> Path:
    """The folder in which the program runs, with recorded runs and their models in it."""
    shutil.copytree(recorded, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture
def models(trained: Path, tmp_path: Path) -> Path:
    """The folder in which the program runs, with models in it."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    return tmp_path
