"""GradientComparison: a gradient that some backward gives, beside the same one measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from glassnet.types import Array

Index = tuple[int, ...]
RowsAt = Callable[[Index, float], Array]
"""What each row adds to the total, (N,), when the number at an index is moved by some amount."""

EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class GradientComparison:
    """What backward says the slopes of a total are, and what nudging says.

    layer       the layer, node or input, and
    array       which gradient of it: a parameter's name, "dx", or "dy" for a loss
    derived     from backward; None if it gave none
    measured    by central differences; NaN where it was not measured
    rows_at     the total, row by row, with one number moved
    scale       how large the numbers are that the total is made of
    """

    layer: str
    array: str
    derived: Array | None
    measured: Array
    rows_at: RowsAt
    scale: float

    def noise(self, h: float) -> float:
        """How far rounding alone can move a difference over 2h."""
        return 32 * EPSILON * max(self.scale, 1.0) / h

    def errors(self, h: float, tolerance: float) -> Array:
        """Return the relative errors, |a - m| / (max(|a|, |m|) + noise / tolerance).

        So an error is within the tolerance where |a - m| ≤ tolerance · max(|a|, |m|) + noise. Where
        nothing was measured there is none; where backward gives no finite number it is infinite.
        """
        a, m = self.derived, self.measured
        assert a is not None
        larger = np.maximum(np.abs(a), np.abs(m))
        with np.errstate(invalid="ignore"):
            errors = np.abs(a - m) / (larger + self.noise(h) / tolerance)
        errors = np.where(np.isfinite(a), errors, np.inf)
        known: Array = np.where(np.isnan(m), 0.0, errors)
        return known


def slope(rows_at: RowsAt, index: Index, h: float) -> float:
    """Measure the slope of the total in one number, by the central difference over 2h."""
    return float((rows_at(index, h) - rows_at(index, -h)).sum() / (2 * h))


def largest(x: Array) -> float:
    """Return the size of the largest number."""
    return float(np.abs(x).max(initial=0.0))
