"""Recorder: everything is kept, nothing is changed, and training goes on from any moment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.files import read_sealed
from glassnet.training.json_lines import read_lines
from glassnet.training.recording import kept_moments
from tests.training.setups import Moments, bits, classifier, quiet, restless, rows

PLAN: dict[str, Any] = {"batch_size": 4}
"""21 rows make six batches an epoch, the last of one row."""

EVERY_STEP = range(100)


def recorded(folder: Path, length: int = 3, **settings: Any) -> gn.Network:
    """Train for so many epochs, and record it."""
    network = restless()
    trainer = classifier(network, optimizer=gn.Adam(0.05))
    quiet(trainer, rows(), epochs=length, callbacks=[gn.Recorder(folder, **settings)], **PLAN)
    return network


def test_it_keeps_settings_steps_epochs_and_moments(tmp_path: Path) -> None:
    recorded(tmp_path, data="sectors", inputs=gn.Features(("x", "y")))
    run = json.loads((tmp_path / "run.json").read_text())
    assert (run["format"], run["version"]) == ("glassnet-run", 1)
    assert run["settings"]["batch_size"] == 4
    assert run["network"] == restless().config()
    assert run["meaning"]["data"] == "sectors"
    assert run["meaning"]["inputs"]["names"] == ["x", "y"]
    events = [line["event"] for line in read_lines(tmp_path / "log.jsonl")]
    assert events == ["start", *(["step"] * 6 + ["epoch"]) * 3, "end"]
    assert kept_moments(tmp_path) == [0, 1, 2, 5, 6, 10, 12, 18]
    assert not (tmp_path / "layers.jsonl").exists()


@pytest.mark.parametrize(
    ("settings", "moments"),
    [
        ({"steps": ()}, [0, 6, 12, 18, 24, 30]),
        ({"steps": (), "epochs": 2}, [0, 18, 30]),
        ({"steps": (7, 13), "epochs": 1}, [0, 7, 13, 30]),
        ({"steps": (6, 12), "epochs": 1}, [0, 6, 12, 30]),
    ],
)
def test_it_keeps_the_moments_that_were_chosen(
    tmp_path: Path, settings: dict[str, Any], moments: list[int]
) -> None:
    recorded(tmp_path, length=5, **settings)
    assert kept_moments(tmp_path) == moments


def test_recording_changes_no_number(tmp_path: Path) -> None:
    plain = restless()
    quiet(classifier(plain, optimizer=gn.Adam(0.05)), rows(), epochs=3, **PLAN)
    network = recorded(tmp_path, steps=EVERY_STEP, probe=rows())
    assert bits(network) == bits(plain)


@pytest.mark.parametrize("step", [0, 1, 5, 6, 7, 11, 12, 17])
def test_training_goes_on_from_every_moment(tmp_path: Path, step: int) -> None:
    never_stopped = recorded(tmp_path, steps=EVERY_STEP)
    network = restless(seed=99)
    trainer = classifier(network, optimizer=gn.Adam(0.05))
    gn.runs.open(tmp_path).resume(trainer, step)
    assert (trainer.step, trainer.epoch) == (step, step // 6)
    quiet(trainer, rows(), epochs=3 - trainer.epoch, **PLAN)
    assert trainer.step == 18
    assert bits(network) == bits(never_stopped)


def test_less_data_than_the_moment_met_is_refused(tmp_path: Path) -> None:
    recorded(tmp_path, steps=EVERY_STEP)
    trainer = classifier(optimizer=gn.Adam(0.05))
    gn.runs.open(tmp_path).resume(trainer, 4)
    with pytest.raises(gn.DataError, match="after 16 rows of an epoch, and the data has 12"):
        quiet(trainer, rows(12), **PLAN)


def test_a_training_that_goes_on_cuts_the_run_back(tmp_path: Path) -> None:
    recorded(tmp_path, steps=EVERY_STEP, probe=rows())
    whole = {step: read_sealed(path)[1] for step, path in moments(tmp_path).items()}
    trainer = classifier(optimizer=gn.Adam(0.05))
    gn.runs.open(tmp_path).resume(trainer, 8)
    recorder = gn.Recorder(tmp_path, steps=EVERY_STEP, probe=rows())
    quiet(trainer, rows(), epochs=2, callbacks=[recorder], **PLAN)
    run = gn.runs.open(tmp_path)
    assert run.steps == list(range(1, 19))
    assert run.epochs["epoch"] == [1, 2, 3]
    assert run.moments == list(range(19)) == sorted(run.layers)
    assert run.ended == "finished"
    for step, path in moments(tmp_path).items():
        for name, array in read_sealed(path)[1].items():
            assert array.tobytes() == whole[step][name].tobytes()


def test_one_that_begins_anew_moves_what_is_there_and_leaves_other_files(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    recorded(tmp_path, probe=rows())
    recorded(tmp_path, length=1)
    run = gn.runs.open(tmp_path)
    assert (run.moments, len(run.epochs), run.layers) == ([0, 1, 2, 5, 6], 1, {})
    earlier = gn.runs.open(tmp_path / "earlier-1")
    assert (earlier.moments, len(earlier.epochs)) == ([0, 1, 2, 5, 6, 10, 12, 18], 3)
    assert sorted(earlier.layers) == earlier.moments
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_training_that_goes_on_elsewhere_begins_there(tmp_path: Path) -> None:
    trainer = classifier()
    quiet(trainer, rows(), epochs=1, **PLAN)
    quiet(trainer, rows(), epochs=1, callbacks=[gn.Recorder(tmp_path)], **PLAN)
    run = gn.runs.open(tmp_path)
    assert (run.moments, run.steps) == ([6, 10, 12], [7, 8, 9, 10, 11, 12])


def test_a_run_of_another_network_is_left_alone(tmp_path: Path) -> None:
    recorded(tmp_path)
    before = (tmp_path / "log.jsonl").read_bytes()
    other = gn.Sequential([gn.Dense(3)], input_shape=2, seed=0)
    trainer = classifier(other)
    quiet(trainer, rows(), epochs=1, **PLAN)
    with pytest.raises(gn.SettingError, match="a run of another network"):
        quiet(trainer, rows(), epochs=1, callbacks=[gn.Recorder(tmp_path)], **PLAN)
    assert (tmp_path / "log.jsonl").read_bytes() == before


def test_what_early_stopping_brings_back_is_not_taken_for_the_last_moment(tmp_path: Path) -> None:
    note: list[dict[str, bytes]] = []
    callbacks = [
        gn.Recorder(tmp_path, steps=(), epochs=1),
        Moments("epoch", lambda fit: note.append(bits(fit.network))),
        gn.EarlyStopping(patience=1, monitor="loss", by=10),
    ]
    network = restless()
    quiet(classifier(network), rows(), epochs=9, callbacks=callbacks, **PLAN)
    run = gn.runs.open(tmp_path)
    assert run.moments == [0, 12]
    assert bits(network) == note[0] != note[1] == bits(run.at(12))


def test_a_run_that_fails_keeps_its_last_epoch(tmp_path: Path) -> None:
    def fail(fit: Any) -> None:
        if len(fit.history) == 2:
            raise RuntimeError("mine")

    callbacks = [gn.Recorder(tmp_path, steps=(), epochs=1), Moments("epoch", fail)]
    with pytest.raises(RuntimeError):
        quiet(classifier(), rows(), epochs=9, callbacks=callbacks, **PLAN)
    run = gn.runs.open(tmp_path)
    assert (run.moments, run.ended) == ([0, 12], "error")


def test_the_probe_measures_every_layer_at_every_moment(tmp_path: Path) -> None:
    x, t = rows(300)
    recorded(tmp_path, probe=(x, t), steps=EVERY_STEP)
    run = gn.runs.open(tmp_path)
    lines = read_lines(tmp_path / "layers.jsonl")
    assert [line["step"] for line in lines] == list(run.layers) == run.moments
    nodes = ["dense_1", "batchnorm_1", "relu_1", "dropout_1", "dense_2"]
    assert list(run.layers[18]) == nodes
    p = run.at(18).run(x[:256], t[:256], gn.SoftmaxCrossEntropy())
    y, δ = p["relu_1"].y, np.abs(256 * p["relu_1"].dy)
    measured = run.layers[18]["relu_1"]
    shares = (0.05, 0.25, 0.5, 0.75, 0.95)
    np.testing.assert_allclose(measured["activations"]["quantiles"], np.quantile(y, shares), 1e-4)
    np.testing.assert_allclose(
        measured["gradients"]["quantiles"], np.quantile(δ[δ > 0], shares), 1e-4
    )
    assert measured["activations"]["zeros"] == pytest.approx((y == 0).mean(), abs=1e-6)


def test_a_number_of_epochs_has_to_be_one() -> None:
    with pytest.raises(gn.SettingError, match="epochs, a whole number of 1 or more, got 0"):
        gn.Recorder("runs/x", epochs=0)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(gn.FileError, match="file"):
        recorded(tmp_path / "file" / "run")


def moments(folder: Path) -> dict[int, Path]:
    return {int(path.stem[5:]): path for path in (folder / "moments").iterdir()}


def test_a_run_that_diverges_keeps_what_can_be_gone_on_from(tmp_path: Path) -> None:
    trainer = classifier(optimizer=gn.SGD(1e39))
    with pytest.raises(gn.DivergenceError):
        quiet(trainer, rows(), epochs=2, callbacks=[gn.Recorder(tmp_path, steps=EVERY_STEP)])
    run = gn.runs.open(tmp_path)
    assert [step for step, _ in run.scrub()] == [0]


def test_a_training_that_goes_on_to_its_planned_end_keeps_the_moments_of_one_that_was_not_left(
    tmp_path: Path,
) -> None:
    kept: list[list[int]] = []
    for stopped in ((), (2,), (3, 5)):
        folder = tmp_path / str(len(kept))
        for until in (*stopped, 7):
            trainer = classifier(optimizer=gn.Adam(0.05))
            if (folder / "last.safetensors").exists():
                trainer.resume(folder / "last.safetensors")
            recorder = gn.Recorder(folder, steps=(1, 9), epochs=3, probe=rows())
            stop = Moments("epoch", lambda fit, until=until: stop_at(fit, until))
            callbacks = [recorder, gn.Checkpoint(folder), stop]
            quiet(trainer, rows(), until=7, callbacks=callbacks, **PLAN)
        run = gn.runs.open(folder)
        assert run.epochs["epoch"] == [1, 2, 3, 4, 5, 6, 7]
        assert len(read_lines(folder / "layers.jsonl")) == len(run.layers)
        kept.append(sorted(run.layers))
    assert kept[0] == [0, 1, 9, 18, 36, 42]
    assert set(kept[0]) <= set(kept[1])
    assert set(kept[0]) <= set(kept[2])


def stop_at(fit: Any, epoch: int) -> None:
    if fit.first_epoch + len(fit.history) == epoch < 7:
        fit.stop("for now")
