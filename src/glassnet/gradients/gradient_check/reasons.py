"""Reasons: what a wrong gradient looks like when a common mistake made it.

Each function here tries one mistake on the numbers and returns what it found in words, or "".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from glassnet.types import Array

CLOSE = 1e-4
"""How well a pattern has to fit, relative to the largest number."""


@dataclass(frozen=True, eq=False)
class Suspect:
    """A gradient that is wrong.

    name        how backward speaks of it: "W", "dx", …
    derived     what backward gave, or None
    measured    what it should be; NaN where it was not measured
    rows        of the batch
    dy          the gradient that reached the layer, where there is one
    """

    name: str
    derived: Array | None
    measured: Array
    rows: int
    dy: Array | None = None

    def pair(self) -> tuple[Array, Array]:
        """Return both, as rows of numbers, where they can be compared."""
        assert self.derived is not None
        known = np.isfinite(self.measured)
        return self.derived[known], self.measured[known]


def why(suspect: Suspect) -> str:
    """Return the first reason that fits, or an empty text."""
    tried = SHAPES if _misshapen(suspect) else NUMBERS
    return next(filter(None, (reason(suspect) for reason in tried)), "")


def missing(s: Suspect) -> str:
    """Nothing came."""
    if s.derived is not None:
        return ""
    if s.name.startswith("dx"):
        return "backward returns no dx. Return the loss's gradient with respect to x."
    return f"backward sets no gradient of it. Call frame.grad({s.name}=...) there."


def not_summed(s: Suspect) -> str:
    """One entry a row came."""
    assert s.derived is not None
    if s.derived.shape != (s.rows, *s.measured.shape) or not _same(s, s.derived.sum(axis=0)):
        return ""
    return "it was not summed over the rows: one entry a row came. Sum it over axis 0."


def other_way_round(s: Suspect) -> str:
    """Rows and columns changed places."""
    assert s.derived is not None
    transposed = s.derived.ndim > 1 and s.derived.T.shape == s.measured.shape
    return "it is transposed." if transposed and _same(s, s.derived.T) else ""


def misshapen(s: Suspect) -> str:
    """Whatever else has another shape."""
    assert s.derived is not None
    return f"its shape is {s.derived.shape}; that of the array is {s.measured.shape}."


def no_number(s: Suspect) -> str:
    """NaN or infinity came."""
    a, _ = s.pair()
    lost = np.count_nonzero(~np.isfinite(a))
    return f"{lost} of its numbers are NaN or infinite." if lost else ""


def zeros(s: Suspect) -> str:
    """Nothing but zeros came."""
    a, _ = s.pair()
    return "" if a.any() else "it is 0 everywhere: the gradient stops here."


def factor(s: Suspect) -> str:
    """All numbers are off by the same factor: a sign, the count of rows, a forgotten 2."""
    a, m = s.pair()
    ratio = _ratio(a, m)
    if ratio is None:
        return ""
    if abs(ratio + 1) < CLOSE:
        return "its sign is wrong: every number is -1 times what it should be."
    every = f"every number is {ratio:.5g} times what it should be"
    if abs(ratio - s.rows) < CLOSE * s.rows:
        return f"it is not divided by the number of rows: {every}, and the batch has {s.rows} rows."
    if abs(ratio * s.rows - 1) < CLOSE:
        return (
            f"it is divided by the number of rows once too often: {every}, and the batch has "
            f"{s.rows} rows. The mean over them is in dl already; sum here."
        )
    return f"a factor is wrong: {every}."


def wrong_axis(s: Suspect) -> str:
    """A sum went over the outputs, or over nothing."""
    if s.measured.ndim != 1 or s.dy is None or s.dy.ndim != 2:
        return ""
    assert s.derived is not None
    if s.dy.shape[1] == s.dy.shape[0] and _equal(s.derived, s.dy.sum(axis=1)):
        return "it was summed over the wrong axis: over the outputs. Sum dy over the rows, axis 0."
    if any(_equal(s.derived, row) for row in s.dy):
        return "it is that of one row of the batch. Sum dy over the rows, axis 0."
    return ""


def no_mask(s: Suspect) -> str:
    """Numbers came through that forward holds back."""
    a, m = s.pair()
    passes = np.abs(m) > CLOSE * np.abs(m).max(initial=0)
    if passes.all() or not passes.any() or not a[~passes].any():
        return ""
    ratio = 1.0 if _equal(a[passes], m[passes]) else _ratio(a[passes], m[passes])
    if ratio is None:
        return ""
    also = "" if ratio == 1 else f" (and elsewhere it is {ratio:.4g} times what it should be)"
    blocked = 1 - passes.mean()
    return (
        f"a mask is missing: {100 * blocked:.0f} % of the numbers should be 0, where forward lets "
        f"nothing through, as ReLU and dropout do{also}."
    )


def factor_of_column(s: Suspect) -> str:
    """Each column is off by a factor of its own."""
    if s.measured.ndim != 2 or s.measured.shape[0] < 2 or not np.isfinite(s.measured).all():
        return ""
    assert s.derived is not None
    ratios = [_ratio(a, m) for a, m in zip(s.derived.T, s.measured.T, strict=True)]
    known = [ratio for ratio in ratios if ratio is not None]
    if len(known) < len(ratios):
        return ""
    return (
        "each column has a factor of its own, from "
        f"{min(known):.4g} to {max(known):.4g}: something that differs from unit to unit, such as "
        "a parameter, is missing or there twice."
    )


Reason = Callable[[Suspect], str]
SHAPES: tuple[Reason, ...] = (missing, not_summed, other_way_round, misshapen)
NUMBERS: tuple[Reason, ...] = (
    no_number, zeros, factor, other_way_round, wrong_axis, no_mask, factor_of_column,
)  # fmt: skip


def _misshapen(s: Suspect) -> bool:
    return s.derived is None or s.derived.shape != s.measured.shape


def _same(s: Suspect, other: Array) -> bool:
    known = np.isfinite(s.measured)
    return _equal(other[known], s.measured[known])


def _equal(a: Array, b: Array) -> bool:
    if a.shape != b.shape:
        return False
    return bool(np.abs(a - b).max(initial=0) <= CLOSE * max(np.abs(b).max(initial=0), 1e-12))


def _ratio(a: Array, m: Array) -> float | None:
    """Return r where a = r m in every number, or None; the least-squares r has to fit them all."""
    size = float(np.vdot(m, m))
    if size == 0:
        return None
    ratio = float(np.vdot(a, m)) / size
    return ratio if ratio and _equal(a, ratio * m) else None
