"""The weights from which every contender starts."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from benchmarks.arrays import Array
from benchmarks.workloads import Workload


def weights(w: Workload, seed: int = 0) -> list[tuple[Array, Array]]:
    """Draw W: (D, M) and b: (M,) of each layer: Glorot's uniform weights, biases of 0."""
    rng = np.random.default_rng(seed)
    layers = []
    for d, m in pairwise(w.sizes):
        limit = np.sqrt(6 / (d + m))
        layers.append((rng.uniform(-limit, limit, (d, m)).astype(w.dtype), np.zeros(m, w.dtype)))
    return layers
