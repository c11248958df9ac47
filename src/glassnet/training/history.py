"""History: what training measured, epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from glassnet.errors import DataError, one_of, short
from glassnet.settings import inside

Figures = dict[str, float]
"""What one epoch measured, by name: epoch, loss, accuracy, validation_loss, …"""


@dataclass(repr=False)
class History:
    """The figures of each epoch, in order, and how training ended.

    epochs      one dict an epoch: "epoch", "loss" (the mean over the epoch's batches as they were
                met), metrics on the training set, the same with "validation_" in front where there
                was a validation set, "learning_rate" and "seconds"
    ended       why training stopped: "finished", "interrupted", "diverged", or what a callback said
    engine      which engine ran, and why
    """

    epochs: list[Figures] = field(default_factory=list)
    ended: str = ""
    engine: str = ""

    def __getitem__(self, name: str) -> list[float]:
        """Return one figure over the epochs, NaN where it was not measured: ``history["loss"]``."""
        if self.epochs and name not in (known := figures_of(self)):
            raise one_of("figure", name, known)
        return [figures.get(name, math.nan) for figures in self.epochs]

    def __len__(self) -> int:
        return len(self.epochs)

    def __iter__(self) -> Iterator[Figures]:
        return iter(self.epochs)

    def __repr__(self) -> str:
        parts = [f"{len(self)} epochs", self.ended, describe(self.last)]
        return f"<History: {', '.join(part for part in parts if part)}>"

    @property
    def last(self) -> Figures:
        """The figures of the last epoch; empty before the first ended."""
        return self.epochs[-1] if self.epochs else {}


def figures_of(epochs: Iterable[Mapping[str, Any]]) -> list[str]:
    """Name every figure that was measured in some epoch."""
    return list(dict.fromkeys(name for figures in epochs for name in figures))


def as_json(value: Any) -> Any:
    """Make figures, and whatever holds them, fit for JSON: NaN and infinity become null."""
    if isinstance(value, Mapping):
        return {name: as_json(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def from_json(figures: Any) -> Figures:
    """Read what `as_json` made of an epoch's figures: what is null was no finite number.

    Raises DataError for anything but finite numbers, or null, by name.
    """
    if not isinstance(figures, Mapping) or not all(
        value is None or inside("(-inf, inf)", value) for value in figures.values()
    ):
        raise DataError(f"Figures are expected as numbers by name, got {short(figures)}.")
    return {name: math.nan if value is None else value for name, value in figures.items()}


def epochs_from_json(epochs: Any) -> list[Figures]:
    """Read what `as_json` made of the figures of all epochs. Raises DataError for anything else."""
    if not isinstance(epochs, list):
        raise DataError(f"The epochs are expected as a list of figures, got {short(epochs)}.")
    return [from_json(figures) for figures in epochs]


def describe(figures: Mapping[str, float | None]) -> str:
    """Write figures in one line: ``loss 0.1234  accuracy 97.2 %  validation: loss 0.2``."""
    hidden = ("epoch", "seconds", "learning_rate")
    words = []
    for name, value in figures.items():
        held_out = name.startswith("validation_")
        if held_out and "validation:" not in words:
            words.append("validation:")
        if name not in hidden and value is not None:
            bare = name.removeprefix("validation_").replace("_", " ")
            words.append(f"{bare} {figure(name, value)}")
    return "  ".join(words).replace("validation:  ", "validation: ")


def figure(name: str, value: float) -> str:
    """Write one figure as people read it: shares in per cent, the rest to four digits."""
    shares = ("accuracy", "precision", "recall", "f1")
    if name.endswith(shares) or "top-" in name:
        return f"{100 * value:.1f} %"
    return f"{value:.4g}"
