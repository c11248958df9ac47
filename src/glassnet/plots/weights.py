"""Weights: what each unit of the first layer looks for, as images or as a table."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import numpy as np

from glassnet.data.meaning import Images, Inputs
from glassnet.errors import DataError
from glassnet.nn.network import Network
from glassnet.plots.picture import Canvas, Picture
from glassnet.types import Array

COLORS = "RdBu_r"
COLUMNS = 8
HEADING, IMAGE, TITLE = 0.5, 0.92, 0.3
"""Heights in inches; an image is as wide, eight and the scale fill a picture's width."""


def weights(
    network: Network,
    inputs: Inputs,
    order: Literal["norm", "index"] = "norm",
    most: int = 48,
) -> Picture:
    """Draw the weights of each unit of the first layer: red adds, blue takes away, white is none.

    order   by the length of a unit's weights, the longest first, or as they stand in the layer
    most    draw so many units

    All units share one scale, which is the same on both sides of 0. Raises DataError where no layer
    multiplies the inputs.
    """
    W = _first_weights(network, inputs)
    lengths = np.linalg.norm(W, axis=0)
    units = np.argsort(-lengths, kind="stable") if order == "norm" else np.arange(W.shape[1])
    units = units[:most]
    heading = f"First layer: {_which(len(units), W.shape[1], order)}"
    draw = partial(_draw_images if isinstance(inputs, Images) else _draw_table, heading=heading)
    if isinstance(inputs, Images):
        rows = -(-len(units) // COLUMNS)
        height = HEADING + rows * (IMAGE * inputs.height / inputs.width + TITLE)
        return Picture(10, height, partial(draw, W=W, units=units, inputs=inputs))
    return Picture(
        max(5.0, 2.6 + 0.2 * len(units)),
        max(3.0, 1.4 + 0.26 * inputs.size),
        partial(draw, W=W, units=units, inputs=inputs),
    )


def _first_weights(network: Network, inputs: Inputs) -> Array:
    """Find the first matrix (inputs, units) that the inputs meet."""
    for node in network.nodes:
        if node.layer.weighted_sum and len(W := node.layer.arrays()["W"]) == inputs.size:
            return W
    raise DataError(f"No layer of the network multiplies its {inputs.size} inputs with weights.")


def _which(shown: int, units: int, order: str) -> str:
    by = "the longest weights first" if order == "norm" else "in their order"
    if shown == units:
        return f"{units} units, {by}"
    return f"{shown} of {units} units, {by}"


def _draw_images(canvas: Canvas, W: Array, units: Array, inputs: Images, heading: str) -> None:
    reach = float(np.abs(W[:, units]).max()) or 1.0
    grid = canvas.subplots(-(-len(units) // COLUMNS), COLUMNS, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for unit, axes in zip(units, grid.flat, strict=False):
        image = W[:, unit].reshape(inputs.height, inputs.width)
        shown = axes.imshow(image, cmap=COLORS, vmin=-reach, vmax=reach)
        axes.set_title(f"unit {unit}", fontsize=8, pad=2)
    _finish(canvas, shown, list(grid.flat), heading)


def _draw_table(canvas: Canvas, W: Array, units: Array, inputs: Inputs, heading: str) -> None:
    reach = float(np.abs(W[:, units]).max()) or 1.0
    axes = canvas.subplots()
    shown = axes.imshow(W[:, units], cmap=COLORS, vmin=-reach, vmax=reach, aspect="auto")
    names = getattr(inputs, "names", ())
    axes.set_yticks(range(len(names)), names)
    axes.set_xticks(range(len(units)), [str(unit) for unit in units], fontsize=8)
    if len(units) > 20:
        axes.tick_params(axis="x", labelrotation=90)
    axes.set_xlabel("unit")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    _finish(canvas, shown, [axes], heading)


def _finish(canvas: Canvas, shown: Any, axes: list[Any], heading: str) -> None:
    """Say what it is, and which colour is which weight."""
    canvas.suptitle(heading, x=0.01, ha="left", fontsize=11, fontweight="bold")
    bar = canvas.colorbar(shown, ax=axes, shrink=0.8, aspect=30, label="weight")
    bar.outline.set_visible(False)
