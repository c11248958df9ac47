"""Glassnet with its reference engine: layers as they are written, on NumPy."""

from __future__ import annotations

from collections.abc import Callable

import glassnet as gn
from benchmarks.workloads import Workload
from glassnet.types import Array

LABEL = "Glassnet, NumPy engine"


def network(w: Workload) -> gn.Network:
    bend = {"sigmoid": gn.Sigmoid, "relu": gn.ReLU}[w.activation]
    layers: list[gn.Layer] = []
    for units in w.sizes[1:]:
        layers += [gn.Dense(units), bend()]
    if w.activation == "relu":
        layers.pop()
    return gn.Sequential(layers, input_shape=w.sizes[0], seed=0)


def epoch(w: Workload, x: Array, t: Array) -> Callable[[], object]:
    squared = w.activation == "sigmoid"
    trainer = gn.Trainer(
        network(w),
        gn.HalfSquaredError() if squared else gn.SoftmaxCrossEntropy(),
        gn.SGD(w.rate) if w.rule == "sgd" else gn.Adam(w.rate),
        engine="numpy",
    )
    data = (gn.Pixels(x), gn.one_hot(t, 10) if squared else t)
    return lambda: trainer.fit(data, epochs=1, batch_size=w.batch, progress=False)


def gradient(w: Workload, x: Array, t: Array) -> Callable[[], object]:
    normal = gn.Normal(0, 1)
    layers = [gn.Dense(w.sizes[1], normal, normal), gn.Sigmoid(), gn.Dense(10, normal, normal)]
    net = gn.Sequential(layers, input_shape=w.sizes[0], seed=0, dtype="float64")
    rows, loss = x / 255, gn.SoftmaxCrossEntropy()
    return lambda: gn.numerical_gradient(net, rows, t, loss, h=1e-4)


def answer(w: Workload, x: Array, _: Array) -> Callable[[], object]:
    net, rows = network(w), x.astype("float32") / 255
    return lambda: net(rows)
