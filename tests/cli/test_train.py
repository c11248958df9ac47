import inspect
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.cli.train import train as command
from glassnet.data.image_folder import keep
from tests.waiting import PATIENCE, wait_until

from .conftest import Run

QUICK = ("--epochs", "3", "--quiet")


def test_trains_saves_and_says_what_next(run: Run, tmp_path: Path) -> None:
    status, out, err = run("train", "iris", "--epochs", "3")
    assert status == 0
    assert "Test (24 rows)  accuracy" in out
    assert "epoch 3/3" in err
    assert gn.load(tmp_path / "iris.safetensors").provenance["data"]["name"] == "iris"
    steps = [line.split()[1:] for line in out.split("Next:\n")[1].splitlines()]
    assert len(steps) == 4
    for step in steps:
        assert run(*step).status == 0


def test_every_setting_reaches_the_library(run: Run) -> None:
    said = run(
        "train", "iris", "--layers", "6,5", "--activation", "tanh", "--dropout", "0.2",
        "--dtype", "float64", "--optimizer", "sgd", "--learning-rate", "0.25", "--l2", "0.01",
        "--clip-norm", "2", "--epochs", "2", "--batch-size", "20", "--patience", "7", "--seed", "4",
        "--engine", "numpy", "--out", "new/m.safetensors", "--quiet",
    )  # fmt: skip
    assert said == (0, "", "")
    model = gn.load("new/m.safetensors")
    assert [node.shape for node in model.network.nodes if "dense" in node.name] == [
        (6,),
        (5,),
        (3,),
    ]
    assert {"tanh_1", "dropout_1"} <= model.network.layers.keys()
    assert model.network.dtype == "float64"
    settings = model.provenance["settings"]
    assert settings["optimizer"]["class"] == "SGD"
    assert settings["optimizer"]["learning_rate"] == 0.25
    assert settings["penalties"][0]["strength"] == 0.01
    assert settings["clipping"]["limit"] == 2
    assert (settings["epochs"], settings["batch_size"], settings["seed"]) == (2, 20, 4)


def test_the_command_has_the_library_s_options_and_defaults() -> None:
    library = dict(inspect.signature(gn.train).parameters)
    del library["data"]  # which a model that learns on does without
    own = inspect.signature(command).parameters
    assert {name: p.default for name, p in library.items() if name in own} == {
        name: own[name].default for name in library if name in own
    }
    assert library.keys() - own.keys() == {"callbacks", "progress"}


def test_no_hidden_layer(run: Run) -> None:
    run("train", "line", "--layers", "none", *QUICK)
    assert list(gn.load("line.safetensors").network.layers) == ["standardize_1", "dense_1"]


def test_the_callbacks_write_their_files(run: Run, tmp_path: Path) -> None:
    run("train", "iris", *QUICK, "--checkpoint", "kept", "--log", "log.jsonl")
    assert {file.name for file in (tmp_path / "kept").iterdir()} == {
        "last.safetensors", "best.safetensors",
    }  # fmt: skip
    events = [json.loads(line)["event"] for line in Path("log.jsonl").read_text().splitlines()]
    assert events == ["start", "epoch", "epoch", "epoch", "end"]


def test_tensorboard_writes_its_folder(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    run("train", "iris", *QUICK, "--tensorboard", "board")
    assert any((tmp_path / "board").iterdir())


def test_a_data_set_s_warning_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    data = gn.datasets.load("iris")
    object.__setattr__(data, "warning", "take care")
    monkeypatch.setattr(gn.datasets, "load", lambda _: data)
    assert run("train", "iris", *QUICK).err == "Warning: take care\n"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["irs"], "no data set 'irs'. Did you mean 'iris'"),
        (["iris", "--layers", "3,x"], "--layers expects whole numbers"),
        (["iris", "--layers", "0"], "a whole number of 1 or more"),
        (["iris", "--activation", "rel"], "Did you mean 'relu'"),
        (["iris", "--dropout", "1.5"], "Dropout expects rate"),
        (["iris", "--optimizer", "adm"], "Did you mean 'adam'"),
        (["iris", "--learning-rate", "-1"], "learning_rate"),
        (["iris", "--l2", "-1"], "L2 expects strength"),
        (["iris", "--clip-norm", "0"], "ClipNorm expects"),
        (["iris", "--epochs", "0"], "epochs is a whole number from 1"),
        (["iris", "--batch-size", "0"], "batch_size is a whole number from 1"),
        (["iris", "--batch-size", "103"], "larger than the data, which has 102 rows"),
        (["iris", "--patience", "-1"], "patience"),
        (["iris", "--seed", "-1"], "seed"),
        (["iris", "--engine", "gpu"], "no engine 'gpu'"),
    ],
)  # fmt: skip
def test_a_bad_setting_is_one_line_and_leaves_nothing(
    fails: Run, tmp_path: Path, args: list[str], message: str
) -> None:
    assert message in fails("train", *args, "--quiet")
    assert not list(tmp_path.iterdir())


DIVERGING = ("iris", "--optimizer", "sgd", "--learning-rate", "1e9", "--quiet")


@pytest.mark.parametrize("name", ["iris.safetensors", "kept/iris.v2"])
def test_what_a_diverging_training_learnt_is_kept_beside(
    fails: Callable[..., str], tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("old")
    line = fails("train", *DIVERGING, "--out", name)
    beside = f"{name.removesuffix('.safetensors')}.last-good.safetensors"
    assert "loss became" in line
    assert line.endswith(f" {beside} holds the last good weights.\n")
    assert path.read_text() == "old"
    assert gn.load(tmp_path / beside).provenance["ended"] == "diverged"


def test_a_training_that_learnt_nothing_leaves_nothing(
    fails: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverge(*_: object, **__: object) -> None:
        raise gn.DivergenceError("The loss became nan.")

    monkeypatch.setattr(gn, "train", diverge)
    assert fails("train", *DIVERGING) == "glassnet: The loss became nan.\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("option", ["--out", "--log", "--checkpoint", "--tensorboard"])
def test_what_cannot_be_written_is_told_before_training(
    fails: Run, tmp_path: Path, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gn, "train", lambda *_, **__: pytest.fail("trained"))
    (tmp_path / "file").write_text("whole")
    assert "Cannot write file/x" in fails("train", "iris", option, "file/x")
    assert (tmp_path / "file").read_text() == "whole"
    assert len(list(tmp_path.iterdir())) == 1


def test_what_is_no_file_is_told_before_training(
    fails: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gn, "train", lambda *_, **__: pytest.fail("trained"))
    assert "it is a folder" in fails("train", "iris", "--out", tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("file/model")
    assert "Cannot write link" in fails("train", "iris", "--out", "link")
    if os.path.exists(os.devnull):  # noqa: PTH110
        line = fails("train", "iris", "--out", os.devnull)
        assert "it is something else than a file" in line


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send")
def test_an_interrupt_keeps_the_model(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "glassnet", "train", "iris", "--epochs", "1000000"]
    child = subprocess.Popen(
        [*program, "--log", "log.jsonl"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # a shell's background jobs, and what they start, are told to take no notice of it
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    log = tmp_path / "log.jsonl"
    wait_until(lambda: log.exists() and '"epoch": 2' in log.read_text())
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=PATIENCE)
    assert child.returncode == 130
    assert "Saved iris.safetensors" in out
    assert err.endswith(
        "glassnet: Interrupted. iris.safetensors holds what was learnt until then.\n"
    )
    assert gn.load(tmp_path / "iris.safetensors").provenance["ended"] == "interrupted"


def test_pictures_are_drawn_otherwise_if_asked(run: Run) -> None:
    run("train", "digits", *QUICK)
    assert gn.load("digits.safetensors").provenance["settings"]["augment"] is None
    run("train", "digits", *QUICK, "--augment")
    settings = gn.load("digits.safetensors").provenance["settings"]
    assert settings["augment"] == gn.Augment().config()


def test_a_table_cannot_be_drawn_otherwise(fails: Callable[..., str]) -> None:
    assert "augment redraws pictures, but iris has 4 features" in fails(
        "train", "iris", "--augment"
    )


@pytest.fixture
def kept(models: Path) -> Path:
    """Pictures that a model of the digits got wrong, with their right answers."""
    model = gn.load(models / "digits.safetensors")
    rows = gn.datasets.load("digits").validation
    assert isinstance(rows.x, gn.Pixels)
    assert isinstance(model.inputs, gn.Images)
    assert isinstance(model.outputs, gn.Classes)
    for k in np.flatnonzero(model.predict(rows.x) != rows.t)[:6]:
        picture = rows.x.bytes[k].reshape(8, 8)
        keep(models / "kept", str(rows.t[k]), picture, model.inputs, model.outputs)
    return models / "kept"


def test_a_model_learns_on_from_kept_pictures(run: Run, kept: Path) -> None:
    before = gn.load("digits.safetensors")
    status, out, err = run("train", "--continue", "digits.safetensors", "--data", kept.name)
    assert status == 0
    assert "epoch" in err
    told = out.splitlines()
    assert told[0].split() == ["accuracy", "before", "after"]
    pictures, test = (line.split() for line in told if "learnt from" in line)
    assert pictures[:3] == ["kept:", "6", "pictures,"]
    assert [pictures[-4], pictures[-2]] == ["0.00", "100.00"]
    assert " ".join(test).startswith("test part of digits, never learnt from")
    assert float(test[-2]) >= float(test[-4]) - 1
    after = gn.load("digits.safetensors")
    assert after.network.config() == before.network.config()
    assert after.provenance["data"] == before.provenance["data"]
    assert after.experience is not None
    for line in out.split("Next:\n")[1].splitlines():
        assert run(*line.split()[1:]).status == 0


def test_the_model_that_learnt_on_goes_where_it_is_told(run: Run, kept: Path) -> None:
    before = Path("digits.safetensors").read_bytes()
    said = run(
        "train", "--continue", "digits.safetensors", "--data", kept, "--out", "new/m.safetensors",
        "--epochs", "2", "--batch-size", "50", "--learning-rate", "0.25", "--seed", "4",
        "--engine", "numpy", "--augment", "--quiet",
    )  # fmt: skip
    assert said == (0, "", "")
    assert Path("digits.safetensors").read_bytes() == before
    settings = gn.load("new/m.safetensors").provenance["continued"][0]["settings"]
    assert (settings["epochs"], settings["batch_size"], settings["seed"]) == (2, 50, 4)
    assert settings["engine"] == "numpy"
    assert settings["optimizer"]["learning_rate"]["initial"] == 0.25
    assert settings["augment"] == gn.Augment().config()


def test_without_what_it_learnt_before_it_learns_alone_and_says_so(run: Run, kept: Path) -> None:
    model = gn.load("digits.safetensors")
    del model.provenance["data"]
    model.save("strange.safetensors")
    status, out, err = run("train", "--continue", "strange.safetensors", "--data", kept)
    assert status == 0
    assert err.startswith(f"Warning: Only the 6 pictures in {kept} are learnt from, in small steps")
    assert "may get worse" in err
    assert "test part" not in out


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--continue", "digits.safetensors"], "say where they are, --data DIR"),
        (["--data", "kept"], "say which, --continue MODEL"),
        (["digits", "--data", "kept"], "say which, --continue MODEL"),
        (["digits", "--continue", "digits.safetensors", "--data", "kept"], "leave out DATA"),
        (
            ["--continue", "digits.safetensors", "--data", "kept", "--layers", "3", "--l2", "1"],
            "keeps the network of MODEL, and how it learns: leave out --layers, --l2",
        ),
        (["--continue", "iris.safetensors", "--data", "kept"], "reads a table of 4 columns"),
        (["--continue", "missing.safetensors", "--data", "kept"], "missing.safetensors"),
        (["--continue", "digits.safetensors", "--data", "nowhere"], "nowhere"),
        (["--continue", "digits.safetensors", "--data", "empty"], "holds no pictures"),
        (["--continue", "digits.safetensors", "--data", "odd"], "cat"),
        (["--continue", "digits.safetensors", "--data", "kept", "--epochs", "0"], "epochs"),
        (["--continue", "digits.safetensors", "--data", "kept", "--out", "kept"], "a folder"),
    ],
)  # fmt: skip
def test_what_cannot_be_learnt_on_is_one_line_and_changes_nothing(
    fails: Callable[..., str], kept: Path, args: list[str], message: str
) -> None:
    before = Path("digits.safetensors").read_bytes()
    Path("empty/3").mkdir(parents=True)
    Path("odd/cat").mkdir(parents=True)
    shutil.copy(next(kept.rglob("*.png")), "odd/cat/one.png")
    assert message in fails("train", *args, "--quiet")
    assert Path("digits.safetensors").read_bytes() == before


def spoilt(monkeypatch: pytest.MonkeyPatch, ended: str = "finished", accuracy: float = 0.5) -> None:
    """Have the model end so, and with such an accuracy on the test part."""

    def worse(*args: Any, **settings: Any) -> gn.Model:
        model: gn.Model = learn_on(*args, **settings | {"epochs": 1})
        (told,) = model.provenance["continued"]
        told["ended"], told["after"]["test"]["accuracy"] = ended, accuracy
        return model

    learn_on = gn.Model.learn_on
    monkeypatch.setattr(gn.Model, "learn_on", worse)


def test_a_model_that_would_get_worse_stays_as_it_was_unless_told(
    fails: Callable[..., str], run: Run, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoilt(monkeypatch)
    before = Path("digits.safetensors").read_bytes()
    ask = ("train", "--continue", "digits.safetensors", "--data", kept, "--quiet")
    line = fails(*ask)
    assert "% to 50.0 %, so digits.safetensors stays as it was" in line
    assert Path("digits.safetensors").read_bytes() == before
    assert run(*ask, "--out", "worse.safetensors").status == 0
    gn.load("worse.safetensors")


def test_an_interrupt_replaces_no_model(
    run: Run, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoilt(monkeypatch, ended="interrupted", accuracy=1)
    before = Path("digits.safetensors").read_bytes()
    ask = ("train", "--continue", "digits.safetensors", "--data", kept, "--quiet")
    assert run(*ask) == (
        130,
        "",
        "glassnet: Interrupted. digits.safetensors stays as it was. digits.last-good.safetensors "
        "holds the last good weights.\n",
    )
    gn.load("digits.last-good.safetensors")
    assert Path("digits.safetensors").read_bytes() == before
    status, _, err = run(*ask, "--out", "some.safetensors")
    assert (status, err) == (
        130, "glassnet: Interrupted. some.safetensors holds what was learnt until then.\n",
    )  # fmt: skip
    gn.load("some.safetensors")
