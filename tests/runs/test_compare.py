"""Comparison: figures side by side, and what was set differently."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import glassnet as gn
from tests.training.setups import classifier, quiet, restless, rows


def record(folder: Path, rate: float, **plan: Any) -> gn.runs.Run:
    trainer = classifier(restless(), optimizer=gn.Adam(rate), metrics="accuracy")
    quiet(trainer, rows(), callbacks=[gn.Recorder(folder)], **plan)
    return gn.runs.open(folder)


def test_only_settings_that_differ_are_shown(tmp_path: Path) -> None:
    slow = record(tmp_path / "slow", 0.001, epochs=2)
    fast = record(tmp_path / "fast", 0.1, epochs=3)
    compared = gn.runs.compare([slow, tmp_path / "fast"])
    assert compared.settings == {"optimizer.learning_rate": [0.001, 0.1], "epochs": [2, 3]}
    head, first, second = str(compared).splitlines()
    assert head.split()[:5] == ["run", "epochs", "steps", "loss", "accuracy"]
    assert first.split()[:3] == ["slow", "2", "2"]
    assert second.split()[-2:] == ["0.1", "3"]
    assert f"{fast.epochs.last['loss']:.4g}" in second


def test_epochs_made_and_planned_have_names_of_their_own(tmp_path: Path) -> None:
    runs = [record(tmp_path / str(epochs), 0.1, epochs=epochs) for epochs in (1, 2)]
    columns, _ = gn.runs.compare(runs).table()
    assert (columns[1], columns[-1]) == ("epochs", "epochs planned")


def test_a_table_that_is_too_wide_has_a_column_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [record(tmp_path / name, rate, epochs=2) for name, rate in (("a", 0.1), ("b", 0.2))]
    compared = gn.runs.compare(runs)
    assert compared.fitting(1000) == compared.table()
    monkeypatch.setenv("COLUMNS", "40")
    head, epochs, *_ = str(compared).splitlines()
    assert (head.split(), epochs.split()) == (["run", "a", "b"], ["epochs", "2", "2"])


def test_runs_of_one_name_are_told_apart(tmp_path: Path) -> None:
    runs = [record(tmp_path / place / "run", 0.1, epochs=1) for place in "ab"]
    _, rows_ = gn.runs.compare(runs).table()
    assert [row[0] for row in rows_] == [str(run.path) for run in runs]
    assert gn.runs.compare(runs).settings == {}


def test_its_picture_has_a_colour_a_run(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    runs = [record(tmp_path / name, 0.1, epochs=2) for name in "ab"]
    loss, accuracy = gn.runs.compare(runs).picture().figure().axes
    assert [line.get_label() for line in loss.lines] == ["a", "b"]
    assert len({line.get_color() for line in accuracy.lines}) == 2


def test_one_run_is_no_comparison(tmp_path: Path) -> None:
    run = record(tmp_path, 0.1, epochs=1)
    with pytest.raises(gn.SettingError, match="two runs or more, got 1"):
        gn.runs.compare([run])
