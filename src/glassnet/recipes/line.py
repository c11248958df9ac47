"""line: regression with Adam, kept and loaded; then δ, depth, shortcuts, dropout, and classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import glassnet as gn
from glassnet import plots
from glassnet.plots.panel import Panel, Series
from glassnet.plots.panels import panels
from glassnet.plots.picture import BLUE, GREY, ORANGE, Picture
from glassnet.recipes import depth
from glassnet.recipes.datasets import mnist_or_digits
from glassnet.recipes.options import NextSteps, Options
from glassnet.recipes.output import chapter, draw, table
from glassnet.training import Fit
from glassnet.types import Array

PASSES, BATCH, RATE = 200, 10, 0.02
LOSS = gn.MeanSquaredError()


def network(seed: int) -> gn.Sequential:
    """The tutorial's network 1-2-5-1."""
    layers = [gn.Dense(2), gn.Sigmoid(), gn.Dense(5), gn.Sigmoid(), gn.Dense(1)]
    return gn.Sequential(layers, input_shape=1, seed=seed)


class EveryHundredSteps(gn.Callback):
    """Prints the loss every 100 updates, which are 10 passes of 10 batches."""

    def on_epoch(self, fit: Fit, figures: dict[str, float]) -> None:  # noqa: ARG002
        if figures["epoch"] % 10 == 0:
            print(f"step {int(figures['epoch']) * 10:5}  loss {figures['loss']:.4f}", flush=True)


def fit(net: gn.Network, rows: gn.Rows, *callbacks: gn.Callback) -> gn.History:
    """Train as the tutorial does: Adam, 200 passes over the points."""
    trainer = gn.Trainer(net, LOSS, gn.Adam(RATE))
    return trainer.fit(rows, epochs=PASSES, batch_size=BATCH, callbacks=callbacks, progress=False)


def run(options: Options) -> NextSteps:
    """Fit the line, keep and load it; then see what makes deep networks hard, and what helps."""
    data = gn.datasets.load("line")
    path = options.folder / "line.safetensors"

    chapter(f"100 points around y = 2.3 x + 4.7; Adam, η = {RATE}")
    net = network(options.seed)
    fit(net, data.train, EveryHundredSteps())
    gn.Model(net, data.inputs, data.outputs).save(path)
    model = gn.load(path)
    print(f"\nKept {path} and loaded it; it is always in evaluation mode when it predicts")
    x = np.array([[0.5], [1.5], [2.5]])
    table(
        ["x", "predicted", "true line"],
        [[f"{x:g}", f"{y:.2f}", f"{2.3 * x + 4.7:.2f}"]
         for (x,), (y,) in zip(x, model.predict(x), strict=True)],
    )  # fmt: skip
    draw(picture(model, data.train), options.folder / "line.png")
    bends = (gn.Sigmoid(), gn.Tanh(), gn.ReLU())
    draw(plots.activations(*bends), options.folder / "activations.png")

    chapter("δ of every layer, and the updates made of it")
    _deltas(net, data.train)

    chapter("Dropout drops in training, and is off in evaluation")
    _dropout(data.train, options.seed)

    chapter("Depth: gradients that vanish, and what keeps them alive")
    _depth(options)

    chapter("The same network for classes: two sigmoid layers, cross-entropy")
    classes = _classes(mnist_or_digits(options.download), options)
    return [
        ["predict", str(path), "1.5"],
        ["plot", "overview", str(classes), "--out", str(options.folder / "classes.png")],
        ["recipe", "eleven-lines"],
    ]


def _deltas(net: gn.Network, rows: gn.Rows) -> None:
    """For one point: δ = ∂L/∂z of each dense layer by the formulas, and the update made of it."""
    x, t = rows.x[-1:], rows.t[-1:]
    p = net.run(x, t, LOSS)
    W = {k: net.parameters()[f"dense_{k}.W"] for k in (1, 2, 3)}
    a1, a2, y = (p[name].y for name in ("sigmoid_1", "sigmoid_2", "dense_3"))
    d3 = 2 * (y - t)
    d2 = d3 @ W[3].T * a2 * (1 - a2)
    d1 = d2 @ W[2].T * a1 * (1 - a1)
    print(f"One point: x = {x[0, 0]:.2f}, t = {t[0, 0]:.2f}, answer {y[0, 0]:.2f}\n")
    formulas = {
        3: ("δ₃ = 2 (y - t)", d3, a2),
        2: ("δ₂ = δ₃ W₃ᵀ ⊙ a₂ (1 - a₂)", d2, a1),
        1: ("δ₁ = δ₂ W₂ᵀ ⊙ a₁ (1 - a₁)", d1, x),
    }
    lines, error = [], 0.0
    for k, (formula, delta, below) in formulas.items():
        dW = below.T @ delta
        error = max(error, float(np.abs(dW - p.gradients[f"dense_{k}.W"]).max()))
        lines += [
            [formula, _numbers(delta[0])],
            [f"   first row of ΔW{'₀₁₂₃'[k]} = -η aᵀ δ{'₀₁₂₃'[k]}", _numbers(-RATE * dW[0])],
        ]
    table(["by hand, from the output back", ""], lines, texts=2)
    print(f"The Pass holds the same gradients, to {error:.0e}. One hidden unit in full:\n")
    print(gn.explain(net, x, t, LOSS, unit="dense_2:0", optimizer=gn.SGD(RATE)))


def _numbers(values: Array) -> str:
    return " ".join(f"{value:+.4f}" for value in values)


def _dropout(rows: gn.Rows, seed: int) -> None:
    """Ask the same question several times, in training and in evaluation."""
    layers = [gn.Dense(16), gn.Sigmoid(), gn.Dropout(0.5), gn.Dense(1)]
    net = gn.Sequential(layers, input_shape=1, seed=seed)
    x, t = rows.x[50:51], rows.t[50:51]
    trained = [net.run(x, t, LOSS, training=True, step=step)["dense_2"].y for step in range(4)]
    table(
        ["x = 1.5, asked four times", "1st", "2nd", "3rd", "4th"],
        [
            ["in training, half is dropped", *(f"{y[0, 0]:.4f}" for y in trained)],
            ["in evaluation, nothing is", *(f"{net(x)[0, 0]:.4f}" for _ in trained)],
        ],
    )


def _depth(options: Options) -> None:
    """Measure gradients with and without batch normalisation, losses with and without shortcuts."""
    digits = gn.datasets.load("digits")
    sizes = {
        name: depth.gradient_sizes(depth.sigmoid_stack(normalised, 64, options.seed), digits.train)
        for name, normalised in (("sigmoids alone", False), ("with batch normalisation", True))
    }
    print("Mean size of the gradient of the weights, from the first layer to the ninth")
    table(
        ["", *map(str, range(1, depth.STACKED + 2))],
        [[name, *(f"{size:.0e}" for size in each)] for name, each in sizes.items()],
    )
    epochs = 2 if options.quick else 10
    losses = {
        name: depth.losses_by_depth(digits, shortcuts, epochs, options.seed)
        for name, shortcuts in (("each layer on the last", False), ("with shortcuts", True))
    }
    print(f"\nTraining loss after {epochs} epochs, by the number of tanh layers")
    table(
        ["", *map(str, depth.DEPTHS)],
        [[name, *(f"{loss:.3f}" for loss in each)] for name, each in losses.items()],
    )
    draw(depth.picture(sizes, losses), options.folder / "depth.png")


def _classes(data: gn.Dataset, options: Options) -> Path:
    """Read digits with two sigmoid layers; keep the network, and return where."""
    many = len(data.train) > 10_000
    model = gn.train(
        data,
        layers=[64, 32],
        activation="sigmoid",
        epochs=1 if options.quick else 5 if many else 40,
        batch_size=32,
        learning_rate=3e-3,
        seed=options.seed,
        progress=False,
    )
    accuracy = model.evaluate(data.test)["accuracy"]
    print(f"{100 * accuracy:.1f} % of the {len(data.test):,} test images are read rightly")
    path = options.folder / "digits.safetensors"
    model.save(path)
    return path


def picture(model: gn.Model, rows: gn.Rows) -> Picture:
    """Draw the samples, the true line, and the fitted curve."""
    x = np.linspace(0, 3, 200)[:, None]
    series = [
        Series("samples", rows.x[:, 0], rows.t[:, 0], GREY, "o"),
        Series("true line", x[:, 0], 2.3 * x[:, 0] + 4.7, BLUE, "--"),
        Series("network", x[:, 0], model.predict(x)[:, 0], ORANGE),
    ]
    return panels([Panel("", "x", "y", series)], 7, 4.4)
