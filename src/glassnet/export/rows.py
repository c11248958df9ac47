"""Rows: what a page is asked before it is kept."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from glassnet.data import datasets
from glassnet.data.dataset import Dataset
from glassnet.data.download import cache_folder, own_folder
from glassnet.data.meaning import Images, Inputs
from glassnet.data.pixels import Pixels
from glassnet.data.rows import Rows
from glassnet.errors import DataError, FileError, MissingExtraError
from glassnet.model.base import BaseModel
from glassnet.model.provenance import data_name, fits
from glassnet.types import Array

DRAWN = 1000
FROM_FILES = ("mnist", "fashion-mnist", "boston")
"""Data sets that may have to be downloaded; the others come with Glassnet."""


def rows_to_ask(model: BaseModel, given: Any) -> tuple[Array | Pixels, str]:
    """Choose the rows to ask, and say in words which they are."""
    if given is not None:
        x = given.x if isinstance(given, Rows) else given
        return _as_asked(model.inputs, x), f"the {len(x):,} rows given"
    data = _data_of(model)
    if data is not None:
        return _as_asked(model.inputs, data.test.x), f"the test part of {data.name}"
    return _drawn(model), "rows drawn within the range of the training data"


def _as_asked(inputs: Inputs, x: Any) -> Array | Pixels:
    if isinstance(x, Pixels):
        return x
    if not isinstance(inputs, Images):
        return np.asarray(x, np.float64)
    x = np.asarray(x)
    whole = np.rint(x * inputs.maximum) if x.dtype.kind == "f" else x
    return Pixels(whole.astype(np.uint8).reshape(len(x), -1), inputs.maximum)


def _data_of(model: BaseModel) -> Dataset | None:
    """The data set that a model learnt from, unless it would have to be downloaded."""
    name = data_name(model.provenance)
    if not name:
        return None
    for options in _places(name):
        with suppress(DataError, FileError, MissingExtraError):
            data = datasets.load(name, **options)
            if fits(data, model.inputs, model.outputs):
                return data
    return None


def _places(name: str) -> list[dict[str, Any]]:
    """Where a data set may lie, as options of `load`; one that comes with Glassnet needs none."""
    if name not in FROM_FILES:
        return [{}]
    own = own_folder(name)
    if name == "boston":
        return [{}] if own and any(own.iterdir()) else []
    folders = [own] if own else []
    with suppress(MissingExtraError):
        folders.append(cache_folder(name))
    return [{"folder": folder} for folder in folders]


def _drawn(model: BaseModel) -> Array | Pixels:
    """Draw rows: pictures of scattered ink, or features over the range of the training rows."""
    rng = np.random.default_rng(0)
    size = (DRAWN, model.inputs.size)
    if isinstance(model.inputs, Images):
        ink = rng.integers(0, model.inputs.maximum + 1, size) * (rng.random(size) < 0.2)
        return Pixels(ink.astype(np.uint8), model.inputs.maximum)
    first = model.network.nodes[0].layer
    if model.experience is not None:
        low, high = model.experience.low, model.experience.high
    elif first.standardizes:
        mean, std = (first.arrays()[name] for name in ("mean", "std"))
        low, high = mean - 2 * std, mean + 2 * std
    else:
        low, high = np.full(size[1], -1.0), np.full(size[1], 1.0)
    drawn: Array = rng.uniform(low, np.maximum(high, low), size)
    return drawn
