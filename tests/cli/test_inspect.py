import json

import pytest

from .conftest import Run


@pytest.mark.usefixtures("models")
def test_shows_layers_meanings_and_provenance(run: Run) -> None:
    status, out, _ = run("inspect", "iris.safetensors")
    assert status == 0
    for part in (
        "dense_1",
        "total",
        "515",
        "petal width",
        "virginica",
        "Fisher",
        "Adam",
        "60 epochs",
    ):
        assert part in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.usefixtures("models")
def test_json_holds_it_all(run: Run) -> None:
    said = json.loads(run("inspect", "digits.safetensors", "--json").out)
    assert said["inputs"] == {"kind": "images", "height": 8, "width": 8, "maximum": 16}
    assert [node["name"] for node in said["nodes"]] == ["dense_1", "relu_1", "dense_2"]
    assert said["nodes"][0]["parameters"] == 65 * 64
    assert len(said["provenance"]["history"]) == 5
    assert said["provenance"]["machine"]["blas"]
