import json
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from glassnet.training import find_mistakes

from .conftest import Run

IRIS, DIGITS, DIABETES = (f"{name}.safetensors" for name in ("iris", "digits", "diabetes"))


@pytest.mark.usefixtures("models")
def test_a_row_of_the_data_it_learnt_from(run: Run) -> None:
    said = run("explain", IRIS, "--row", "3")
    assert (said.status, said.err) == (0, "")
    assert said.out.startswith("iris, test part, row 3\nThe network says ")
    assert "petal width" in said.out
    assert " cm" in said.out


def test_the_surest_mistake(run: Run, models: Path) -> None:
    said = json.loads(run("explain", DIGITS, "--mistake", "--json").out)
    test = gn.datasets.load("digits").test
    found = find_mistakes(test.x, test.t, gn.load(models / DIGITS).predict_proba(test.x))
    assert said["of"] == {"data": "digits, test part", "row": int(found.rows[0])}
    assert said["truth"] == str(found.truth[0])
    assert said["questions"][0]["against"] == str(found.truth[0])


def test_probabilities_are_the_model_s(run: Run, models: Path) -> None:
    said = json.loads(run("explain", IRIS, "--row", "5", "--json").out)
    x = gn.datasets.load("iris").test.x
    p = gn.load(models / IRIS).predict_proba(x[5:6])[0]
    np.testing.assert_allclose(list(said["probabilities"].values()), p)


@pytest.mark.usefixtures("models")
def test_a_picture(run: Run, models: Path) -> None:
    pytest.importorskip("matplotlib")
    for model in (DIGITS, DIABETES):
        said = run("explain", model, "--image", "new/why.png")
        assert said.err.startswith("Wrote new/why.png")
        assert (models / "new/why.png").read_bytes().startswith(b"\x89PNG")
        (models / "new/why.png").unlink()


@pytest.mark.parametrize("model", [IRIS, DIGITS, DIABETES])
@pytest.mark.usefixtures("models")
def test_every_step_of_a_unit(run: Run, model: str) -> None:
    out = run("explain", model, "--row", "1", "--unit", "dense_2:0").out
    assert "BP1: δ at the output" in out
    assert "by Adam, from a fresh state" in out
    said = json.loads(run("explain", model, "--row", "1", "--unit", "dense_2:0", "--json").out)
    assert (said["format"], said["unit"], said["rows"]) == ("glassnet-explanation", "dense_2:0", 1)
    assert said["of"]["row"] == 1


def test_images_of_a_file_are_read_as_the_data_set_s(run: Run, models: Path) -> None:
    test = gn.datasets.load("digits").test
    pixels = np.round(np.asarray(test.x[:2]) * 16).astype(int)
    rows = [",".join(map(str, [*x, t])) for x, t in zip(pixels, test.t, strict=False)]
    (models / "some.csv").write_text("\n".join(rows))
    for unit in ([], ["--unit", "dense_1:0"]):
        of_file = json.loads(run("explain", DIGITS, "some.csv", "--row", "1", *unit, "--json").out)
        of_set = json.loads(run("explain", DIGITS, "--row", "1", *unit, "--json").out)
        assert of_file.pop("of") == {"data": "some.csv", "row": 1}
        del of_set["of"]
        assert of_file == of_set


@pytest.mark.usefixtures("models")
def test_markdown(run: Run) -> None:
    assert "$$S = z_{" in run("explain", IRIS, "--markdown").out
    assert r"\sum_{d}" in run("explain", IRIS, "--unit", "dense_1:3", "--markdown").out


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([IRIS, "--row", "99"], "no row 99: the rows are 0 to 23"),
        ([IRIS, "--row", "-1"], "no row -1"),
        ([IRIS, "--row", "1", "--mistake"], "give one of them"),
        ([IRIS, "--json", "--markdown"], "not as both"),
        ([IRIS, "--unit", "dense_7:1"], "no node 'dense_7'"),
        ([IRIS, "--unit", "dense_2:3"], "dense_2 has units dense_2:0 to dense_2:2"),
        ([IRIS, "digits"], "digits has images"),
        ([IRIS, "--image", "why.jpg"], "no picture format 'jpg'"),
        ([IRIS, "--image", "iris.safetensors/why.png"], "Cannot write"),
        ([DIABETES, "--mistake"], "--mistake needs classes; for values choose a row with --row"),
    ],
)
def test_bad_input_is_one_line(fails: Run, args: list[str], message: str) -> None:
    assert message in fails("explain", *args)


def test_a_model_without_mistakes(fails: Run, models: Path) -> None:
    answers = gn.load(models / IRIS).predict(gn.datasets.load("iris").test.x)
    x = np.asarray(gn.datasets.load("iris").test.x)
    rows = [",".join(map(str, [*row, answer])) for row, answer in zip(x, answers, strict=True)]
    (models / "right.csv").write_text("\n".join(rows))
    assert "no mistake: all 24 rows" in fails("explain", IRIS, "right.csv", "--mistake")


def test_a_model_that_does_not_say_how_it_was_trained(run: Run, models: Path) -> None:
    model = gn.load(models / IRIS)
    gn.Model(model.network, model.inputs, model.outputs).save(models / "other.safetensors")
    of_it = json.loads(
        run("explain", "other.safetensors", "iris", "--unit", "relu_1", "--json").out
    )
    of_itself = json.loads(run("explain", IRIS, "--unit", "relu_1", "--json").out)
    assert of_it["losses"] == {"dense_2": "SoftmaxCrossEntropy"}
    assert of_it == of_itself


@pytest.mark.parametrize("loss", [gn.HalfSquaredError(), gn.SigmoidCrossEntropy()], ids=str)
def test_targets_are_what_the_model_s_own_loss_takes(run: Run, models: Path, loss: gn.Loss) -> None:
    model = gn.load(models / IRIS)
    model.provenance["settings"]["losses"] = {"dense_2": loss.config()}
    model.save(models / "other.safetensors")
    said = json.loads(run("explain", "other.safetensors", "--unit", "dense_2:0", "--json").out)
    assert said["losses"] == {"dense_2": type(loss).__name__}


def test_a_layer_without_a_formula_is_told_by_its_slopes(run: Run, models: Path) -> None:
    iris = gn.load(models / IRIS)
    net = gn.Sequential([gn.Maxout(5, pieces=3), gn.Dense(3)], input_shape=4, seed=0)
    gn.Model(net, iris.inputs, iris.outputs, iris.provenance).save(models / "maxout.safetensors")
    said = run("explain", "maxout.safetensors", "--row", "1", "--unit", "maxout_1:2")
    assert (said.status, said.err) == (0, "")
    assert "y = maxₖ pₖ; by its slopes, measured" in " ".join(said.out.split())
