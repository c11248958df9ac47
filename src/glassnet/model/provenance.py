"""Provenance: on what, how and with what a model was made, so that it can be made again."""

from __future__ import annotations

import datetime
import platform
from collections.abc import Mapping
from typing import Any

import numpy as np

import glassnet
from glassnet.data import Dataset, datasets
from glassnet.data.meaning import Classes, Inputs, Outputs
from glassnet.errors import DataError, SettingError, short
from glassnet.training.history import History, as_json, epochs_from_json


def record(
    data: Dataset,
    settings: Mapping[str, Any],
    history: History,
    figures: Mapping[str, Mapping[str, float]],
) -> dict[str, Any]:
    """Write down, as JSON, how a model came to be.

    settings    how it was trained
    figures     what it reached on each part of the data: {"test": {"accuracy": 0.98}, …}
    """
    return {
        "data": of_data(data),
        "settings": dict(settings),
        "figures": as_json(figures),
        "history": as_json(history.epochs),
        "ended": history.ended,
        "engine": history.engine,
        "machine": machine(),
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def of_data(data: Dataset) -> dict[str, Any]:
    """Describe, as JSON, what is learnt from."""
    parts = {"train": data.train, "validation": data.validation, "test": data.test}
    return {
        "name": data.name,
        "source": data.source,
        "sha256": data.fingerprint,
        "rows": {name: len(part) for name, part in parts.items()},
    }


def data_name(provenance: Mapping[str, Any]) -> str:
    """The name of the data set that a model says it learnt from; "" where none here has it."""
    data: Any = provenance.get("data")
    name = data.get("name") if isinstance(data, dict) else None
    return name if isinstance(name, str) and name in datasets.names() else ""


def fits(data: Dataset, inputs: Inputs, outputs: Outputs) -> bool:
    """Whether the numbers of a data set mean what those of a model mean, inputs and outputs."""
    same_kind = type(data.outputs) is type(outputs)
    return data.inputs == inputs and same_kind and _names(data.outputs) == _names(outputs)


def fit_for_json(provenance: Any) -> dict[str, Any]:
    """Return what a model says of its making as its file holds it: NaN and infinity become null.

    Raises SettingError unless it is a dict whose history, if it has one, is a list of figures.
    """
    if not isinstance(provenance, Mapping):
        raise SettingError(f"A Model's provenance is a dict, got {short(provenance)}.")
    document: dict[str, Any] = as_json(provenance)
    try:
        epochs_from_json(document.get("history", []))
    except DataError as error:
        raise SettingError(f"A Model's provenance has no usable history. {error}") from error
    return document


def machine() -> dict[str, Any]:
    """Describe what computes: versions, processor, and the threads of the linear algebra.

    Another number of threads may change the last bits of float32 products, and so the weights.
    """
    from threadpoolctl import threadpool_info

    blas = [
        {key: pool.get(key) for key in ("internal_api", "version", "architecture", "num_threads")}
        for pool in threadpool_info()
        if pool.get("user_api") == "blas"
    ]
    return {
        "glassnet": glassnet.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "blas": blas,
    }


def _names(outputs: Outputs) -> tuple[str, ...]:
    return outputs.labels if isinstance(outputs, Classes) else outputs.names
