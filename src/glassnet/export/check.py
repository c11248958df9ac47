"""Check: that a page which is about to be kept answers as its model does."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from glassnet.data.meaning import Classes
from glassnet.data.pixels import Pixels
from glassnet.errors import FileError
from glassnet.export.node import answers_by_node, node
from glassnet.export.packing import unpacked
from glassnet.export.rows import rows_to_ask
from glassnet.model.base import BaseModel
from glassnet.model.experience import ARRAYS, Experience
from glassnet.types import Array

TOLERANCE = 1e-6
"""How far a page's answer may be from its model's: see `_scales`."""

DOCUMENT = re.compile(r'<script type="application/json" id="model">(.*?)</script>', re.DOTALL)


@dataclass(frozen=True)
class Check:
    """What was looked at before a page was kept.

    rows        how many rows it was asked
    which       which rows these are, in words
    by          "node": the page's own program answered, under Node; "python": no Node was there,
                so its weights were read back and Python computed with them
    apart       how far its answers are from the model's: of probabilities the difference, of
                values the difference relative to their size
    furthest    the same from the model computed in double precision, as the page computes, and of
                the unlikeness as well: it is this that must be within TOLERANCE

    What `apart` has more than `furthest` is the model's own rounding, in float32: about 1e-6 where
    the network is large, and no fault of the page.
    """

    rows: int
    which: str
    by: str
    apart: float
    furthest: float


def check(text: str, model: BaseModel, rows: Any = None) -> Check:
    """Ask a page and its model the same rows.

    text    the page
    rows    rows as data sets give them; unless given, the test part of the data set that the model
            learnt from where it is on this machine, else rows drawn within its range

    Raises FileError if an answer differs by more than TOLERANCE, or the page's program fails.
    """
    x, which = rows_to_ask(model, rows)
    exact, own = _exact_figures(model, x), _figures(model, x)
    scales = _scales(model, exact)
    program = node()
    if program is None:
        found = _exact_figures(_read_back(text), x)
    else:
        found = answers_by_node(program, text, x, exact.shape[1])
    furthest = _furthest(found, exact, scales)
    if not furthest <= TOLERANCE:  # NaN is no agreement
        n = int(np.argmax((np.abs(found - exact) / scales).max(axis=1)))
        raise FileError(
            f"The page was not kept: its answer to row {n} of {which} is {furthest:.3g} from the "
            f"model's, and {TOLERANCE:g} is allowed. This is a defect of Glassnet: please report "
            "it with the model."
        )
    by = "node" if program else "python"
    K = exact.shape[1] - (model.experience is not None)
    apart = _furthest(found[:, :K], own[:, :K], scales[:, :K])
    return Check(len(x), which, by, apart, furthest)


def _figures(model: BaseModel, x: Array | Pixels) -> Array:
    """The probabilities or values, then, if there is an experience, the unlikeness: (N, K)."""
    classes = isinstance(model.outputs, Classes)
    told = model.predict_proba(x) if classes else model.predict(x)
    return _with_unlikeness(told, model.experience, x)


def _exact_figures(model: BaseModel, x: Array | Pixels) -> Array:
    """The same, computed in double precision from rows in the model's own."""
    exact = BaseModel(model.network.astype("float64"), model.inputs, model.outputs)
    told = _figures(exact, np.asarray(x, model.network.dtype))
    experience = model.experience
    if experience is not None:
        x = np.asarray(x, experience.axes.dtype)
        arrays: Any = {name: getattr(experience, name).astype(np.float64) for name in ARRAYS}
        experience = replace(experience, **arrays)
    return _with_unlikeness(told, experience, x)


def _with_unlikeness(told: Array, experience: Experience | None, x: Array | Pixels) -> Array:
    told = told.astype(np.float64)
    if experience is None:
        return told
    return np.concatenate([told, experience.unlikeness(x).astype(np.float64)[:, None]], axis=1)


def _scales(model: BaseModel, exact: Array) -> Array:
    """What a difference is measured by: 1 for probabilities; for values their own size, or how much
    they vary if that is more; for unlikeness its size, from 1.
    """
    scales = np.ones_like(exact)
    if not isinstance(model.outputs, Classes):
        M = model.outputs.size
        least = np.asarray(model.outputs.std or (1.0,) * M)
        scales[:, :M] = np.maximum(np.abs(exact[:, :M]), least)
    if model.experience is not None:
        scales[:, -1] = np.maximum(exact[:, -1], 1)
    return scales


def _furthest(found: Array, exact: Array, scales: Array) -> float:
    apart = np.where(found == exact, 0, np.abs(found - exact))  # infinite both: the same
    return float((apart / scales).max())


def _read_back(text: str) -> BaseModel:
    """Take the model out of a page. Raises FileError if it is not there."""
    found = DOCUMENT.search(text)
    if found is None:
        raise FileError("The page was not kept: it holds no model.")
    document: Mapping[str, Any] = json.loads(found[1])
    return unpacked(document)
