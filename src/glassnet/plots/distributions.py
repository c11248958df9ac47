"""Distributions: how activations and gradients were spread in each layer, while it learnt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.errors import DataError
from glassnet.plots.picture import BLUE, GREY, ORANGE, Canvas, Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEADS = {
    "activations": ("Activations", "healthy: some width; not all 0 or at the ends of a bend", BLUE),
    "gradients": ("Gradients |δ|", "healthy: no layer 100 times below or above another", ORANGE),
}
"""For each kind of numbers: the title, what is healthy, the colour."""

Spreads = Mapping[int, Mapping[str, Mapping[str, Any]]]


def distributions(layers: Spreads, nodes: Sequence[str] | None = None) -> Picture:
    """Draw nine tenths (light), half (dark) and the middle (line) of each layer's numbers, by step.

    layers  ``run.layers`` of a run that was recorded with a probe
    nodes   names of the nodes to draw; unless given, all of them

    Below each panel's name stands how many of the numbers were 0 at the end: with ReLU, units that
    are off. Raises DataError without a moment, or for a node that was not measured.
    """
    if not layers:
        raise DataError(
            "There are no distributions to draw: the run was recorded without a probe. "
            "Give gn.Recorder(folder, probe=data.validation)."
        )
    measured = list(next(iter(layers.values())))
    for node in nodes or ():
        if node not in measured:
            raise DataError(f"{node!r} was not measured. There are: {', '.join(measured)}.")
    shown = list(nodes or measured)
    draw = partial(_draw, layers=dict(sorted(layers.items())), nodes=shown)
    return Picture(10, 1.0 + 1.55 * len(shown), draw)


def _draw(canvas: Canvas, layers: Spreads, nodes: Sequence[str]) -> None:
    grid = canvas.subplots(len(nodes), 2, squeeze=False, sharex=True)
    for row, node in enumerate(nodes):
        for axes, (kind, (_, _, color)) in zip(grid[row], HEADS.items(), strict=True):
            _bands(axes, list(layers), [moment[node][kind] for moment in layers.values()], color)
            axes.set_title(_name(node, layers, kind), loc="left", fontsize=9)
    for axes, (title, healthy, _) in zip(grid[0], HEADS.values(), strict=True):
        axes.annotate(
            title, (0, 1), (0, 34), xycoords="axes fraction", textcoords="offset points",
            fontsize=11, fontweight="bold",
        )  # fmt: skip
        axes.annotate(
            healthy, (0, 1), (0, 21), xycoords="axes fraction", textcoords="offset points",
            fontsize=8.5, color=GREY,
        )  # fmt: skip
    gradients = [moment[node]["gradients"] for moment in layers.values() for node in nodes]
    _share_height([axes for _, axes in grid], gradients)
    for axes in grid[-1]:
        axes.set_xlabel("step (logarithmic)")


def _bands(axes: Axes, steps: list[int], spreads: list[Mapping[str, Any]], color: str) -> None:
    lowest, low, middle, high, highest = np.array(
        [each["quantiles"] or [np.nan] * 5 for each in spreads]
    ).T
    axes.fill_between(steps, lowest, highest, color=color, alpha=0.2, lw=0)
    axes.fill_between(steps, low, high, color=color, alpha=0.4, lw=0)
    axes.plot(steps, middle, color=color, lw=1.6)
    axes.set_xscale("symlog", linthresh=1)
    axes.set_xlim(steps[0], steps[-1])
    axes.tick_params(labelsize=8.5)
    axes.grid(alpha=0.25, color=GREY)
    axes.spines[["top", "right"]].set_visible(False)


def _name(node: str, layers: Spreads, kind: str) -> str:
    zeros = list(layers.values())[-1][node][kind]["zeros"]
    return f"{node}, at the end {100 * zeros:.0f} % zeros" if zeros >= 0.005 else node


def _share_height(column: list[Axes], spreads: list[Mapping[str, Any]]) -> None:
    """Give all gradients one logarithmic axis, on which vanishing is seen."""
    known = [q for each in spreads for q in each["quantiles"] or ()]
    if known:
        for axes in column:
            axes.set_yscale("log")
            axes.set_ylim(min(known) / 2, max(known) * 2)
