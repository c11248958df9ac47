"""Curves: how loss and metrics went, epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from glassnet.errors import DataError
from glassnet.plots.panel import Panel, Series
from glassnet.plots.panels import panels
from glassnet.plots.picture import BLUE, ORANGE, Picture
from glassnet.training.history import figure, figures_of

VALIDATION = "validation_"
NOT_DRAWN = ("epoch", "seconds", "learning_rate")

Epoch = Mapping[str, float | None]


def curves(history: Iterable[Epoch]) -> Picture:
    """Draw the loss and each metric over the epochs, in training and in validation.

    history     what `Trainer.fit` returns, a run's epochs, or those of a model's provenance

    Raises DataError for a history without epochs.
    """
    epochs = list(history)
    if not epochs:
        raise DataError("There are no curves to draw: the history holds no epoch.")
    return panels([_panel(epochs, name) for name in measured(epochs)], 10, 3.6)


def measured(epochs: Iterable[Epoch]) -> list[str]:
    """Name what has a curve: the loss, then each metric, in training or in validation."""
    figures = (name.removeprefix(VALIDATION) for name in figures_of(epochs))
    return [name for name in dict.fromkeys(["loss", *figures]) if name not in NOT_DRAWN]


def curve(epochs: list[Epoch], name: str, label: str, color: str, style: str) -> Series:
    """Make the curve of one figure; what was no finite number is a gap."""
    values = [float("nan") if (y := epoch.get(name)) is None else y for epoch in epochs]
    return Series(label, [epoch["epoch"] for epoch in epochs], values, color, style)


def _panel(epochs: list[Epoch], name: str) -> Panel:
    lines = [("training", name, BLUE, "-"), ("validation", VALIDATION + name, ORANGE, "--")]
    series = [
        curve(epochs, key, label, color, style)
        for label, key, color, style in lines
        if key in figures_of(epochs)
    ]
    title = name.replace("_", " ")
    return Panel(title, "epoch", "", series, number=partial(figure, name), whole=True)
