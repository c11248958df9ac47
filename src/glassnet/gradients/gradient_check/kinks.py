"""Kinks: where a function has no slope, or another one a hair's breadth away.

A central difference looks h to both sides. If a ReLU bends in between, it gives a mean of the two
slopes, and backward, which gives the slope at the point itself, is right. Two things tell a kink
from an error: with a smaller step the difference comes over to backward's number; or the slopes to
the left and to the right differ however small the step, and there is no derivative to compare.
"""

from __future__ import annotations

from glassnet.gradients.gradient_check.comparison import GradientComparison, Index, slope

SMALLER = (0.5, 1e-1, 1e-2, 1e-3, 1e-4)


def explained(comparison: GradientComparison, index: Index, h: float, tolerance: float) -> bool:
    """Say whether a kink, or a strong bend, near this number explains that the two differ."""
    return _comes_over(comparison, index, h, tolerance) or _at_kink(comparison, index, h)


def _comes_over(comparison: GradientComparison, index: Index, h: float, tolerance: float) -> bool:
    """Say whether a smaller step gives backward's number, clear of the noise of that step."""
    assert comparison.derived is not None
    a = float(comparison.derived[index])
    difference = abs(a - float(comparison.measured[index]))
    for factor in SMALLER:
        noise = comparison.noise(factor * h)
        m = slope(comparison.rows_at, index, factor * h)
        allowed = tolerance * max(abs(a), abs(m)) + noise
        if difference <= allowed + noise:  # so coarse that it could hide the difference
            return False
        if abs(a - m) <= allowed:
            return True
    return False


def _at_kink(comparison: GradientComparison, index: Index, h: float) -> bool:
    """Say whether the slopes to both sides stay apart: a bend's gap shrinks with the step."""
    wide, narrow = (_gap(comparison, index, factor * h) for factor in (1e-1, 1e-2))
    return narrow > 0.5 * wide and narrow > 4 * comparison.noise(1e-2 * h)


def _gap(comparison: GradientComparison, index: Index, h: float) -> float:
    here = comparison.rows_at(index, 0.0)
    right = (comparison.rows_at(index, h) - here).sum() / h
    left = (here - comparison.rows_at(index, -h)).sum() / h
    return float(abs(right - left))
