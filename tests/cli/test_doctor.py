import json
from collections.abc import Callable
from pathlib import Path

import pytest

import glassnet as gn

from .conftest import Run

IRIS = "iris.safetensors"


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize("name", ["iris", "digits", "diabetes"])
def test_a_healthy_model(run: Run, name: str) -> None:
    status, out, err = run("doctor", f"{name}.safetensors")
    assert (status, err) == (0, "")
    assert out.startswith(f"{name}, ")
    assert "training rows" in out
    assert "PROBLEM" not in out


def test_a_problem_is_status_1(run: Run, models: Path) -> None:
    model = gn.load(models / IRIS)
    model.network.parameters()["dense_1.b"][...] = -1e3
    model.save(models / "dead.safetensors")
    status, out, _ = run("doctor", "dead.safetensors")
    assert status == 1
    assert "PROBLEM  dead-relu  relu_1" in out
    said = run("doctor", "dead.safetensors", "--json")
    assert said.status == 1
    document = json.loads(said.out)
    assert document["problems"] >= 1
    assert "dead-relu" in [one["name"] for one in document["findings"]]


def test_what_training_was_like_is_remembered(run: Run, models: Path) -> None:
    model = gn.load(models / IRIS)
    model.provenance["history"] = [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 3.0}]
    model.save(models / "rose.safetensors")
    status, out, _ = run("doctor", "rose.safetensors")
    assert status == 1
    assert "learning-rate-too-high" in out


def test_a_history_with_a_figure_that_was_no_number(run: Run, models: Path) -> None:
    model = gn.load(models / IRIS)
    model.provenance["history"] = [{"epoch": 1, "loss": None}, {"epoch": 2, "loss": None}]
    model.save(models / "odd.safetensors")
    assert run("doctor", "odd.safetensors").status == 0


def test_a_file_with_targets(run: Run, models: Path) -> None:
    rows = ["5.1,3.5,1.4,0.2,setosa", "5.1,3.5,1.4,0.2,virginica"] * 3
    (models / "flowers.csv").write_text("\n".join(rows))
    status, out, _ = run("doctor", IRIS, "flowers.csv")
    assert status == 1
    assert out.startswith("flowers.csv, 6 rows")
    assert "contradictory-labels" in out


def test_columns_have_their_names(run: Run, models: Path) -> None:
    rows = [f"5.{k},3,1.{k},0.2,{'setosa' if k % 2 else 'virginica'}" for k in range(6)]
    (models / "flowers.csv").write_text("\n".join(rows))
    out = " ".join(run("doctor", IRIS, "flowers.csv").out.split())
    assert "2 of 4 columns are the same in all 6 rows: 'sepal width', 'petal width'." in out


def test_bad_input(fails: Callable[..., str], models: Path) -> None:
    assert "no such" in fails("doctor", "nothing.safetensors").lower()
    assert "diabetes has" in fails("doctor", IRIS, "diabetes")
    model = gn.load(models / IRIS)
    model.provenance = {}
    model.save(models / "bare.safetensors")
    assert "name a data set or a CSV file" in fails("doctor", "bare.safetensors")
