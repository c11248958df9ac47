"""JSONLog: lines that parse, whatever happens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import glassnet as gn
from tests.training.callbacks.figures import scripted
from tests.training.setups import Moments, classifier, line, quiet, rows


def read(path: Path) -> list[dict[str, Any]]:
    def refuse(name: str) -> None:
        pytest.fail(f"{name} is not JSON")

    lines = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line, parse_constant=refuse) for line in lines]


def test_a_line_for_each_event(tmp_path: Path) -> None:
    path = tmp_path / "made" / "log.jsonl"
    log = gn.JSONLog(path, steps=True)
    history = quiet(classifier(), rows(), epochs=2, batch_size=7, callbacks=[log])
    lines = read(path)
    steps = [line for line in lines if line["event"] == "step"]
    assert [line["event"] for line in lines if line["event"] != "step"] == [
        "start", "epoch", "epoch", "end"
    ]  # fmt: skip
    assert [line["step"] for line in steps] == [1, 2, 3, 4, 5, 6]
    assert {line["learning_rate"] for line in steps} == {0.001}
    assert sum(line["loss"] for line in steps[:3]) / 3 == pytest.approx(history["loss"][0])
    assert lines[0]["optimizer"]["class"] == "Adam"
    assert (lines[0]["batch_size"], lines[0]["epochs"], lines[0]["seed"]) == (7, 2, 0)
    assert lines[-1] == {"event": "end", "ended": "finished"}
    (last,) = (line for line in lines if line.get("epoch") == 2)
    assert last == {"event": "epoch", **history.last}


def test_what_is_no_number_is_null(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    scripted([float("nan"), float("inf")], gn.JSONLog(path))
    assert [line["validation_score"] for line in read(path)[1:3]] == [None, None]


def test_it_ends_when_training_fails(tmp_path: Path) -> None:
    def fail(fit: Any) -> None:  # noqa: ARG001
        raise RuntimeError("mine")

    path = tmp_path / "log.jsonl"
    failing = Moments("epoch", fail)
    with pytest.raises(RuntimeError):
        quiet(classifier(), rows(), epochs=2, callbacks=[gn.JSONLog(path), failing])
    assert [line["event"] for line in read(path)] == ["start", "epoch", "end"]
    assert read(path)[-1]["ended"] == "error"


def test_it_says_that_training_diverged(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    trainer = gn.Trainer(line("float32"), gn.MeanSquaredError())
    with pytest.raises(gn.DivergenceError):
        quiet(trainer, ([[1e30, 1e30]], [[0.0]]), callbacks=[gn.JSONLog(path)])
    assert read(path)[-1] == {"event": "end", "ended": "diverged"}


def test_a_training_that_goes_on_appends_and_one_anew_does_not(tmp_path: Path) -> None:
    log = gn.JSONLog(tmp_path / "log.jsonl")
    trainer = classifier()
    for _ in range(2):
        quiet(trainer, rows(), epochs=2, callbacks=[log])
    assert [line["epoch"] for line in read(log.path) if line["event"] == "epoch"] == [1, 2, 3, 4]
    quiet(classifier(), rows(), epochs=1, callbacks=[log])
    assert [line["event"] for line in read(log.path)] == ["start", "epoch", "end"]


def test_a_path_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(gn.FileError, match=r"Cannot write .*log\.jsonl"):
        quiet(classifier(), rows(), callbacks=[gn.JSONLog(tmp_path / "file" / "log.jsonl")])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_disk_that_is_full() -> None:
    with pytest.raises(gn.FileError, match="Cannot write /dev/full: No space left on device"):
        quiet(classifier(), rows(), callbacks=[gn.JSONLog("/dev/full")])


@pytest.mark.parametrize("torn", ["half a line", "no line of the last epoch", "a line too many"])
def test_a_training_that_goes_on_mends_it(tmp_path: Path, torn: str) -> None:
    path, keep = tmp_path / "log.jsonl", gn.Checkpoint(tmp_path / "kept", monitor="loss")
    first = classifier()
    quiet(first, rows(), epochs=2, batch_size=7, callbacks=[gn.JSONLog(path, steps=True), keep])
    lines = path.read_text().splitlines(keepends=True)
    if torn == "half a line":
        path.write_text("".join(lines[:-1]) + '{"event": "epo')
    elif torn == "no line of the last epoch":
        path.write_text("".join(line for line in lines if '"epoch": 2' not in line))
    else:
        later = (
            '{"event": "step", "step": 7, "loss": 1}\n{"event": "epoch", "epoch": 3, "loss": 1}\n'
        )
        path.write_text("".join(lines) + later)
    again = classifier()
    again.resume(keep.last)
    quiet(again, rows(), epochs=1, batch_size=7, callbacks=[gn.JSONLog(path, steps=True)])
    told = read(path)
    assert [line["epoch"] for line in told if line["event"] == "epoch"] == [1, 2, 3]
    assert [line["step"] for line in told if line["event"] == "step"] == list(range(1, 10))
    assert told[-1] == {"event": "end", "ended": "finished"}
    losses = [line["loss"] for line in told if line["event"] == "epoch"]
    assert losses == again.history["loss"]


def test_one_that_is_damaged_elsewhere_is_refused_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    trainer = classifier()
    quiet(trainer, rows(), epochs=1, callbacks=[gn.JSONLog(path)])
    path.write_text(f"nonsense\n{path.read_text()}")
    before = path.read_text()
    with pytest.raises(gn.FileError, match=r"line 1 is damaged: it is not JSON .* move it away"):
        quiet(trainer, rows(), epochs=1, callbacks=[gn.JSONLog(path)])
    assert path.read_text().startswith(before)
