"""Depth: what many layers do to gradients, and how batch normalisation and shortcuts help."""

from __future__ import annotations

import numpy as np

import glassnet as gn
from glassnet.plots.panel import Panel, Series
from glassnet.plots.panels import panels
from glassnet.plots.picture import BLUE, ORANGE, Picture

WIDTH, STACKED = 32, 8
DEPTHS = (1, 4, 12, 24)


def sigmoid_stack(normalised: bool, inputs: int, seed: int) -> gn.Sequential:
    """Eight sigmoid layers, with or without batch normalisation, and a last one for classes."""
    layers: list[gn.Layer] = []
    for _ in range(STACKED):
        norm = [gn.BatchNorm()] if normalised else []
        layers += [gn.Dense(WIDTH), *norm, gn.Sigmoid()]
    return gn.Sequential([*layers, gn.Dense(10)], input_shape=inputs, seed=seed)


def gradient_sizes(net: gn.Network, rows: gn.Rows) -> list[float]:
    """The mean size of the gradient of each dense layer's weights, the first layer first."""
    x, t = rows.batch(slice(200))
    p = net.run(x, t, gn.SoftmaxCrossEntropy(), training=True)
    return [float(np.abs(dW).mean()) for name, dW in p.gradients.items() if name.endswith(".W")][
        ::-1
    ]


def tanh_stack(depth: int, shortcuts: bool, inputs: int, seed: int) -> gn.Network:
    """Layers y = tanh(x W + b), or with a shortcut around each: y = x + tanh(x W + b)."""
    x = gn.Input(inputs)
    y = gn.Dense(WIDTH)(x)
    for _ in range(depth):
        bent = gn.Tanh()(gn.Dense(WIDTH)(y))
        y = gn.Add()(y, bent) if shortcuts else bent
    return gn.Network(x, gn.Dense(10)(y), seed=seed)


def losses_by_depth(data: gn.Dataset, shortcuts: bool, epochs: int, seed: int) -> list[float]:
    """The training loss that each depth comes to in the same number of epochs."""
    losses = []
    for depth in DEPTHS:
        net = tanh_stack(depth, shortcuts, data.inputs.size, seed)
        trainer = gn.Trainer(net, gn.SoftmaxCrossEntropy(), gn.Adam(1e-3))
        losses.append(trainer.fit(data.train, epochs=epochs, progress=False).last["loss"])
    return losses


def picture(sizes: dict[str, list[float]], losses: dict[str, list[float]]) -> Picture:
    """Draw gradient sizes by layer, and losses by depth."""
    colors = (ORANGE, BLUE)
    by_layer = [
        Series(name, np.arange(1, len(each) + 1), np.log10(each), color)
        for (name, each), color in zip(sizes.items(), colors, strict=True)
    ]
    by_depth = [
        Series(name, np.array(DEPTHS), np.array(each), color)
        for (name, each), color in zip(losses.items(), colors, strict=True)
    ]
    drawn = [
        Panel("Gradients of eight sigmoid layers", "layer", "mean size", by_layer,
              number=lambda power: f"1e{power:.0f}", whole=True),
        Panel("More layers, the same training", "tanh layers", "training loss", by_depth,
              whole=True),
    ]  # fmt: skip
    return panels(drawn, 10, 3.8)
