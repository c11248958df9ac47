import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn

from .conftest import Run

IRIS = "iris.safetensors"


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize("name", ["iris", "digits", "diabetes"])
def test_a_sound_model_passes(run: Run, name: str) -> None:
    status, out, err = run("check", f"{name}.safetensors")
    assert (status, err) == (0, "")
    assert f"Are the gradients right? ({name}, 32 rows of the training part)" in out
    assert "Passed: " in out
    assert "Can it learn one batch by heart?\n\nYes: " in out
    assert "Does every parameter move?" in out
    assert max(map(len, out.splitlines())) <= 100


@pytest.mark.usefixtures("models")
def test_json(run: Run) -> None:
    said = json.loads(run("check", IRIS, "--rows", "8", "--json").out)
    assert said["passed"] is True
    assert said["gradients"]["rows"] == 8
    assert [one["layer"] for one in said["gradients"]["checked"]][-1] == "input_1"
    assert said["overfit"]["passed"] is True
    assert said["movement"]["parameters"][0]["name"] == "dense_1.W"


def test_a_file_with_targets(run: Run, models: Path) -> None:
    (models / "flowers.csv").write_text("5.1,3.5,1.4,0.2,setosa\n6.5,3,5.8,2.2,virginica\n")
    said = run("check", IRIS, "flowers.csv")
    assert said.status == 0
    assert "(flowers.csv, 2 rows)" in said.out


def test_a_failed_check_is_status_1(run: Run, models: Path) -> None:
    model = gn.load(models / IRIS)
    model.network.parameters()["dense_1.b"][...] = -1e3
    model.save(models / "dead.safetensors")
    status, out, err = run("check", "dead.safetensors")
    assert (status, err) == (1, "")
    assert "No: loss " in out
    assert "STILL" in out


def test_a_model_that_does_not_say_how_it_was_trained(run: Run, models: Path) -> None:
    model = gn.load(models / IRIS)
    model.provenance = {}
    model.save(models / "bare.safetensors")
    assert run("check", "bare.safetensors", "iris").status == 0


@pytest.mark.parametrize("loss", [gn.SigmoidCrossEntropy(), gn.HalfSquaredError()], ids=str)
def test_other_losses(run: Run, tmp_path: Path, loss: gn.Loss) -> None:
    data = gn.datasets.load("iris")
    net = gn.Sequential(
        [gn.Standardize.of(np.asarray(data.train.x)), gn.Dense(16), gn.ReLU(), gn.Dense(3)],
        input_shape=4,
        seed=0,
    )
    link = "sigmoid" if isinstance(loss, gn.SigmoidCrossEntropy) else "identity"
    settings = {"losses": {"dense_2": loss.config()}}
    outputs = gn.Classes(data.outputs.labels, link)  # type: ignore[union-attr]
    gn.Model(net, data.inputs, outputs, {"settings": settings}).save(tmp_path / "m.safetensors")
    status, out, _ = run("check", "m.safetensors", "iris")
    assert status == 0, out


def test_bad_input(fails: Callable[..., str], models: Path) -> None:
    assert "no such" in fails("check", "nothing.safetensors").lower()
    assert "tolerance" in fails("check", IRIS, "--tolerance", "2")
    (models / "one.csv").write_text("1,2,3,setosa\n")
    assert "expected 4 values" in fails("check", IRIS, "one.csv")
