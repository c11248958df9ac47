"""house-price: a graph of layers that the computer puts in order, learnt one sample at a time.

The tutorial has one bias a layer, the same number for all of its units; ours has one a unit.
"""

from __future__ import annotations

import numpy as np

import glassnet as gn
from glassnet import plots
from glassnet.recipes.datasets import all_rows, boston_or_patients
from glassnet.recipes.options import NextSteps, Options
from glassnet.recipes.output import chapter, draw, table
from glassnet.types import Array

EPOCHS, SAMPLES, RATE, HIDDEN, POINTS = 100, 100, 1e-3, 100, 2_000


def graph(outputs: int, seed: int) -> gn.Network:
    """The tutorial's graph, its nodes written down in no order at all."""
    return gn.Network.wire(
        {"x": 1},
        {
            "y": (_linear(outputs), "sigmoid_2"),
            "sigmoid_1": (gn.Sigmoid(), "linear_1"),
            "linear_2": (_linear(HIDDEN), "sigmoid_1"),
            "sigmoid_2": (gn.Sigmoid(), "linear_2"),
            "linear_1": (_linear(HIDDEN), "x"),
        },
        "y",
        seed=seed,
    )


def _linear(units: int) -> gn.Dense:
    return gn.Dense(units, init=gn.Normal(0, 1), bias_init=gn.Uniform(0, 8))


def learn(
    net: gn.Network, loss: gn.Loss, x: Array, t: Array, epochs: int = EPOCHS, show: bool = False
) -> list[float]:
    """Train on single samples, drawn at random and put back; return each epoch's mean loss."""
    trainer = gn.Trainer(net, loss, gn.SGD(RATE))
    rng = np.random.default_rng([net.seed, 1])  # other numbers than those of the weights
    losses = []
    for epoch in range(1, epochs + 1):
        rows = rng.integers(len(x), size=SAMPLES)
        samples = x[rows], t[rows]
        history = trainer.fit(samples, epochs=1, batch_size=1, shuffle=False, progress=False)
        losses.append(history.last["loss"])
        if show and (epoch == 1 or epoch % 10 == 0):
            print(f"Epoch: {epoch}, Loss: {losses[-1]:.3f}", flush=True)
    return losses


def figures(answers: Array, t: Array) -> tuple[float, float]:
    """The mean squared error, and R², the share of the variance that is explained."""
    mean_squared_error = float(((answers - t) ** 2).mean())
    return mean_squared_error, 1 - mean_squared_error / float(t.var())


def run(options: Options) -> NextSteps:
    """Order the graph, learn prices, draw the curve, and classify with the same graph."""
    data = boston_or_patients(options.download)
    x, t = all_rows(data)
    net = graph(1, options.seed)
    model = gn.Model(net, data.inputs, data.outputs)
    epochs = 20 if options.quick else EPOCHS

    chapter("The graph, in the order that was found for it")
    print(" → ".join([*net.inputs, *(node.name for node in net.nodes)]))
    if options.monitor:
        print("\nOne sample, there and back:")
        gn.monitor(net, x[:1], t[:1], gn.MeanSquaredError())

    print("The tutorial has one bias a layer; here each unit has its own.")
    chapter(f"{epochs} epochs of {SAMPLES} single samples")
    learn(net, gn.MeanSquaredError(), x, t, epochs, show=True)
    line = np.polynomial.Polynomial.fit(x[:, 0], t[:, 0], 1)
    (straight, _), (mean_squared_error, r2) = figures(line(x), t), figures(net(x), t)
    print(f"\nAll {len(x)} rows: mean squared error {mean_squared_error:.1f}, R² {r2:.2f}")
    print(f"A straight line: {straight:.1f}; always the mean: {t.var():.1f}")
    at = np.linspace(x.min(), x.max(), POINTS)
    y = model.predict(at[:, None])
    print(f"{POINTS:,} points from {at[0]:.1f} to {at[-1]:.1f} get {y.min():.1f} to {y.max():.1f}")

    chapter("The same graph classifies, with the softmax loss")
    _classify(options.seed, epochs)

    print()
    draw(plots.regression(model, gn.Rows(x, t)), options.folder / "house-price.png")
    path = options.folder / "house-price.safetensors"
    model.save(path)
    print(f"Kept {path}")
    return [
        ["predict", str(path), f"{np.median(x):.1f}"],
        ["inspect", str(path)],
        ["recipe", "numerical-mnist"],
    ]


def _classify(seed: int, epochs: int) -> None:
    """Learn the species of an iris from the length of its petals; predict (max, argmax)."""
    data = gn.datasets.load("iris")
    petal = gn.Features(("petal length",), ("cm",))
    net = graph(3, seed)
    learn(net, gn.SoftmaxCrossEntropy(), _petals(data.train), data.train.t, epochs)
    model = gn.Model(net, petal, data.outputs)
    x, t = _petals(data.test), data.test.t
    rows = [
        [f"{length:.1f} cm", data.outputs.labels[truth], f"({p.max():.2f}, {p.argmax()})"]  # type: ignore[union-attr]
        for (length,), truth, p in zip(x[:5], t, model.predict_proba(x), strict=False)
    ]
    table(["petal", "species", "(max, argmax)"], rows, texts=2)
    right = int((model.predict(x) == t).sum())
    print(f"{right} of {len(t)} new irises, by one length alone")


def _petals(rows: gn.Rows) -> Array:
    return np.asarray(rows.x)[:, [2]]
