"""Activations: each function with its slope, as the layers compute them."""

from __future__ import annotations

import numpy as np

from glassnet.errors import SettingError
from glassnet.nn.frame import Frame
from glassnet.nn.layer import Layer
from glassnet.nn.layers.activations import ACTIVATIONS
from glassnet.plots.panel import Panel, Series
from glassnet.plots.panels import panels
from glassnet.plots.picture import BLUE, ORANGE, Picture

REACH = 5.0
COLUMNS = 3


def activations(*layers: Layer) -> Picture:
    """Draw activation functions y(x) and their slopes y'(x) over -5..5.

    layers      such as gn.ReLU(), gn.ELU(0.5); unless given, every one that works number by number

    The slope is what `backward` makes of dy = 1. Raises SettingError for a layer that has no curve,
    as Softmax, whose outputs hang together.
    """
    for layer in layers:
        if not layer.elementwise:
            raise SettingError(f"{layer} has no curve: it does not work number by number.")
    shown = layers or [cls() for cls in ACTIVATIONS.values() if cls.elementwise]
    rows = -(-len(shown) // COLUMNS)
    drawn = [_panel(layer, legend=place == 0) for place, layer in enumerate(shown)]
    return panels(drawn, 10, 2.7 * rows, min(COLUMNS, len(shown)))


def _panel(layer: Layer, legend: bool) -> Panel:
    x = np.linspace(-REACH, REACH, 401)
    frame = Frame()
    y = layer.forward(x, frame)
    slope = layer.backward(np.ones_like(x), frame)
    series = [Series("y", x, y, BLUE), Series("slope", x, slope, ORANGE, "--")]
    return Panel(str(layer).removesuffix("()"), "x", "", series, legend=legend)
