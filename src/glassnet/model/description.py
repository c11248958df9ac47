"""Description: a model as GET /models, and the page that runs it, tell of it."""

from __future__ import annotations

from typing import Any

from glassnet.data.meaning import Features, Images, Inputs, Outputs, Values
from glassnet.model.base import BaseModel
from glassnet.model.experience import Experience
from glassnet.types import Array


def description(model: BaseModel, name: str) -> dict[str, Any]:
    """Say what goes into a model, what comes out, and how good it was, as JSON.

    Every feature and every value has a unit, "" where it has none.
    """
    return {
        "name": name,
        "hash": model.digest,
        "inputs": _inputs(model.inputs, model.experience),
        "outputs": _outputs(model.outputs),
        "provenance": _provenance(model.provenance),
        "experience": model.experience is not None,
    }


def reached(provenance: Any) -> dict[str, Any]:
    """Return what a model reached on the test part of its data; {} where it does not say."""
    return _part(_part(provenance, "figures"), "test")


def _inputs(inputs: Inputs, experience: Experience | None) -> dict[str, Any]:
    if isinstance(inputs, Images):
        return inputs.to_json()
    return {"kind": "features", "features": _features(inputs, experience)}


def _features(inputs: Features, experience: Experience | None) -> list[dict[str, Any]]:
    """Describe each column of a table, and what the training rows had in it."""
    described = []
    for k, name in enumerate(inputs.names):
        known: dict[str, Any] = {"low": None, "high": None, "typical": None, "choices": []}
        if experience is not None:
            known = {
                "low": _short(experience.low, k),
                "high": _short(experience.high, k),
                "typical": _short(experience.typical, k),
                "choices": list(experience.choices[k]) if experience.choices else [],
            }
        described.append({"name": name, "unit": inputs.units[k] if inputs.units else "", **known})
    return described


def _outputs(outputs: Outputs) -> dict[str, Any]:
    document = outputs.to_json()
    if isinstance(outputs, Values):
        document["units"] = document["units"] or [""] * outputs.size
    return document


def _provenance(provenance: Any) -> dict[str, Any]:
    """Keep what people ask for first: the data, the figures on its test part, and the day."""
    data = _part(provenance, "data")
    told = {
        **{key: v for key, v in reached(provenance).items() if isinstance(v, int | float)},
        "data": data.get("name"),
        "rows": _part(data, "rows").get("train"),
        "created": provenance.get("created"),
    }
    return {key: value for key, value in told.items() if isinstance(value, str | int | float)}


def _short(numbers: Array, k: int) -> float:
    """Return one number of an array in the fewest digits that mean it."""
    return float(str(numbers[k]))


def _part(document: Any, name: str) -> dict[str, Any]:
    part = document.get(name) if isinstance(document, dict) else None
    return part if isinstance(part, dict) else {}
