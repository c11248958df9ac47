"""The tutorial's graph: node objects that know the nodes before them, one sample at a time.

Every node keeps its value and what arrives from behind, the gradients of its inputs by node; one
call goes through all of them forward, then backward, then every trainable node is moved.
"""

from __future__ import annotations

import numpy as np

from benchmarks.arrays import Array, floats
from benchmarks.weights import weights
from benchmarks.workloads import Workload


class Node:
    def __init__(self, *inputs: Node) -> None:
        self.inputs = inputs
        self.outputs: list[Node] = []
        self.value: Array = np.zeros(())
        self.gradients: dict[Node, Array] = {}
        for node in inputs:
            node.outputs.append(self)

    def arriving(self) -> Array:
        """Add up what the nodes after this one say of it."""
        total = np.zeros_like(self.value)
        for node in self.outputs:
            total = total + node.gradients[self]
        return total

    def forward(self) -> None:
        raise NotImplementedError

    def backward(self) -> None:
        raise NotImplementedError


class Placeholder(Node):
    """What is fed from outside, or learnt: its value is set."""

    def forward(self) -> None:
        pass

    def backward(self) -> None:
        self.gradients[self] = self.arriving()


class Linear(Node):
    def forward(self) -> None:
        x, W, b = (node.value for node in self.inputs)
        self.value = np.dot(x, W) + b

    def backward(self) -> None:
        (x, W, b), delta = self.inputs, self.arriving()
        self.gradients = {
            x: np.dot(delta, W.value.T),
            W: np.dot(x.value.T, delta),
            b: np.sum(delta, axis=0),
        }


class Sigmoid(Node):
    def forward(self) -> None:
        self.value = 1.0 / (1.0 + np.exp(-self.inputs[0].value))

    def backward(self) -> None:
        slope = self.value * (1 - self.value)
        self.gradients[self.inputs[0]] = self.arriving() * slope


class HalfSquaredError(Node):
    def forward(self) -> None:
        y, t = (node.value for node in self.inputs)
        self.value = 0.5 * np.mean(np.sum((y - t) ** 2, axis=1))

    def backward(self) -> None:
        y, t = self.inputs
        self.gradients = {y: (y.value - t.value) / len(y.value), t: np.zeros_like(t.value)}


class Learner:
    note = ""

    def __init__(self, w: Workload, x: Array, t: Array, seed: int = 0) -> None:
        self.w, self.rows, self.targets = w, floats(x, "float64"), t.astype(float)
        self.rng = np.random.default_rng(seed)
        self.x, self.t = Placeholder(), Placeholder()
        self.learnt: list[Node] = []
        self.nodes: list[Node] = [self.x, self.t]
        self.y: Node = self.x
        for W, b in weights(w, seed):
            if self.learnt:
                self.nodes.append(self._bend())
            own = Placeholder(), Placeholder()
            own[0].value, own[1].value = W.astype(float), b.astype(float)
            self.y = Linear(self.y, *own)
            self.learnt += own
            self.nodes += [*own, self.y]
        self.loss = HalfSquaredError(self.y, self.t)

    def _bend(self) -> Node:
        self.y = Sigmoid(self.y)
        return self.y

    def learn(self) -> None:
        order = np.arange(len(self.rows))
        if self.w.shuffle:
            order = self.rng.permutation(order)
        forward = [*self.nodes, self.loss]
        backward = forward[::-1]
        for i in order:
            self.x.value, self.t.value = self.rows[i : i + 1], self.targets[i : i + 1]
            for node in forward:
                node.forward()
            for node in backward:
                node.backward()
            for node in self.learnt:
                node.value = node.value - self.w.rate * node.gradients[node]

    def answers(self, rows: Array) -> Array:
        self.x.value = rows
        for node in self.nodes:
            node.forward()
        return self.y.value


learner = Learner
