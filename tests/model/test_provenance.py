"""Provenance: what a model says of how it came to be."""

from __future__ import annotations

import json
import platform
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import glassnet as gn
from glassnet.model.provenance import data_name, fits, machine

SETTINGS: dict[str, Any] = {"epochs": 2, "layers": [8], "seed": 7, "batch_size": 25, "l2": 0.1}


@pytest.fixture(scope="module")
def iris() -> gn.Dataset:
    return gn.datasets.load("iris")


@pytest.fixture(scope="module")
def model(iris: gn.Dataset) -> gn.Model:
    optimizer = gn.SGD(lambda step: 0.1 / (step + 1))
    return gn.train(iris, optimizer=optimizer, clip_norm=1.0, progress=False, **SETTINGS)


def test_the_data(model: gn.Model, iris: gn.Dataset) -> None:
    assert model.provenance["data"] == {
        "name": "iris",
        "source": iris.source,
        "sha256": iris.fingerprint,
        "rows": {
            "train": len(iris.train),
            "validation": len(iris.validation),
            "test": len(iris.test),
        },
    }


def test_the_settings(model: gn.Model) -> None:
    settings = model.provenance["settings"]
    assert settings["seed"] == model.network.seed == 7
    assert (settings["epochs"], settings["batch_size"]) == (2, 25)
    assert settings["optimizer"]["class"] == "SGD"
    assert "lambda" in settings["optimizer"]["learning_rate"]["callable"]
    assert settings["penalties"] == [{"class": "L2", "strength": 0.1}]
    assert settings["clipping"] == {"class": "ClipNorm", "limit": 1.0}
    assert settings["losses"] == {"dense_2": {"class": "SoftmaxCrossEntropy"}}
    assert settings["engine"] in ("native", "numpy")


def test_the_figures(model: gn.Model, iris: gn.Dataset) -> None:
    provenance = model.provenance
    for part in ("validation", "test"):
        assert provenance["figures"][part] == model.evaluate(getattr(iris, part))
    assert [epoch["epoch"] for epoch in provenance["history"]] == [1, 2]
    assert provenance["ended"] == "finished"
    assert provenance["engine"].startswith(f"{provenance['settings']['engine']}: ")


def test_the_machine(model: gn.Model) -> None:
    made_with = model.provenance["machine"]
    assert made_with["numpy"] == np.__version__
    assert made_with["glassnet"] == gn.__version__
    assert made_with["python"] == platform.python_version()
    assert all(pool["num_threads"] >= 1 for pool in made_with["blas"])
    assert datetime.fromisoformat(model.provenance["created"]).tzinfo is not None


def test_another_number_of_threads_shows() -> None:
    with threadpool_limits(1, user_api="blas"):
        assert {pool["num_threads"] for pool in machine()["blas"]} == {1}


def test_it_is_json_also_where_a_figure_is_no_number(model: gn.Model) -> None:
    text = json.dumps(model.provenance, allow_nan=False)
    assert json.loads(text) == model.provenance
    one_row = gn.Rows([[1.0]], [[2.0]])  # type: ignore[arg-type]  # Rows makes arrays of lists
    two_rows = gn.Rows([[1.0], [2.0]], [[2.0], [3.0]])  # type: ignore[arg-type]
    data = gn.Dataset("tiny", two_rows, one_row, one_row, gn.Features(("x",)), gn.Values(("y",)))
    tiny = gn.train(data, epochs=1, progress=False)
    assert tiny.provenance["figures"]["test"]["r2"] is None
    assert tiny.provenance["history"][0]["validation_r2"] is None
    json.dumps(tiny.provenance, allow_nan=False)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ({"name": "iris"}, "iris"),
        ({"name": "mine"}, ""),
        ({"name": ["iris"]}, ""),
        ({}, ""),
        ("iris", ""),
        (None, ""),
    ],
)
def test_the_data_set_that_a_model_names(model: gn.Model, data: Any, name: str) -> None:
    other = gn.Model(model.network, model.inputs, model.outputs, {"data": data})
    assert data_name(other.provenance) == name


def test_data_fits_a_model_where_its_numbers_mean_the_same(
    model: gn.Model, iris: gn.Dataset
) -> None:
    inputs, outputs = model.inputs, model.outputs
    assert fits(iris, inputs, outputs)
    assert not fits(gn.datasets.load("wine"), inputs, outputs)
    labels = ("setosa", "virginica", "versicolor")  # as many, in another order
    assert not fits(iris, inputs, gn.Classes(labels))
    values = gn.Values(iris.outputs.labels)  # type: ignore[union-attr]
    assert not fits(iris, inputs, values)
