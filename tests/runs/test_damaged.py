"""Runs that were damaged, anyhow: reading them gives what they hold, or the error that says it."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

import glassnet as gn
from glassnet.cli import main
from tests.training.setups import classifier, quiet, restless, rows

MUTANTS = int(os.environ.get("GLASSNET_MUTANTS", "30"))

ODD: list[Any] = [
    None, True, -1, 0, 3, 2.5, 1e300, -1e-300, 2**70, 10**400, float("nan"), float("inf"), "", "x",
    "\ud800", [], [1], ["x"], [[]], {}, {"x": 1}, {"class": "Adam"}, {"event": []},
]  # fmt: skip


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two epochs of six steps, and one beside it to compare it with."""
    folder = tmp_path_factory.mktemp("runs")
    for name in ("sectors", "other"):
        recorder = gn.Recorder(
            folder / name,
            probe=rows(),
            data="sectors",
            inputs=gn.Features(("x", "y"), ("cm", "")),
            outputs=gn.Classes(("a", "b", "c")),
        )
        quiet(classifier(), rows(), epochs=2, batch_size=4, callbacks=[recorder])
    return folder


def places(part: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the way to every value in a JSON document."""
    inner = part.items() if isinstance(part, dict) else enumerate(part)
    ways = [path] if path else []
    if isinstance(part, dict | list):
        for key, value in inner:
            ways += (
                places(value, (*path, key)) if isinstance(value, dict | list) else [(*path, key)]
            )
    return ways


def changed(text: str, chance: random.Random) -> str:
    """Change one value of a JSON document, take it away, or add one."""
    document = json.loads(text)
    *way, last = chance.choice(places(document))
    inner = document
    for key in way:
        inner = inner[key]
    how = chance.random()
    if how < 0.2:
        del inner[last]
    elif how < 0.3 and isinstance(inner, dict):
        inner[chance.choice(["step", "epoch", "event", "x"])] = chance.choice(ODD)
    else:
        inner[last] = chance.choice(ODD)
    return json.dumps(document)


def damage(folder: Path, chance: random.Random) -> str:
    """Do something to one file of a run, as disks, copies and people do; return what."""
    path = chance.choice([path for path in sorted(folder.rglob("*")) if path.is_file()])
    if path.suffix in (".json", ".jsonl") or chance.random() < 0.7:
        path = chance.choice([folder / "run.json", folder / "log.jsonl", folder / "layers.jsonl"])
    data = path.read_bytes()
    how = chance.choice(["json", "json", "json", "json", "cut", "flip", "lines", "gone", "folder"])
    if how == "json" and path.suffix == ".json":
        path.write_text(changed(data.decode(), chance))
    elif how == "json" and path.suffix == ".jsonl":
        lines = data.decode().splitlines()
        place = chance.randrange(len(lines))
        lines[place] = changed(lines[place], chance)
        path.write_text("".join(f"{line}\n" for line in lines))
    elif how == "lines":
        lines_ = data.splitlines(keepends=True)
        chance.shuffle(lines_)
        path.write_bytes(b"".join(lines_[: chance.randrange(len(lines_) + 1)]))
    elif how == "gone":
        path.unlink()
    elif how == "folder":
        path.unlink()
        path.mkdir()
    elif how == "flip":
        place = chance.randrange(len(data))
        path.write_bytes(
            data[:place] + chance.randbytes(chance.randrange(1, 4)) + data[place + 1 :]
        )
    else:
        path.write_bytes(data[: chance.randrange(len(data))])
    return f"{how} of {path.name}"


def use(folder: Path, other: Path, program: Any) -> None:
    """Read all that a run can be asked, each on its own."""
    with contextlib.suppress(gn.GlassnetError):
        run = gn.runs.open(folder)
        repr(run)
        queries: list[Any] = [
            lambda: gn.plots.distributions(run.layers).figure(),
            lambda: list(run.scrub()),
            lambda: run.at(8),
            lambda: str(gn.runs.compare([run, other])),
            lambda: gn.runs.compare([other, run]).settings,
            lambda: run.resume(classifier(restless(seed=5))),
            lambda: go_on(run),
        ]
        for ask in queries:
            with contextlib.suppress(gn.GlassnetError):
                ask()
    for command in (["show", folder], ["compare", folder, other], ["list", folder.parent]):
        status, output = program("runs", *command)
        assert status == 0 or (status == 2 and output.count("\n") == 1), output


def go_on(run: gn.runs.Run) -> None:
    trainer = classifier(restless(seed=5))
    run.resume(trainer, 6)
    recorder = gn.Recorder(run.path, probe=rows())
    quiet(trainer, rows(), epochs=1, batch_size=4, callbacks=[recorder])


@pytest.fixture
def program(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command line; returns its status and what it said."""

    def run(*args: Any) -> tuple[Any, str]:
        monkeypatch.setattr(sys, "argv", ["glassnet", *map(str, args)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, capsys.readouterr().err

    return run


@pytest.mark.filterwarnings("ignore")  # numbers that can hardly be drawn
def test_whatever_is_damaged_is_said_or_harmless(kept: Path, tmp_path: Path, program: Any) -> None:
    for seed in range(MUTANTS):
        folder = tmp_path / "runs" / "sectors"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(kept / "sectors", folder)
        what = damage(folder, random.Random(seed))
        try:
            use(folder, kept / "other", program)
        except Exception as error:
            raise AssertionError(f"mutant {seed}: {what}") from error
