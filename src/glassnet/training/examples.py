"""From what people hand to `fit` to checked examples: rows, targets and what each row counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from glassnet.data.pixels import Pixels
from glassnet.data.rows import Rows
from glassnet.engines.base import Examples
from glassnet.errors import DataError, SettingError, ShapeError
from glassnet.nn.losses import Loss
from glassnet.nn.network import Network, match
from glassnet.types import Array

ClassWeight = Mapping[int, float] | Literal["balanced"] | None


def make_examples(
    network: Network,
    losses: Mapping[str, Loss],
    data: Rows | tuple[Any, Any],
    sample_weight: Any = None,
    class_weight: ClassWeight = None,
) -> Examples:
    """Check data against a network and its losses.

    data            Rows such as ``data.train``, or a pair (x, t); with several inputs or outputs, x
                    or t is a list or a dict by name
    sample_weight   (N,), how much each row counts, 0 or more
    class_weight    a weight for each class index, or "balanced": N / (K · rows of that class)

    Raises DataError, ShapeError or SettingError with what to do.
    """
    if not isinstance(data, Rows) and not (isinstance(data, tuple | list) and len(data) == 2):
        raise DataError(
            f"Data is expected as rows such as data.train, or as a pair (x, t), got a "
            f"{type(data).__name__}."
        )
    x, t = (data.x, data.t) if isinstance(data, Rows) else data
    given_x = match(tuple(network.inputs), x, "inputs")
    given_t = match(tuple(losses), t, "targets")
    first_t = next(iter(given_t.values()))
    checked = {name: Rows(value, first_t).x for name, value in given_x.items()}
    xs = {
        name: value if isinstance(value, Pixels) else np.asarray(value, network.dtype)
        for name, value in checked.items()
    }
    network.expect_inputs(xs)
    ts = network.targets(losses, t)
    rows = len(first_t)
    for name, target in ts.items():
        if len(target) != rows:
            raise ShapeError(f"{rows} rows came with {len(target)} targets for {name!r}.")
    weights = _sample_weights(sample_weight, rows)
    if class_weight is not None:
        of_class = _class_weights(class_weight, ts)
        weights = of_class if weights is None else weights * of_class
    return Examples(xs, ts, None if weights is None else weights.astype(network.dtype))


def _sample_weights(given: Any, rows: int) -> Array | None:
    if given is None:
        return None
    weights = np.asarray(given, np.float64)
    if weights.shape != (rows,):
        raise ShapeError(f"sample_weight expects one number a row, ({rows},), got {weights.shape}.")
    if not np.isfinite(weights).all() or weights.min() < 0 or not weights.any():
        raise DataError(
            "sample_weight expects finite numbers from 0, not all of them 0, "
            f"got values from {weights.min():g} to {weights.max():g}."
        )
    return weights


def _class_weights(given: Mapping[int, float] | str, ts: Mapping[str, Array]) -> Array:
    t = next(iter(ts.values()))
    if len(ts) > 1 or t.ndim != 1 or t.dtype.kind not in "iu":
        raise SettingError("class_weight needs one output whose targets are class indices.")
    if given == "balanced":
        present, inverse, counts = np.unique(t, return_inverse=True, return_counts=True)
        balanced: Array = (len(t) / (len(present) * counts))[inverse]
        return balanced
    if not isinstance(given, Mapping):
        raise SettingError(
            f"class_weight expects a dict {{class index: weight}} or 'balanced', got {given!r}."
        )
    lacking = sorted({int(k) for k in np.unique(t)} - set(given))
    if lacking:
        raise SettingError(f"class_weight has no weight for the classes {lacking}.")
    wrong = {k: w for k, w in given.items() if not (0 <= w < np.inf)}
    if wrong:
        raise SettingError(f"class_weight expects finite numbers from 0, got {wrong}.")
    table = np.zeros(max(given) + 1)
    table[list(given)] = list(given.values())
    return table[t]
