"""gonetwork: mini-batch stochastic gradient descent reads handwritten digits.

The tutorial's η / m Σ ∇C is our learning rate times the gradient of the mean over the mini-batch,
its λ / n Σ w² our L2 penalty of strength λ / n.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

import glassnet as gn
from glassnet import plots
from glassnet.nn import Initializer
from glassnet.plots.panel import Panel, Series
from glassnet.plots.panels import panels
from glassnet.plots.picture import COLORS, Picture
from glassnet.recipes.datasets import mnist_or_digits
from glassnet.recipes.options import NextSteps, Options
from glassnet.recipes.output import chapter, draw, table
from glassnet.training import Fit, find_mistakes
from glassnet.types import Array

DIGITS = tuple("0123456789")
QUADRATIC = gn.HalfSquaredError()
CROSS_ENTROPY = gn.SigmoidCrossEntropy()
LAMBDA, IMAGES = 5.0, 50_000

Shares: TypeAlias = dict[str, list[float]]
"""Which share of the images each network answered rightly, epoch by epoch."""


def network(sizes: Sequence[int], seed: int) -> gn.Sequential:
    """A network from its sizes, such as [784, 30, 10]: weights and biases N(0, 1), all sigmoid."""
    return gn.Sequential(_layers(sizes, gn.Normal(0, 1)), input_shape=sizes[0], seed=seed)


def better_network(sizes: Sequence[int], seed: int) -> gn.Sequential:
    """The later one: weights N(0, 1/inputs); the last sigmoid is in the cross-entropy."""
    return gn.Sequential(_layers(sizes, gn.lecun_normal)[:-1], input_shape=sizes[0], seed=seed)


def _layers(sizes: Sequence[int], init: Initializer) -> list[gn.Layer]:
    return [
        layer
        for units in sizes[1:]
        for layer in (gn.Dense(units, init, bias_init=gn.Normal(0, 1)), gn.Sigmoid())
    ]


class Count(gn.Callback):
    """Counts after each epoch how many rows are answered rightly."""

    def __init__(self, rows: gn.Rows, show: bool) -> None:
        self.x, self.t = np.asarray(rows.x), rows.t
        self.show = show
        self.right: list[int] = []

    def on_epoch(self, fit: Fit, figures: dict[str, float]) -> None:  # noqa: ARG002
        self.right.append(int((fit.network(self.x).argmax(axis=1) == self.t).sum()))
        if self.show:
            print(f"Epoch {len(self.right) - 1} : {self.right[-1]} / {len(self.t)}", flush=True)


def learn(
    net: gn.Network,
    loss: gn.Loss,
    rate: float,
    train: gn.Rows,
    judge: gn.Rows,
    epochs: int,
    l2: float = 0.0,
    show: bool = True,
) -> list[int]:
    """Train on shuffled mini-batches of 10; return how many of the judge's rows were right."""
    trainer = gn.Trainer(net, loss, gn.SGD(rate), penalties=[gn.L2(l2)] if l2 else [])
    count = Count(judge, show)
    rows = train.x, gn.one_hot(train.t, 10)
    trainer.fit(rows, epochs=epochs, batch_size=10, callbacks=[count], progress=False)
    return count.right


def run(options: Options) -> NextSteps:
    """Name the four equations, train well and badly, then better; keep the network."""
    data = mnist_or_digits(options.download)
    inputs, seed = data.inputs.size, options.seed
    epochs, longer, short = (2, 2, 1) if options.quick else (30, 60, 5)
    tests, good = len(data.test), {}

    chapter("The four equations of backpropagation, on one image")
    small = network([inputs, 30, 10], seed)
    _four_equations(small, *data.train.batch(slice(1)))

    chapter(f"Sizes [{inputs}, 30, 10], quadratic cost, mini-batches of 10, η = 3.0")
    right = learn(small, QUADRATIC, 3.0, data.train, data.test, epochs)
    good["quadratic, 30 hidden"] = [n / tests for n in right]
    rates = {"η = 3": good["quadratic, 30 hidden"][:short]}

    for rate, what in ((0.001, "it crawls"), (100.0, "it saturates, and stays at chance")):
        chapter(f"100 hidden units, η = {rate:g}: {what}")
        wide = network([inputs, 100, 10], seed)
        right = learn(wide, QUADRATIC, rate, data.train, data.test, short)
        rates[f"η = {rate:g}"] = [n / tests for n in right]

    for hidden, rate, times in ((30, 0.5, epochs), (100, 0.1, longer)):
        chapter(f"Cross-entropy, {hidden} hidden units, η = {rate:g}, λ/n = {LAMBDA:g}/{IMAGES:,}")
        net = better_network([inputs, hidden, 10], seed)
        l2 = LAMBDA / IMAGES
        right = learn(net, CROSS_ENTROPY, rate, data.train, data.validation, times, l2)
        good[f"cross-entropy, {hidden} hidden"] = [n / len(data.validation) for n in right]

    model = gn.Model(net, data.inputs, gn.Classes(DIGITS, link="sigmoid"))
    print(f"On the {tests:,} test images: {100 * model.evaluate(data.test)['accuracy']:.2f} %\n")
    x = np.asarray(data.test.x)
    found = find_mistakes(x, data.test.t, model.predict_proba(x))
    below = plots.mistakes(found, data.inputs, DIGITS, most=7)
    draw(plots.stack(picture(good, rates), below), options.folder / "gonetwork.png")
    path = options.folder / "gonetwork.safetensors"
    model.save(path)
    print(f"Kept {path}: the one file that a service on the network needs")
    confusion = str(options.folder / "confusion.png")
    return [
        ["predict", str(path), data.name, "--row", "0", "--all"],
        ["evaluate", str(path), data.name],
        ["plot", "confusion", str(path), data.name, "--out", confusion],
    ]


def _four_equations(net: gn.Network, x: Array, t: Array) -> None:
    """Compute each equation by hand, beside what the Pass holds."""
    t = gn.one_hot(t, 10)
    p = net.run(x, t, QUADRATIC)
    a1, a2, W2 = p["sigmoid_1"].y, p["sigmoid_2"].y, net.parameters()["dense_2.W"]
    d2 = (a2 - t) * a2 * (1 - a2)
    d1 = d2 @ W2.T * a1 * (1 - a1)
    held = p.gradients
    equations = [
        ("1  at the output   δ² = (a² - t) ⊙ σ'(z²)", 'p["dense_2"].dy', d2, p["dense_2"].dy),
        ("2  one layer back  δ¹ = δ² W²ᵀ ⊙ σ'(z¹)", 'p["dense_1"].dy', d1, p["dense_1"].dy),
        ("3  biases          ∂C/∂b = δ", 'p.gradients["dense_1.b"]', d1[0], held["dense_1.b"]),
        ("4  weights         ∂C/∂W = aᵀδ", 'p.gradients["dense_1.W"]', x.T @ d1, held["dense_1.W"]),
    ]  # fmt: skip
    rows = [
        [text, where, str(value.shape), f"{np.abs(value - by_hand).max():.0e}"]
        for text, where, by_hand, value in equations
    ]
    table(["equation", "where it is", "shape", "by hand differs by"], rows, texts=2)


def picture(good: Shares, rates: Shares) -> Picture:
    """Draw the share that each network answered rightly, and what a bad rate does, by epoch."""
    return panels([_panel("Answered rightly", good), _panel("The rate decides", rates)], 10, 3.8)


def _panel(title: str, shares: Shares) -> Panel:
    series = [
        Series(name, np.arange(len(each)), np.array(each), color)
        for (name, each), color in zip(shares.items(), COLORS, strict=False)
    ]
    return Panel(
        title, "epoch", "", series, number=lambda share: f"{100 * share:.0f} %", whole=True
    )
