"""The tutorial's eleven lines: two matrices, four rows, and the sum of their updates."""

from __future__ import annotations

import numpy as np

from benchmarks.arrays import Array
from benchmarks.weights import weights
from benchmarks.workloads import Workload


class Learner:
    note = ""

    def __init__(self, w: Workload, x: Array, t: Array, seed: int = 0) -> None:
        (self.W1, _), (self.W2, _) = weights(w, seed)
        self.w, self.x, self.t = w, x, t

    def learn(self) -> None:
        x, t, W1, W2 = self.x, self.t, self.W1, self.W2
        for _ in range(self.w.passes):
            a1 = 1 / (1 + np.exp(-np.dot(x, W1)))
            a2 = 1 / (1 + np.exp(-np.dot(a1, W2)))
            delta2 = (t - a2) * (a2 * (1 - a2))
            delta1 = delta2.dot(W2.T) * (a1 * (1 - a1))
            W2 += a1.T.dot(delta2)
            W1 += x.T.dot(delta1)

    def answers(self, rows: Array) -> Array:
        a1 = 1 / (1 + np.exp(-np.dot(rows, self.W1)))
        y: Array = 1 / (1 + np.exp(-np.dot(a1, self.W2)))
        return y


learner = Learner
