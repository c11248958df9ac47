"""Rows of numbers with their targets: what a network learns from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from glassnet.data.pixels import Indices, Pixels, gather
from glassnet.errors import DataError, short
from glassnet.types import Array


@dataclass(frozen=True, eq=False)
class Rows:
    """Inputs x and their targets t, row by row.

    x: (N, D), or (N, ...) for rows of another shape; floats, whole numbers or Pixels
    t: (N,) whole numbers, the classes; or (N, M) floats, the values

    Raises DataError for no rows, another number of rows in x than in t, and anything that is not a
    finite number.
    """

    x: Array | Pixels
    t: Array

    def __post_init__(self) -> None:
        if not isinstance(self.x, Pixels):
            object.__setattr__(self, "x", numbers("x", self.x))
        object.__setattr__(self, "t", numbers("t", self.t))
        if self.x.ndim < 2:
            raise DataError(
                f"x expects two axes, rows and columns, got shape {self.x.shape}. "
                "Use x.reshape(-1, 1) for a single column."
            )
        if len(self.x) != len(self.t):
            raise DataError(f"x has {len(self.x)} rows, but t has {len(self.t)}: expected as many.")

    def __len__(self) -> int:
        return len(self.t)

    def batch(self, indices: Indices, dtype: DTypeLike = np.float32) -> tuple[Array, Array]:
        """The chosen rows as a network takes them: x and float t in `dtype`, classes as they are.

        indices: (B,) or a slice   x: (B, D)   t: (B,) or (B, M)
        """
        if isinstance(self.x, Pixels):
            x = self.x.batch(indices, dtype)
        else:
            x = gather(self.x, indices).astype(dtype, copy=False)
        t = gather(self.t, indices)
        return x, t.astype(dtype, copy=False) if t.dtype.kind == "f" else t

    def take(self, indices: Indices) -> Rows:
        """The chosen rows as they are stored; Pixels stay bytes."""
        x = self.x.rows(indices) if isinstance(self.x, Pixels) else gather(self.x, indices)
        return Rows(x, gather(self.t, indices))

    def __repr__(self) -> str:
        return f"Rows(x={self.x.dtype}{list(self.x.shape)}, t={self.t.dtype}{list(self.t.shape)})"


def one_hot(t: ArrayLike, classes: int, dtype: DTypeLike = np.float32) -> Array:
    """Class k as a row of zeros with a one at place k.

        yₙₖ = 1 if tₙ = k else 0       t: (N,) whole numbers in 0..classes-1   y: (N, classes)

    Raises DataError for targets that are not classes.
    """
    t = np.asarray(t)
    check_classes(t, classes)
    y = np.zeros((len(t), classes), dtype)
    y[np.arange(len(t)), t] = 1
    return y


def check_classes(t: Array, classes: int) -> None:
    """Raise DataError unless t is (N,) whole numbers in 0..classes-1."""
    if t.ndim != 1 or t.dtype.kind not in "iu":
        raise DataError(
            f"Classes are whole numbers of shape (N,), got {t.dtype} of shape {t.shape}."
        )
    outside = np.flatnonzero((t < 0) | (t >= classes))
    if outside.size:
        raise DataError(
            f"{outside.size} targets lie outside the classes 0..{classes - 1}, "
            f"the first at row {outside[0]}: {t[outside[0]]}."
        )


def numbers(name: str, values: ArrayLike) -> Array:
    """The values as an array of finite real numbers with at least one row.

    Raises DataError with the place and what to do.
    """
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise DataError(f"{name} expects rows of one length: {error}.") from error
    if array.dtype.kind == "b":
        array = array.astype(np.int64)
    if array.dtype.kind not in "iuf":
        raise DataError(
            f"{name} expects numbers, got an array of {array.dtype}. "
            "Turn texts and categories into numbers first."
        )
    if array.ndim == 0 or len(array) == 0:
        raise DataError(f"{name} expects at least one row, got shape {array.shape}.")
    if array.dtype.kind == "f":
        _check_finite(name, array)
    return array


def in_precision(name: str, array: Array, dtype: DTypeLike) -> Array:
    """The finite numbers of an array in `dtype`. Raises DataError where one is too large for it."""
    with np.errstate(over="ignore"):
        cast = np.asarray(array, dtype)
    finite = np.isfinite(cast)
    if not finite.all():
        place, where = _first(~finite)
        raise DataError(
            f"{name} holds numbers that are too large for {cast.dtype}, the first at {where}: "
            f"{array[place]:g}. Scale them, or compute in float64."
        )
    return cast


def moments(name: str, values: ArrayLike) -> tuple[Array, Array]:
    """The mean and the standard deviation of each column; 1 where a column is constant.

    Constant is what has no range: the deviation of a hundred times 0.1 comes out as 10⁻¹⁷, not 0.
    """
    x = np.asarray(numbers(name, values), np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        mean, std = x.mean(axis=0), x.std(axis=0)
    if not np.isfinite(std).all():
        raise DataError(f"{name} holds numbers whose squares are too large. Scale them.")
    return mean, np.where(np.ptp(x, axis=0) > 0, std, 1.0)


def in_order(rows: Any, names: Sequence[str]) -> Any:
    """The columns of a table such as pandas', in the order in which they are meant.

    What has no names for its columns is left as it is. Raises DataError where they are others.
    """
    columns = list(getattr(rows, "columns", ()))
    if not columns or not all(isinstance(column, str) for column in columns):
        return rows
    if Counter(columns) != Counter(names):
        raise DataError(
            f"The table has the columns {short(columns)}, expected {short(list(names))}, of which "
            f"it lacks {short(sorted(set(names) - set(columns)))}. Name and choose its columns so, "
            "or give table.to_numpy() to go by their order."
        )
    return rows[list(names)]


def named_in_order(row: Any, names: Sequence[str]) -> Any:
    """The numbers of one row that has names for them, such as a dict, in the order that is meant.

    What has no names is left as it is, a table too. Raises DataError where they are others.
    """
    if hasattr(row, "columns") or not callable(getattr(row, "keys", None)):
        return row
    keys = list(row.keys())
    if not all(isinstance(key, str) for key in keys):
        return row
    if Counter(keys) != Counter(names):
        raise DataError(
            f"The row has the names {short(keys)}, expected {short(list(names))}, of which it "
            f"lacks {short(sorted(set(names) - set(keys)))}."
        )
    return [row[name] for name in names]


def _check_finite(name: str, array: Array) -> None:
    finite = np.isfinite(array)
    if finite.all():
        return
    place, where = _first(~finite)
    raise DataError(
        f"{name} is NaN or infinite in {finite.size - np.count_nonzero(finite)} of {finite.size} "
        f"numbers, the first at {where}: {array[place]}. Fill them in or drop their rows."
    )


def _first(chosen: Array) -> tuple[tuple[int, ...], str]:
    """The first place that is chosen, and its name for people."""
    row, *place = (int(index) for index in np.argwhere(chosen)[0])
    return (row, *place), f"row {row}" + (f", column {', '.join(map(str, place))}" if place else "")
