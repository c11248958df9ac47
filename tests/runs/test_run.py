"""Run: whole, in progress, cut off or damaged."""

from __future__ import annotations

import json
import os
import shutil
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from tests.training.setups import classifier, quiet, restless, rows


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three epochs of six steps."""
    folder = tmp_path_factory.mktemp("runs") / "sectors"
    recorder = gn.Recorder(
        folder,
        probe=rows(),
        data="sectors",
        inputs=gn.Features(("x", "y")),
        outputs=gn.Classes(("a", "b", "c")),
    )
    quiet(classifier(), rows(), epochs=3, batch_size=4, callbacks=[recorder])
    return folder


@pytest.fixture
def folder(kept: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(kept, tmp_path / "sectors"))


def test_what_it_says(folder: Path) -> None:
    run = gn.runs.open(folder)
    assert (run.name, run.data, run.ended) == ("sectors", "sectors", "finished")
    assert run.settings["epochs"] == 3
    assert run.inputs == gn.Features(("x", "y"))
    assert run.outputs == gn.Classes(("a", "b", "c"))
    assert run.steps == list(range(1, 19))
    assert len(run.losses) == 18
    assert run.epochs["epoch"] == [1, 2, 3]
    assert run.moments == [0, 1, 2, 5, 6, 10, 12, 18]
    assert "3 epochs, 18 steps, 8 moments, finished" in repr(run)


def test_without_meanings_it_has_none(tmp_path: Path) -> None:
    quiet(classifier(), rows(), epochs=1, callbacks=[gn.Recorder(tmp_path)])
    run = gn.runs.open(tmp_path)
    assert (run.data, run.inputs, run.outputs, run.layers) == ("", None, None, {})


@pytest.mark.parametrize(("step", "moment"), [(0, 0), (3, 2), (10, 10), (11, 10), (18, 18)])
def test_any_step_gives_the_last_moment_before(folder: Path, step: int, moment: int) -> None:
    run = gn.runs.open(folder)
    assert run.moment(step) == run.checkpoint(step).step == moment
    own, at_moment = run.at(step).arrays(), run.at(moment).arrays()
    assert all(np.array_equal(own[name], at_moment[name]) for name in own)


def test_the_first_moment_is_the_network_before_training(folder: Path) -> None:
    arrays = gn.runs.open(folder).at(0).arrays()
    for name, array in restless().arrays().items():
        np.testing.assert_array_equal(arrays[name], array)


def test_scrubbing_goes_through_the_moments(folder: Path) -> None:
    run = gn.runs.open(folder)
    W = [network.parameters()["dense_1.W"].sum() for _, network in run.scrub()]
    assert [step for step, _ in run.scrub()] == run.moments
    assert len(set(W)) == len(W)


@pytest.mark.parametrize("step", [-1, 19])
def test_a_step_that_does_not_exist(folder: Path, step: int) -> None:
    with pytest.raises(gn.SettingError, match=f"no step {step}: the run .* ends at step 18"):
        gn.runs.open(folder).at(step)


def test_a_step_before_the_first_moment(folder: Path) -> None:
    for step in (0, 1, 2):
        (folder / "moments" / f"step-{step:09d}.safetensors").unlink()
    run = gn.runs.open(folder)
    with pytest.raises(gn.SettingError, match="no moment up to step 4: its first is 5"):
        run.at(4)
    shutil.rmtree(folder / "moments")
    with pytest.raises(gn.SettingError, match="no moment up to step 4: it has none"):
        gn.runs.open(folder).at(4)
    with pytest.raises(gn.SettingError, match="it has none"):
        gn.runs.open(folder).resume(classifier())


def test_resuming_takes_the_last_moment_unless_told(folder: Path) -> None:
    trainer = classifier()
    assert len(gn.runs.open(folder).resume(trainer)) == 3
    assert trainer.step == 18


def test_it_does_not_resume_another_network(folder: Path) -> None:
    other = classifier(gn.Sequential([gn.Dense(3)], input_shape=2, seed=0))
    with pytest.raises(gn.SettingError, match="of another network"):
        gn.runs.open(folder).resume(other)


@pytest.mark.parametrize("bytes_left", [1, 20, 200])
def test_a_run_that_was_cut_off_is_read_to_its_last_whole_line(
    folder: Path, bytes_left: int
) -> None:
    log = folder / "log.jsonl"
    text = log.read_bytes()
    end = text.index(b'{"event": "step", "step": 15') + bytes_left
    log.write_bytes(text[:end])
    run = gn.runs.open(folder)
    assert run.steps == list(range(1, 15 if bytes_left < 100 else 17))
    assert run.ended == ""
    assert "in progress or cut off" in repr(run)


def test_a_run_that_was_cut_off_can_go_on(folder: Path) -> None:
    log = folder / "log.jsonl"
    log.write_bytes(log.read_bytes()[:-150])
    trainer = classifier()
    gn.runs.open(folder).resume(trainer, 12)
    quiet(trainer, rows(), epochs=1, batch_size=4, callbacks=[gn.Recorder(folder)])
    run = gn.runs.open(folder)
    assert (run.steps, run.ended) == (list(range(1, 19)), "finished")


def test_a_loss_that_was_no_number_comes_back_as_one(folder: Path) -> None:
    log = folder / "log.jsonl"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    (line,) = (line for line in lines if line.get("step") == 7)
    line["loss"] = None
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert np.isnan(gn.runs.open(folder).losses[6])


def break_log(folder: Path, text: str) -> None:
    log = folder / "log.jsonl"
    log.write_text(f"{text}\n{log.read_text()}")


def change_run(folder: Path, **parts: Any) -> None:
    path = folder / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | parts))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (shutil.rmtree, "no recorded run: it has no run.json"),
        (lambda f: (f / "run.json").unlink(), "no recorded run: it has no run.json"),
        (lambda f: (f / "run.json").write_text("{"), "run.json is damaged: it is not JSON"),
        (lambda f: (f / "run.json").write_text("[]"), "it is not a JSON object"),
        (lambda f: change_run(f, version=2), "expected glassnet-run 1, got glassnet-run 2"),
        (lambda f: change_run(f, settings=None), "it lacks the settings"),
        (lambda f: (f / "log.jsonl").unlink(), "Cannot read .*log.jsonl"),
        (lambda f: break_log(f, "nonsense"), "log.jsonl, line 1 is damaged: it is not JSON"),
        (lambda f: break_log(f, "{}"), "line 1 is damaged: it lacks its event"),
        (lambda f: break_log(f, '{"event": "step"}'), "line 1 is damaged: it lacks its step"),
    ],
)
def test_a_damaged_folder(folder: Path, damage: Any, message: str) -> None:
    damage(folder)
    with pytest.raises(gn.FileError, match=message):
        gn.runs.open(folder)


def test_damaged_layers(folder: Path) -> None:
    (folder / "layers.jsonl").write_text('{"step": 0}\n')
    run = gn.runs.open(folder)
    with pytest.raises(gn.FileError, match="line 1 is damaged: it lacks its layers"):
        _ = run.layers


def test_a_moment_under_another_name(folder: Path) -> None:
    path = folder / "moments" / "step-000000010.safetensors"
    path.rename(path.with_stem("step-000000011"))
    with pytest.raises(gn.FileError, match=r"it is of step 10\. Was it renamed"):
        gn.runs.open(folder).at(11)


def test_a_damaged_moment(folder: Path) -> None:
    path = folder / "moments" / "step-000000010.safetensors"
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(gn.ModelFileError, match="not a whole safetensors file"):
        gn.runs.open(folder).at(10)


def test_runs_are_found(folder: Path) -> None:
    (folder.parent / "other").mkdir()
    assert gn.runs.find(folder.parent) == [folder]
    assert gn.runs.find(folder.parent / "nowhere") == []


@pytest.mark.parametrize("name", ["run.json", "log.jsonl", "layers.jsonl"])
def test_a_file_of_gigabytes_in_its_place_is_not_read_whole(folder: Path, name: str) -> None:
    with (folder / name).open("r+b") as file:
        file.seek(0, os.SEEK_END)
        file.truncate(file.tell() + (3 << 30))
    tracemalloc.start()
    try:
        with pytest.raises(gn.FileError, match=f"{name}.* is damaged"):
            _ = gn.runs.open(folder).layers
        assert tracemalloc.get_traced_memory()[1] < 40 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["run.json", "log.jsonl"])
def test_a_pipe_in_its_place_is_not_waited_for(folder: Path, name: str) -> None:
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with pytest.raises(gn.FileError, match=f"{name}: something else than a file is there"):
        gn.runs.open(folder)
