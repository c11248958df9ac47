"""The tutorial's way: a list of matrices, and backpropagation for one column vector at a time."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from benchmarks.workloads import Workload
from glassnet.types import Array

LABEL = "one sample at a time, NumPy"


def _sigmoid(z: Array) -> Array:
    a: Array = 1.0 / (1.0 + np.exp(-z))
    return a


class Net:
    def __init__(self, sizes: tuple[int, ...]) -> None:
        rng = np.random.default_rng(0)
        self.weights = [rng.standard_normal((m, d)) for d, m in pairwise(sizes)]
        self.biases = [rng.standard_normal((m, 1)) for m in sizes[1:]]

    def feedforward(self, a: Array) -> Array:
        for W, b in zip(self.weights, self.biases, strict=True):
            a = _sigmoid(W @ a + b)
        return a

    def gradients(self, x: Array, t: Array) -> tuple[list[Array], list[Array]]:
        activations, slopes = [x], []
        for W, b in zip(self.weights, self.biases, strict=True):
            a = _sigmoid(W @ activations[-1] + b)
            slopes.append(a * (1 - a))
            activations.append(a)
        delta = (activations[-1] - t) * slopes[-1]
        of_weights, of_biases = [delta @ activations[-2].T], [delta]
        for layer in range(len(self.weights) - 2, -1, -1):
            delta = (self.weights[layer + 1].T @ delta) * slopes[layer]
            of_weights.insert(0, delta @ activations[layer].T)
            of_biases.insert(0, delta)
        return of_weights, of_biases

    def update(self, batch: list[tuple[Array, Array]], rate: float) -> None:
        sum_w = [np.zeros_like(W) for W in self.weights]
        sum_b = [np.zeros_like(b) for b in self.biases]
        for x, t in batch:
            of_weights, of_biases = self.gradients(x, t)
            sum_w = [s + g for s, g in zip(sum_w, of_weights, strict=True)]
            sum_b = [s + g for s, g in zip(sum_b, of_biases, strict=True)]
        step = rate / len(batch)
        self.weights = [W - step * s for W, s in zip(self.weights, sum_w, strict=True)]
        self.biases = [b - step * s for b, s in zip(self.biases, sum_b, strict=True)]


def epoch(w: Workload, x: Array, t: Array) -> Callable[[], object] | None:
    if w.rule != "sgd":
        return None  # the tutorial has no Adam
    net, targets = Net(w.sizes), np.eye(10)[t][:, :, None]
    rows = [(row[:, None] / 255, target) for row, target in zip(x, targets, strict=True)]
    rng = np.random.default_rng(0)

    def work() -> None:
        order = rng.permutation(len(rows))
        for start in range(0, len(rows), w.batch):
            net.update([rows[i] for i in order[start : start + w.batch]], w.rate)

    return work


def answer(w: Workload, x: Array, _: Array) -> Callable[[], object]:
    net, columns = Net(w.sizes), [row[:, None] / 255 for row in x]
    return lambda: [net.feedforward(column) for column in columns]
