"""The tutorial's way: a list of matrices, and backpropagation for one column vector at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.arrays import Array, floats
from benchmarks.weights import weights
from benchmarks.workloads import Workload


def _sigmoid(z: Array) -> Array:
    a: Array = 1.0 / (1.0 + np.exp(-z))
    return a


class Net:
    def __init__(self, w: Workload, seed: int = 0) -> None:
        start = weights(w, seed)
        self.weights = [W.T.astype(float) for W, _ in start]
        self.biases = [b[:, None].astype(float) for _, b in start]

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


class Learner:
    note = ""

    def __init__(self, w: Workload, x: Array, t: Array, seed: int = 0) -> None:
        self.w, self.net = w, Net(w, seed)
        columns = floats(x, "float64")[:, :, None]
        self.rows = list(zip(columns, t.astype(float)[:, :, None], strict=True))
        self.rng = np.random.default_rng(seed)

    def learn(self) -> None:
        order = np.arange(len(self.rows))
        if self.w.shuffle:
            order = self.rng.permutation(order)
        for start in range(0, len(order), self.w.batch):
            batch = [self.rows[i] for i in order[start : start + self.w.batch]]
            self.net.update(batch, self.w.rate)

    def answers(self, rows: Array) -> Array:
        return np.array([self.net.feedforward(row[:, None])[:, 0] for row in rows])


learner = Learner


def answer(w: Workload, x: Array, _: Array) -> Callable[[], object]:
    net, columns = Net(w), floats(x, "float64")[:, :, None]
    return lambda: [net.feedforward(column) for column in columns]
