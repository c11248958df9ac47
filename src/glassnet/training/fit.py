"""Fit: one call of `Trainer.fit` in progress, as callbacks see it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from glassnet.engines.base import Examples, Runner
from glassnet.errors import SettingError, one_of
from glassnet.nn.losses import Loss
from glassnet.nn.network import Network
from glassnet.training.checkpoint import Snapshot
from glassnet.training.history import History


@dataclass
class Fit:
    """One call of `Trainer.fit` in progress.

    losses          what is minimised, by output
    examples        the rows that are trained on, as they were given: not augmented
    held_out        the rows that are measured after each epoch, or None
    history         what it measured so far
    settings        how it trains, as JSON
    better          for each figure that can be watched, whether "lower" or "higher" is better
    first_epoch     how many epochs were made before this call, and
    first_step      how many updates
    last_epoch      how many will have been made when it ends as planned
    checkpoint      returns everything that is needed to go on: ``fit.checkpoint().write(path)``
    rate_factor     multiplies the optimiser's learning rate; callbacks may change it
    pauses          steps after which a chunk ends, so that callbacks see the weights there;
                    callbacks may add some
    stopped         why training is to stop after the current epoch or chunk; empty while it is not
    """

    network: Network
    losses: Mapping[str, Loss]
    examples: Examples
    held_out: Examples | None
    runner: Runner
    history: History
    settings: Mapping[str, Any]
    better: Mapping[str, Literal["lower", "higher"]]
    first_epoch: int
    first_step: int
    last_epoch: int
    checkpoint: Callable[[], Snapshot]
    rate_factor: float = 1.0
    pauses: set[int] = field(default_factory=set, repr=False)
    stopped: str = ""
    now: bool = field(default=False, repr=False)

    def stop(self, reason: str, *, now: bool = False) -> None:
        """Ask training to end after this epoch, or `now`, after the current chunk."""
        self.stopped = self.stopped or reason
        self.now = self.now or now

    def watch(self, monitor: str) -> str:
        """Return the name of the figure to watch, or raise SettingError if nothing measures it."""
        if monitor not in self.better:
            if monitor.startswith("validation_") and not any(
                name.startswith("validation_") for name in self.better
            ):
                raise SettingError(
                    f"{monitor!r} cannot be watched without validation data. "
                    "Give fit(..., validation=data.validation), or watch 'loss'."
                )
            raise one_of("figure", monitor, list(self.better))
        return monitor

    def improved(self, monitor: str, before: float | None, by: float = 0.0) -> bool:
        """Return whether the last epoch's figure is better than `before`, by more than `by`.

        Any figure is better than none, and any number than NaN.
        """
        now = self.history.last[monitor]
        if before is None:
            return True
        if math.isnan(before):
            return not math.isnan(now)
        gain = now - before
        return (gain if self.better[monitor] == "higher" else -gain) > by
