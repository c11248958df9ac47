"""Curves: how loss and metrics went, epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from glassnet.errors import DataError
from glassnet.inspect.plots.picture import BLUE, GREY, ORANGE, Canvas, Picture
from glassnet.training.history import figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

VALIDATION = "validation_"
NOT_DRAWN = ("epoch", "seconds", "learning_rate")

Epoch = Mapping[str, float | None]


def curves(history: Iterable[Epoch]) -> Picture:
    """Draw the loss and each metric over the epochs, in training and in validation.

    history     what `Trainer.fit` returns, or the epochs that a model's provenance keeps

    Raises DataError for a history without epochs.
    """
    epochs = list(history)
    if not epochs:
        raise DataError("There are no curves to draw: the history holds no epoch.")
    measured = dict.fromkeys(["loss", *(name.removeprefix(VALIDATION) for name in epochs[-1])])
    names = [name for name in measured if name not in NOT_DRAWN]
    return Picture(10, 3.6, partial(_draw, epochs=epochs, names=names))


def _draw(canvas: Canvas, epochs: list[Epoch], names: list[str]) -> None:
    for axes, name in zip(canvas.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        _draw_one(axes, epochs, name)


def _draw_one(axes: Axes, epochs: list[Epoch], name: str) -> None:
    from matplotlib.ticker import MaxNLocator

    numbers = [epoch["epoch"] or 0 for epoch in epochs]
    marker = "o" if len(epochs) < 3 else ""
    lines = [("training", name, BLUE, "-"), ("validation", VALIDATION + name, ORANGE, "--")]
    for label, key, color, style in lines:
        if key in epochs[-1]:
            values = [float("nan") if (y := epoch.get(key)) is None else y for epoch in epochs]
            axes.plot(numbers, values, style, label=label, color=color, lw=1.8, marker=marker, ms=4)
    axes.set_title(name.replace("_", " "), loc="left", fontsize=11, fontweight="bold")
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.25, color=GREY)
    axes.spines[["top", "right"]].set_visible(False)
    axes.yaxis.set_major_formatter(lambda value, _: figure(name, value))
    axes.legend(frameon=False)
