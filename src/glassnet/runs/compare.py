"""Comparison: several runs side by side, with what was set differently."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from glassnet.errors import SettingError
from glassnet.plots import Picture
from glassnet.plots.comparison import comparison
from glassnet.plots.curves import NOT_DRAWN
from glassnet.runs.run import Run
from glassnet.text import aligned, page_width
from glassnet.training.history import figure

NAMES = {"epochs": "epochs planned"}
"""Settings that have the name of something else in a table: the epochs that were made."""


@dataclass(frozen=True)
class Comparison:
    """Several runs side by side; printed, it is the table."""

    runs: tuple[Run, ...]

    @property
    def settings(self) -> dict[str, list[Any]]:
        """The settings that differ, each with its value in every run; None where it has none."""
        flat = [_flat(_settings(run)) for run in self.runs]
        names = dict.fromkeys(name for settings in flat for name in settings)
        values = {name: [settings.get(name) for settings in flat] for name in names}
        return {name: all_ for name, all_ in values.items() if any(v != all_[0] for v in all_)}

    def table(self) -> tuple[list[str], list[list[str]]]:
        """The last figures of each run, then the settings that differ: columns and rows."""
        measured = dict.fromkeys(name for run in self.runs for name in run.epochs.last)
        figures = [name for name in measured if name not in NOT_DRAWN]
        settings = self.settings
        columns = ["run", "epochs", "steps", *(name.replace("_", " ") for name in figures)]
        rows = [
            [
                _label(run, self.runs),
                str(len(run.epochs)),
                str(len(run.steps)),
                *(_last(run, name) for name in figures),
                *(_word(values[place]) for values in settings.values()),
            ]
            for place, run in enumerate(self.runs)
        ]
        return [*columns, *(NAMES.get(name, name) for name in settings)], rows

    def fitting(self, width: int) -> tuple[list[str], list[list[str]]]:
        """The table, or, where a line of it is longer than `width`, with a column a run."""
        columns, rows = self.table()
        if len(aligned(columns, rows).split("\n", 1)[0]) <= width:
            return columns, rows
        head, *lines = map(list, zip(columns, *rows, strict=True))
        return head, lines

    def picture(self) -> Picture:
        """The curves of all runs, a panel a figure."""
        return comparison({_label(run, self.runs): run.epochs for run in self.runs})

    def __str__(self) -> str:
        return aligned(*self.fitting(page_width()))


def compare(runs: Iterable[Run | str | os.PathLike[str]]) -> Comparison:
    """Put runs side by side: opened ones, or their folders.

    Raises SettingError for fewer than two, FileError for a folder that is no run.
    """
    opened = tuple(run if isinstance(run, Run) else Run(run) for run in runs)
    if len(opened) < 2:
        raise SettingError(f"A comparison needs two runs or more, got {len(opened)}.")
    return Comparison(opened)


def _settings(run: Run) -> dict[str, Any]:
    """Return what a person chose: of the training, of the network, of the data."""
    layers = run.network.get("layers")
    return run.settings | {"layers": layers, "dtype": run.network.get("dtype"), "data": run.data}


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    """Give everything in a JSON document a name: {"optimizer.learning_rate": 0.001, …}."""
    if not isinstance(value, dict | list) or not value:
        return {name: value}
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    flat: dict[str, Any] = {}
    for key, part in parts:
        flat |= _flat(part, f"{name}.{key}" if name else str(key))
    return flat


def _label(run: Run, runs: Iterable[Run]) -> str:
    """Name a run by its folder, or by the whole path where two folders have one name."""
    return run.name if sum(other.name == run.name for other in runs) == 1 else str(run.path)


def _last(run: Run, name: str) -> str:
    return figure(name, run.epochs.last[name]) if name in run.epochs.last else ""


def _word(value: Any) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
