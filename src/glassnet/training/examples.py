"""From what people hand to `fit` to checked examples: rows, targets and what each row counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from glassnet.data.augment import Augment
from glassnet.data.pixels import Pixels
from glassnet.data.rows import Rows, in_precision
from glassnet.engines.base import Examples
from glassnet.errors import DataError, SettingError, ShapeError
from glassnet.nn.losses import Loss
from glassnet.nn.network import Network, match, row_weights
from glassnet.settings import expect_kind, inside
from glassnet.types import Array

Data = Rows | tuple[Any, Any]
"""Rows such as ``data.train``, or a pair (x, t) of arrays."""

ClassWeight = Mapping[int, float] | Literal["balanced"] | None


def make_examples(
    network: Network,
    losses: Mapping[str, Loss],
    data: Data,
    sample_weight: Any = None,
    class_weight: ClassWeight = None,
) -> Examples:
    """Check data against a network and its losses.

    data            Rows such as ``data.train``, or a pair (x, t); with several inputs or outputs, x
                    or t is a list or a dict by name
    sample_weight   (N,), how much each row counts, 0 or more
    class_weight    a weight for each class index, or "balanced": N / (K · rows of that class); the
                    classes of a single output are 0 and 1

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
        name: value if isinstance(value, Pixels) else in_precision("x", value, network.dtype)
        for name, value in checked.items()
    }
    network.expect_inputs(xs)
    ts = network.targets(losses, t)
    rows = len(first_t)
    for name, target in ts.items():
        if len(target) != rows:
            raise ShapeError(f"{rows} rows came with {len(target)} targets for {name!r}.")
    weights = _weights(sample_weight, class_weight, ts, rows)
    if weights is not None:
        weights = in_precision("sample_weight", weights, network.dtype)
    return Examples(xs, ts, weights)


def expect_classes(examples: Examples) -> None:
    """Raise DataError where several rows are all of one class."""
    for t in examples.ts.values():
        if t.ndim == 1 and len(t) > 1 and (t == t[0]).all():
            raise DataError(
                f"All {len(t)} rows are of class {t[0]}: there is nothing to tell apart. Add rows "
                "of another class."
            )


def expect_pictures(examples: Examples, augment: Augment | None) -> None:
    """Raise an error where what is to be drawn otherwise is not pictures, or `augment` is none."""
    expect_kind("augment", augment, Augment | None, "gn.Augment()")
    if augment is not None:
        if len(examples.xs) > 1:
            raise DataError(
                f"augment redraws the rows of one input, the network has {len(examples.xs)}: "
                f"{', '.join(examples.xs)}."
            )
        augment.sizes(next(iter(examples.xs.values())))


def of_epoch(examples: Examples, augment: Augment | None, seed: int, epoch: int) -> Examples:
    """Return the examples of an epoch: as they are, or their pictures drawn otherwise."""
    if augment is None:
        return examples
    drawn = {
        name: augment(x, seed=seed, epoch=epoch)
        for name, x in examples.xs.items()
        if isinstance(x, Pixels)
    }
    return replace(examples, xs=drawn)


def _weights(
    sample_weight: Any, class_weight: ClassWeight, ts: Mapping[str, Array], rows: int
) -> Array | None:
    """Return what each row counts: its own weight times its class's; None if there are none."""
    given = []
    if sample_weight is not None:
        given.append(row_weights(sample_weight, rows))
    if class_weight is not None:
        given.append(_class_weights(class_weight, ts))
    if not given:
        return None
    weights: Array = np.prod(given, axis=0)
    if not weights.any():
        raise DataError("Every row has the weight 0: there is nothing to learn from.")
    return weights


def _class_weights(given: Mapping[int, float] | str, ts: Mapping[str, Array]) -> Array:
    classes = _classes(next(iter(ts.values())))
    if len(ts) > 1 or classes is None:
        raise SettingError(
            "class_weight needs one output whose targets are classes: class indices, one-hot rows, "
            "or 0 and 1 for a single output."
        )
    present, inverse, counts = np.unique(classes, return_inverse=True, return_counts=True)
    if given == "balanced":
        of_class = len(classes) / (len(present) * counts)
    elif isinstance(given, Mapping):
        if lacking := [int(k) for k in present if k not in given]:
            raise SettingError(f"class_weight has no weight for the classes {lacking}.")
        if wrong := {k: w for k, w in given.items() if not inside("[0, inf)", w)}:
            raise SettingError(f"class_weight expects finite numbers from 0, got {wrong}.")
        of_class = np.array([given[int(k)] for k in present], np.float64)
    else:
        raise SettingError(
            f"class_weight expects a dict {{class index: weight}} or 'balanced', got {given!r}."
        )
    weights: Array = of_class[inverse]
    return weights


def _classes(t: Array) -> Array | None:
    """Return the class of each row, (N,), or None where targets are something else."""
    if t.ndim == 1 and t.dtype.kind in "iu":
        return t
    if t.ndim != 2 or not np.isin(t, (0, 1)).all():
        return None
    if t.shape[1] == 1:
        return t[:, 0].astype(np.intp)
    return np.argmax(t, axis=1) if (t.sum(axis=1) == 1).all() else None
