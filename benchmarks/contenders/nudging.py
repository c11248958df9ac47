"""The tutorial's numerical gradient: each parameter up and down, the whole loss each time.

As its text has it: float64, a sigmoid in two branches, a softmax that subtracts the row maximum,
and 1e-7 inside the logarithm. One parameter in forty is nudged, evenly over every array.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.arrays import Array, floats
from benchmarks.workloads import Workload

PART = 1 / 40
H = 1e-4


def _sigmoid(x: Array) -> Array:
    y = np.empty_like(x)
    positive = x >= 0
    y[positive] = 1 / (1 + np.exp(-x[positive]))
    e = np.exp(x[~positive])
    y[~positive] = e / (1 + e)
    return y


def _softmax(x: Array) -> Array:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    y: Array = e / e.sum(axis=1, keepdims=True)
    return y


def gradient(w: Workload, x: Array, t: Array) -> Callable[[], object]:
    rng = np.random.default_rng(0)
    D, M, K = w.sizes
    W1, b1, W2, b2 = (rng.standard_normal(shape) for shape in ((D, M), M, (M, K), K))
    rows, N = floats(x, "float64"), len(x)

    def loss() -> float:
        y = _softmax(_sigmoid(rows @ W1 + b1) @ W2 + b2)
        return float(-np.log(y[np.arange(N), t] + 1e-7).sum() / N)

    def differences(array: Array) -> Array:
        flat = array.reshape(-1)
        places = range(0, flat.size, round(1 / PART))
        slopes = np.zeros(len(places))
        for k, place in enumerate(places):
            value = flat[place]
            flat[place] = value + H
            above = loss()
            flat[place] = value - H
            below = loss()
            flat[place] = value
            slopes[k] = (above - below) / (2 * H)
        return slopes

    return lambda: [differences(array) for array in (W1, b1, W2, b2)]
