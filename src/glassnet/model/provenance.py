"""Provenance: on what, how and with what a model was made, so that it can be made again."""

from __future__ import annotations

import datetime
import platform
from collections.abc import Mapping
from typing import Any

import numpy as np

import glassnet
from glassnet.data import Dataset
from glassnet.training.history import History, as_json


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
    parts = {"train": data.train, "validation": data.validation, "test": data.test}
    return {
        "data": {
            "name": data.name,
            "source": data.source,
            "sha256": data.fingerprint,
            "rows": {name: len(part) for name, part in parts.items()},
        },
        "settings": dict(settings),
        "figures": {part: as_json(of_part) for part, of_part in figures.items()},
        "history": [as_json(epoch) for epoch in history],
        "ended": history.ended,
        "engine": history.engine,
        "machine": machine(),
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


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
