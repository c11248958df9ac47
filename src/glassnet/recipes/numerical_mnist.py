"""numerical-mnist: what a gradient is, measured by nudging every weight, and why nobody does.

The tutorial puts 1e-7 inside the logarithm and writes the sigmoid in two branches; our
cross-entropy takes the logits and our sigmoid a tanh, which need neither.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

import glassnet as gn
from glassnet.plots.panel import Panel, Series
from glassnet.plots.panels import panels
from glassnet.plots.picture import BLUE, GREY, ORANGE, Picture
from glassnet.recipes.datasets import mnist_or_digits
from glassnet.recipes.options import NextSteps, Options
from glassnet.recipes.output import chapter, draw, table
from glassnet.types import Array

Gradients: TypeAlias = dict[str, Array]
Way: TypeAlias = Callable[[gn.Network, Array, Array], Gradients]

LOSS, H, RATE, STEPS = gn.SoftmaxCrossEntropy(), 1e-4, 0.6, 2


def nudging(net: gn.Network, x: Array, t: Array) -> Gradients:
    """As the tutorial writes it: two passes through the whole network for each number."""
    return gn.numerical_gradient(net, x, t, LOSS, method="plain", h=H)


def fast_nudging(net: gn.Network, x: Array, t: Array) -> Gradients:
    """The same differences, where only what a nudge changes is computed again."""
    return gn.numerical_gradient(net, x, t, LOSS, method="fast", h=H)


def backpropagation(net: gn.Network, x: Array, t: Array) -> Gradients:
    """The chain rule: one pass forward, one back."""
    return net.run(x, t, LOSS).gradients


WAYS: dict[str, Way] = {
    "nudging, as written": nudging,
    "nudging, fast": fast_nudging,
    "backpropagation": backpropagation,
}


@dataclass(frozen=True)
class Trial:
    """A short training by one way: its first gradients, the seconds they took, and the losses."""

    gradients: Gradients
    seconds: float
    losses: list[float]


def network(inputs: int, hidden: int, seed: int) -> gn.Sequential:
    """The tutorial's network; all weights and biases N(0, 1)."""
    first, last = (gn.Dense(units, gn.Normal(0, 1), gn.Normal(0, 1)) for units in (hidden, 10))
    return gn.Sequential([first, gn.Sigmoid(), last], inputs, seed=seed, dtype="float64")


def train(way: Way, net: gn.Network, x: Array, t: Array) -> Trial:
    """Take some steps on one batch, w ← w - η dw, and keep what the first one was."""
    trials, losses = [], [net.run(x, t, LOSS).loss]
    for _ in range(STEPS):
        began = time.perf_counter()
        gradients = way(net, x, t)
        trials.append((gradients, time.perf_counter() - began))
        for name, w in net.parameters().items():
            w -= RATE * gradients[name]
        losses.append(net.run(x, t, LOSS).loss)
    return Trial(*trials[0], losses)


def difference(one: Gradients, other: Gradients) -> float:
    """The largest difference between two gradients."""
    return max(float(np.abs(one[name] - other[name]).max()) for name in other)


def run(options: Options) -> NextSteps:
    """Compare three ways to a gradient, on a batch of 100 and on one image; draw their errors."""
    data = mnist_or_digits(options.download)
    inputs, hidden = data.inputs.size, 5 if options.quick else 50
    x, t = data.train.batch(slice(100), np.float64)
    size = network(inputs, hidden, options.seed).size()
    print(
        f"Network {inputs}-{hidden}-10: {size:,} parameters, so nudging takes {2 * size:,} passes"
    )

    for rows in (100, 1):
        chapter(f"A batch of {rows}, η = {RATE}, {STEPS} steps")
        trials = {
            name: train(way, network(inputs, hidden, options.seed), x[:rows], t[:rows])
            for name, way in WAYS.items()
        }
        exact = trials["backpropagation"].gradients
        lines = [
            [name, f"{trial.seconds:.4f}", f"{difference(trial.gradients, exact):.0e}",
             " → ".join(f"{loss:.4f}" for loss in trial.losses)]
            for name, trial in trials.items()
        ]  # fmt: skip
        table(["way", "seconds a gradient", "largest difference", "loss"], lines)
    print("\nThree ways, one gradient. Nudging is how one checks it; backpropagation is how one")
    print("learns with it.")

    print()
    net = network(inputs, 5, options.seed)
    draw(picture(net, x, t), options.folder / "numerical-mnist.png")
    return [["recipe", "gonetwork"], ["recipe", "line"], ["train", data.name]]


def picture(net: gn.Network, x: Array, t: Array) -> Picture:
    """Draw nudged gradients over exact ones, and their error over the size of the nudge."""
    exact = backpropagation(net, x, t)
    sizes = np.arange(-12.0, 0.0, 0.5)
    errors = [
        difference(gn.numerical_gradient(net, x, t, LOSS, h=float(10**size)), exact)
        for size in sizes
    ]
    by_hand, by_rule = (
        np.concatenate([each[name].ravel() for name in exact])
        for each in (fast_nudging(net, x, t), exact)
    )
    ends = np.linspace(by_rule.min(), by_rule.max(), 3)
    drawn = [
        Panel(
            "Each point is a weight or a bias", "by backpropagation", "by nudging",
            [Series("equal", ends, ends, GREY, "--"), Series("", by_rule, by_hand, BLUE, "o")],
        ),
        Panel(
            "How large a nudge?", "h = 10 to the power of", "largest error",
            [Series("left: rounding; right: curvature", sizes, np.log10(errors), ORANGE)],
            number=lambda power: f"1e{power:.0f}", whole=True,
        ),
    ]  # fmt: skip
    return panels(drawn, 10, 3.9)
