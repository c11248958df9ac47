"""What a model tells of itself to a stranger: the service and the exported page say the same."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.model.description import description
from tests.model import models


def test_every_value_has_a_unit() -> None:
    network = models.values().network
    inputs = gn.Features(("a", "b", "c", "d"))
    bare = description(gn.Model(network, inputs, gn.Values(("y", "z"))), "m")
    assert bare["outputs"]["units"] == ["", ""]
    assert [one["unit"] for one in bare["inputs"]["features"]] == 4 * [""]
    assert description(models.values(), "m")["outputs"]["units"] == ["cm", "kg"]
    assert "units" not in description(models.classes(), "m")["outputs"]


def test_features_come_with_what_the_training_rows_had() -> None:
    model = gn.train("iris", epochs=1, progress=False)
    told = description(model, "flowers")
    assert (told["name"], told["hash"], told["experience"]) == ("flowers", "", True)
    first = told["inputs"]["features"][0]
    assert model.experience is not None
    assert np.float32(first["low"]) == np.float32(model.experience.low[0])
    assert len(str(first["low"])) < 6
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    provenance = told["provenance"]
    assert (provenance["data"], provenance["rows"]) == ("iris", 102)
    assert provenance["created"] == model.provenance["created"]
    assert provenance["accuracy"] == model.provenance["figures"]["test"]["accuracy"]
    assert set(provenance) == {"data", "rows", "created", *model.provenance["figures"]["test"]}


@pytest.mark.parametrize(
    "provenance",
    [
        {},
        {"data": "x", "figures": ["y"], "created": {}},
        {"data": {"name": ["x"], "rows": 3}, "figures": {"test": {"accuracy": "all", "mae": None}}},
    ],
)
def test_a_provenance_of_another_shape_tells_nothing(provenance: Any) -> None:
    model = models.values()
    model.provenance = provenance
    assert description(model, "m")["provenance"] == {}
