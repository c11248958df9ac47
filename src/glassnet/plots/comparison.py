"""Several runs in one picture: a panel a figure, a colour a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from glassnet.errors import DataError
from glassnet.plots.curves import VALIDATION, Epoch, curve, measured
from glassnet.plots.panel import Panel, Series
from glassnet.plots.panels import panels
from glassnet.plots.picture import COLORS, Picture
from glassnet.training.history import figure, figures_of


def comparison(histories: Mapping[str, Iterable[Epoch]]) -> Picture:
    """Draw each run's curves: broken lines in training, whole ones in validation.

    histories   the epochs of each run, by the name that it is to have

    Raises DataError if none has an epoch.
    """
    runs = {name: epochs for name, each in histories.items() if (epochs := list(each))}
    if not runs:
        raise DataError("There are no curves to draw: no run has an epoch.")
    names = measured(epoch for epochs in runs.values() for epoch in epochs)
    drawn = [_panel(runs, name, first=place == 0) for place, name in enumerate(names)]
    return panels(drawn, 10, 3.9)


def _panel(runs: Mapping[str, list[Epoch]], name: str, first: bool) -> Panel:
    series = [
        line
        for place, (label, epochs) in enumerate(runs.items())
        for line in _lines(epochs, name, label, COLORS[place % len(COLORS)])
    ]
    held_out = any(VALIDATION + name in figures_of(epochs) for epochs in runs.values())
    return Panel(
        name.replace("_", " "),
        "epoch",
        "validation (broken: training)" if held_out else "training",
        series,
        number=partial(figure, name),
        whole=True,
        legend=first,
    )


def _lines(epochs: list[Epoch], name: str, label: str, color: str) -> list[Series]:
    """Make a run's curves of one figure: what was held out, where it was, says most."""
    known = figures_of(epochs)
    held_out = VALIDATION + name in known
    lines = [(VALIDATION + name, label, "-")] if held_out else []
    if name in known:
        lines.append((name, "" if held_out else label, "--" if held_out else "-"))
    return [curve(epochs, key, said, color, style) for key, said, style in lines]
