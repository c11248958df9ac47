import inspect
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import glassnet as gn
from glassnet.cli.train import train as command

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
    library = inspect.signature(gn.train).parameters
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
    )  # fmt: skip
    log = tmp_path / "log.jsonl"
    while not (log.exists() and '"epoch": 2' in log.read_text()):
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=30)
    assert child.returncode == 130
    assert "Saved iris.safetensors" in out
    assert err.endswith(
        "glassnet: Interrupted. iris.safetensors holds what was learnt until then.\n"
    )
    assert gn.load(tmp_path / "iris.safetensors").provenance["ended"] == "interrupted"
