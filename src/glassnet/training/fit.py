"""Fit: one call of `Trainer.fit` in progress, as callbacks see it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from glassnet.engines.base import Examples, Runner
from glassnet.errors import DivergenceError, SettingError, one_of
from glassnet.files import remove_leftovers
from glassnet.locking import FolderLock
from glassnet.nn.losses import Loss
from glassnet.nn.network import Network
from glassnet.training.checkpoint import Memory, Snapshot
from glassnet.training.history import History


class Remembers(Protocol):
    """A callback, as far as a checkpoint needs it."""

    def memory(self) -> Mapping[str, Any]:
        """What it has to be told where training goes on: by name, JSON or arrays."""
        ...


@dataclass
class Fit:
    """One call of `Trainer.fit` in progress.

    losses          what is minimised, by output
    examples        the rows that are trained on, as they were given: not augmented
    held_out        the rows that are measured after each epoch, or None
    history         what it measured so far, and
    earlier         what was measured before this call
    settings        how it trains, as JSON
    better          for each figure that can be watched, whether "lower" or "higher" is better
    first_epoch     how many epochs were made before this call, and
    first_step      how many updates
    last_epoch      how many will have been made when it ends as planned
    origin          from which epoch on epochs are counted where every k-th of them matters
    keep            makes what `checkpoint` returns
    rate_factor     multiplies the optimiser's learning rate; callbacks may change it
    pauses          steps after which a chunk ends, so that callbacks see the weights there;
                    callbacks may add some
    left            what there is to go on from, where training was left before its planned end,
                    by an interrupt or an error
    stopped         why training is to stop after the current epoch or chunk; empty while it is not
    started         whether every callback was told of the start
    recalled        what callbacks remembered where training goes on from, by their names
    callbacks       all of them, by name
    """

    network: Network
    losses: Mapping[str, Loss]
    examples: Examples
    held_out: Examples | None
    runner: Runner
    history: History
    earlier: History
    settings: Mapping[str, Any]
    better: Mapping[str, Literal["lower", "higher"]]
    first_epoch: int
    first_step: int
    last_epoch: int
    origin: int
    keep: Callable[[Fit], Snapshot] = field(repr=False)
    rate_factor: float = 1.0
    pauses: set[int] = field(default_factory=set, repr=False)
    left: Snapshot | None = field(default=None, repr=False)
    stopped: str = ""
    now: bool = field(default=False, repr=False)
    started: bool = field(default=False, repr=False)
    recalled: Mapping[str, Memory] = field(default_factory=dict, repr=False)
    callbacks: Mapping[str, Remembers] = field(default_factory=dict, repr=False)
    _claims: dict[Path, FolderLock] = field(default_factory=dict, repr=False)

    def checkpoint(self) -> Snapshot:
        """Return everything that is needed to go on: ``fit.checkpoint().write(path)``."""
        return self.keep(self)

    def memories(self) -> dict[str, Memory]:
        """Return what the callbacks remember now; before all have started, what they did before."""
        if not self.started:
            return dict(self.recalled)
        told = {name: callback.memory() for name, callback in self.callbacks.items()}
        return {name: memory for name, memory in told.items() if memory}

    @contextmanager
    def kept_by_an_error(self) -> Iterator[None]:
        """Keep in `left` what there is to go on from, if the block ends by an error.

        Not by DivergenceError: what is left then is no moment that training came through.
        """
        try:
            yield
        except DivergenceError:
            raise
        except BaseException:
            with suppress(Exception):  # the first error is the one that people need
                self.left = self.checkpoint()
            raise

    def claim(self, folder: Path, stack: ExitStack) -> None:
        """Hold a folder until the stack unwinds, and clear it of what killed processes left.

        Raises FileError if another training holds it.
        """
        place = folder.resolve()
        if place not in self._claims:
            self._claims[place] = FolderLock(folder)
            stack.callback(self._claims[place].release)
        remove_leftovers(folder)

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
