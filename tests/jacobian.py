"""The slope of any function of arrays, by nudging: what every backward method is held to."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from glassnet.types import Array

H = float(np.finfo(np.float64).eps) ** (1 / 3)
"""The nudge for numbers near 1, in float64: a central difference errs by h² y‴/6 from its bend and
by ε y / h from rounding, both about 1e-11 here."""


def jacobian(function: Callable[[Array], Array], x: Array) -> Array:
    """∂yᵢ/∂xⱼ by central differences: (numbers in y, numbers in x), in float64."""
    columns = []
    for j in range(x.size):
        low, high = x.copy(), x.copy()
        h = H * max(1.0, abs(float(x.flat[j])))
        low.flat[j] -= h
        high.flat[j] += h
        difference = np.array(function(high)) - function(low)
        columns.append(difference.ravel() / (high.flat[j] - low.flat[j]))
    return np.stack(columns, axis=1)


def assert_close(actual: Array, expected: Array, tolerance: float = 1e-6) -> None:
    """Assert equality of shape, and of every entry to `tolerance` of the largest one."""
    assert actual.shape == expected.shape
    largest = np.abs(expected).max(initial=0.0) or 1.0
    np.testing.assert_allclose(actual / largest, expected / largest, rtol=0, atol=tolerance)
