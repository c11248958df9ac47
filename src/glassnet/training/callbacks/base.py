"""Callback: what else happens while a network trains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from glassnet.training.history import Figures

if TYPE_CHECKING:
    from glassnet.training.fit import Fit


@dataclass(frozen=True, eq=False)
class Chunk:
    """The batches that were just trained on.

    step        how many updates were made before the first of them
    losses      (B,) each batch's, before its update
    rates       (B,) the learning rate of each update
    done, of    how many batches of the epoch are done, of how many
    """

    step: int
    losses: NDArray[np.float64]
    rates: NDArray[np.float64]
    done: int
    of: int


class Callback:
    """Something that happens at certain moments of training; override the moments you want.

    Each moment gets the Fit: the network, the history so far, what is planned, and `stop(reason)`.
    An error in one of them ends training, after all callbacks have been told of that moment.
    """

    def on_start(self, fit: Fit) -> None:
        """Before the first batch."""

    def on_chunk(self, fit: Fit, chunk: Chunk) -> None:
        """After some batches, several times a second."""

    def on_epoch(self, fit: Fit, figures: Figures) -> None:
        """After each epoch and its measurements, which are already in the history."""

    def after_epoch(self, fit: Fit, figures: Figures) -> None:
        """When every callback has had its `on_epoch`: what is kept now holds what they remember."""

    def on_end(self, fit: Fit) -> None:
        """At the end, however it came: done, stopped, interrupted or by an error."""

    def memory(self) -> Mapping[str, Any]:
        """What it has to be told where training goes on from here: by name, JSON or arrays."""
        return {}

    def recall(self, fit: Fit, memory: Mapping[str, Any]) -> None:
        """After `on_start`, where training goes on: what `memory` returned when that was kept."""

    def folders(self) -> Iterable[Path]:
        """Where it keeps what another training, writing there too, would spoil."""
        return ()


def by_name(callbacks: Iterable[Callback]) -> dict[str, Callback]:
    """Name callbacks by their class; the second of one class, in order, gets a 2, and so on."""
    named: dict[str, Callback] = {}
    counts: dict[str, int] = {}
    for callback in callbacks:
        name = type(callback).__name__
        counts[name] = counts.get(name, 0) + 1
        named[name if counts[name] == 1 else f"{name} {counts[name]}"] = callback
    return named
