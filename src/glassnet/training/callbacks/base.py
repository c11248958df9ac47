"""Callback: what else happens while a network trains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    """

    def on_start(self, fit: Fit) -> None:
        """Before the first batch."""

    def on_chunk(self, fit: Fit, chunk: Chunk) -> None:
        """After some batches, several times a second."""

    def on_epoch(self, fit: Fit, figures: Figures) -> None:
        """After each epoch and its measurements, which are already in the history."""

    def on_end(self, fit: Fit) -> None:
        """At the end, however it came: done, stopped, interrupted or by an error."""
