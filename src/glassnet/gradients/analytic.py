"""The array namespace of the complex step: NumPy, as far as it is analytic."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.errors import SettingError
from glassnet.types import Array

KINKED = ("abs", "clip", "maximum", "minimum", "sign", "where")


class AnalyticNamespace:
    """NumPy, with what it defines otherwise for complex numbers continued from the real line.

    NumPy's `var` and `vecdot` conjugate, which is not analytic, and its `logaddexp` takes no
    complex numbers. Functions with a kink have no derivative there to continue: they are refused.
    """

    def __getattr__(self, name: str) -> Any:
        if name in KINKED:
            raise SettingError(
                f"The complex step needs functions that are analytic, and {name} is not: this "
                "network or its loss has a kink, as ReLU has. Use method='fast'."
            )
        return getattr(np, name)

    @staticmethod
    def var(x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
        """Return the mean of (x - mean)²."""
        e = x - np.mean(x, axis=axis, keepdims=True)
        var: Array = np.mean(e * e, axis=axis, keepdims=keepdims)
        return var

    @staticmethod
    def vecdot(a: Array, b: Array) -> Array:
        """Return Σ a b along the last axis."""
        dot: Array = np.sum(a * b, axis=-1)
        return dot

    @staticmethod
    def logaddexp(a: Array, b: Array | float) -> Array:
        """Return ln(eᵃ + eᵇ), the larger real part taken out."""
        m = np.maximum(np.real(a), np.real(b))
        sum_: Array = m + np.log(np.exp(a - m) + np.exp(b - m))
        return sum_
