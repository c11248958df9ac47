import json
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from glassnet.cli.evaluate import show_confusion

from .conftest import Run

IRIS = "iris.safetensors"


def test_measures_on_the_test_part_of_its_data(run: Run, models: Path) -> None:
    said = run("evaluate", IRIS)
    figures = gn.load(models / IRIS).provenance["figures"]["test"]
    assert said.status == 0
    assert said.out.startswith("iris, test part (24 rows)")
    assert f"accuracy {100 * figures['accuracy']:.1f} %" in said.out
    assert "truth \\ answer  setosa  versicolor  virginica" in said.out


@pytest.mark.usefixtures("models")
def test_json_and_parts(run: Run) -> None:
    said = json.loads(run("evaluate", IRIS, "--part", "train", "--json").out)
    assert said["rows"] == sum(map(sum, said["confusion"])) == 102
    assert said["labels"] == ["setosa", "versicolor", "virginica"]
    assert 0.5 < said["figures"]["accuracy"] <= 1


@pytest.mark.usefixtures("models")
def test_values_have_no_confusion(run: Run) -> None:
    assert run("evaluate", "diabetes.safetensors").out.count("\n") == 1


@pytest.mark.parametrize("names", [True, False], ids=["labels", "numbers"])
@pytest.mark.parametrize("target", ["first", "last"])
def test_a_file_carries_its_targets(run: Run, models: Path, names: bool, target: str) -> None:
    test = gn.datasets.load("iris").test
    labels = ("setosa", "versicolor", "virginica")
    lines = [["sepal length", "sepal width", "petal length", "petal width", "species"]]
    for x, t in zip(np.asarray(test.x), test.t, strict=True):
        lines.append([*map(str, x), labels[t] if names else str(t)])
    if target == "first":
        lines = [[line[-1], *line[:-1]] for line in lines]
    (models / "flowers.csv").write_text("\n".join(map(",".join, lines)))
    option = ["--target", "species"] if target == "first" else []
    said = json.loads(run("evaluate", IRIS, "flowers.csv", *option, "--json").out)
    assert said["figures"] == json.loads(run("evaluate", IRIS, "--json").out)["figures"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "1,2,3,4,setosa\n1,2,3,4,rosa",
            "line 2, column '5': expected one of 'setosa', 'versicolor'",
        ),
        ("1,2,3,4,3", "or its number from 0 to 2, got '3'"),
        ("1,2,3,setosa", "line 1: expected 4 values"),
        ("1,2,nan,4,setosa", "line 1, column 'petal length': expected a finite number"),
    ],
)
def test_a_bad_file_is_one_line(fails: Run, models: Path, text: str, message: str) -> None:
    (models / "flowers.csv").write_text(text)
    assert message in fails("evaluate", IRIS, "flowers.csv")


def test_a_target_that_is_not_there(fails: Run, models: Path) -> None:
    (models / "flowers.csv").write_text("1,2,3,4,setosa")
    message = "flowers.csv has no column 'species'. It has: no header."
    assert message in fails("evaluate", IRIS, "flowers.csv", "--target", "species")


def test_other_answers_than_the_model_s(fails: Run, models: Path) -> None:
    model = gn.load(models / IRIS)
    gn.Model(model.network, model.inputs, gn.Classes(("a", "b", "c"))).save(models / "other")
    assert "answers with 3 classes: a, b, c; iris has" in fails("evaluate", "other", "iris")
    assert "name a data set or a CSV file" in fails("evaluate", "other")


def test_what_is_no_number_is_null_in_json(run: Run, models: Path) -> None:
    (models / "one.csv").write_text(",".join(["1"] * 10) + ",150")
    said = json.loads(run("evaluate", "diabetes.safetensors", "one.csv", "--json").out)
    assert said["figures"]["r2"] is None


def test_long_labels_stand_beside_their_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    labels = [f"a label of some length {k}" for k in range(4)]
    show_confusion(np.eye(4, dtype=int).tolist(), labels)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["truth", "\\", "answer", "0", "1", "2", "3"]
    assert lines[2].startswith("1 a label of some length 1")
