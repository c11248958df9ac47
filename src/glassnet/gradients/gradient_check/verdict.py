"""Verdict on a comparison: the number that is furthest off, unless a kink explains it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glassnet.gradients.gradient_check.comparison import GradientComparison, Index
from glassnet.gradients.gradient_check.kinks import explained


@dataclass(frozen=True)
class Verdict:
    """How far a comparison is off.

    passed      whether every number that was measured is within the tolerance, or explained
    index       of the worst number, or () if backward gave no array of the right shape
    error       relative, of that number
    kinks       how many numbers were off because of a kink within the step
    """

    passed: bool
    index: Index
    error: float
    kinks: int = 0


def verdict_on(comparison: GradientComparison, h: float, tolerance: float) -> Verdict:
    """Compare number by number, the worst first, and stop at the first that is wrong."""
    if comparison.derived is None or comparison.derived.shape != comparison.measured.shape:
        return Verdict(False, (), float("inf"))
    errors = comparison.errors(h, tolerance)
    kinks = 0
    for place in np.argsort(-errors, axis=None, kind="stable"):
        index: Index = tuple(int(i) for i in np.unravel_index(place, errors.shape))
        error = float(errors[index])
        if error <= tolerance:
            return Verdict(True, index, error, kinks)
        if not (np.isfinite(error) and explained(comparison, index, h, tolerance)):
            return Verdict(False, index, error, kinks)
        kinks += 1
    return Verdict(True, (), 0.0, kinks)
