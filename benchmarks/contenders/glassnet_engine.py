"""Glassnet, with any of its engines."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

import glassnet as gn
from benchmarks.arrays import Array, floats
from benchmarks.weights import weights
from benchmarks.workloads import Workload
from glassnet.engines import NativePredictor

COPIES = 1_000  # so many full batches make an epoch


def network(w: Workload, seed: int = 0) -> gn.Network:
    bend = {"sigmoid": gn.Sigmoid, "relu": gn.ReLU}[w.activation]
    layers: list[gn.Layer] = []
    for units in w.sizes[1:]:
        layers += [gn.Dense(units, bias=w.bias), bend()]
    layers = layers if w.squashed else layers[:-1]
    net = gn.Sequential(layers, input_shape=w.sizes[0], seed=seed, dtype=w.dtype)
    arrays = [array for W, b in weights(w, seed) for array in ((W, b) if w.bias else (W,))]
    net.load_parameters(dict(zip(net.parameters(), arrays, strict=True)))
    return net


class Learner:
    note = ""

    def __init__(self, engine: str, w: Workload, x: Array, t: Array, seed: int = 0) -> None:
        self.w, self.net = w, network(w, seed)
        self.trainer = gn.Trainer(
            self.net,
            gn.HalfSquaredError() if w.loss == "half squared" else gn.SoftmaxCrossEntropy(),
            gn.SGD(w.rate) if w.rule == "sgd" else gn.Adam(w.rate),
            engine=engine,
        )
        copies = math.gcd(COPIES, w.passes) if w.full_batch else 1
        x, t = (np.tile(x, (copies, 1)), np.tile(t, (copies, 1))) if copies > 1 else (x, t)
        self.data = (gn.Pixels(x) if x.dtype == np.uint8 else x, t)
        self.epochs = w.passes // copies

    def learn(self) -> None:
        self.trainer.fit(
            self.data,
            epochs=self.epochs,
            batch_size=self.w.batch,
            shuffle=self.w.shuffle,
            progress=False,
            train_metrics=False,
        )

    def answers(self, rows: Array) -> Array:
        y: Array = self.net(rows)
        return y


def answer(engine: str, w: Workload, x: Array, _: Array) -> Callable[[], object]:
    respond, rows = predictor(engine, network(w)), floats(x)
    return lambda: respond(rows)


def predictor(engine: str, net: gn.Network) -> Callable[[Array], Array]:
    """Return how an engine answers."""
    return NativePredictor(net) if engine == "native" else net


def gradient(w: Workload, x: Array, t: Array) -> Callable[[], object]:
    normal = gn.Normal(0, 1)
    layers = [gn.Dense(w.sizes[1], normal, normal), gn.Sigmoid(), gn.Dense(10, normal, normal)]
    net = gn.Sequential(layers, input_shape=w.sizes[0], seed=0, dtype="float64")
    rows, loss = floats(x, "float64"), gn.SoftmaxCrossEntropy()
    return lambda: gn.numerical_gradient(net, rows, t, loss, h=1e-4)


def read() -> tuple[Array, Array, Array, Array]:
    """Return MNIST as Glassnet reads it: 60,000 images to learn from, 10,000 to be judged by."""
    data = gn.datasets.load("mnist")
    parts = (data.train, data.validation, data.test)
    learn, more, judge = (part.x.bytes for part in parts if isinstance(part.x, gn.Pixels))
    t = np.concatenate([data.train.t, data.validation.t])
    return np.concatenate([learn, more]), t, judge, data.test.t
