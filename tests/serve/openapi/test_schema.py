"""JSON Schema in small pieces: what a body is read as is what is said of it."""

from __future__ import annotations

import pytest

pytest.importorskip("msgspec")

from glassnet.serve.openapi.schema import TEXT, integer, of_struct
from glassnet.serve.routes.predict import Correction
from glassnet.serve.routes.tensors import InferRequest, Tensor


def test_a_struct_says_which_fields_there_are_and_a_model_what_they_hold() -> None:
    schema = of_struct(Correction, {"pixels": {"type": "array", "items": integer(0, 16)}})
    assert schema["properties"]["pixels"]["items"] == {
        "type": "integer",
        "minimum": 0,
        "maximum": 16,
    }
    assert schema["properties"]["label"] == TEXT
    assert schema["required"] == ["pixels", "label"]
    assert schema["additionalProperties"] is False


def test_what_may_have_more_fields_says_so() -> None:
    assert "additionalProperties" not in of_struct(InferRequest, {})


def test_more_may_be_required_than_the_struct_does() -> None:
    schema = of_struct(Tensor, {}, "One row.", required=("data",))
    assert schema["required"] == ["name", "shape", "datatype", "data"]
    assert schema["description"] == "One row."


def test_a_field_that_the_struct_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="Correction has no field pixel"):
        of_struct(Correction, {"pixel": TEXT})
