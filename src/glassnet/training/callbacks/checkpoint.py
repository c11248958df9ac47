"""Checkpoint: keeps training on the disk, so that nothing is lost."""

from __future__ import annotations

from pathlib import Path

from glassnet.settings import expect_counts
from glassnet.training.callbacks.base import Callback
from glassnet.training.checkpoint import Snapshot, read_checkpoint
from glassnet.training.fit import Fit
from glassnet.training.history import Figures


class Checkpoint(Callback):
    """Writes `last.safetensors` after every so many epochs, and `best.safetensors` when it is best.

    folder      where to; it is made
    every       how many epochs lie between two of `last`; the last epoch is written in any case
    monitor     the figure that says what is best; "validation_loss", or "loss" where nothing is
                held out, unless given

    ``trainer.resume("runs/digits/last.safetensors")`` goes on from there, to the same numbers as if
    training had never stopped. A training that goes on keeps the best so far.
    """

    def __init__(self, folder: str | Path, every: int = 1, monitor: str | None = None) -> None:
        self.last, self.best = Path(folder, "last.safetensors"), Path(folder, "best.safetensors")
        self.every, self.monitor = every, monitor
        expect_counts(self, "every")
        self._watched = ""
        self._figure: float | None = None
        self._unwritten: Snapshot | None = None

    def on_start(self, fit: Fit) -> None:
        held_out = "validation_loss" in fit.better
        self._watched = fit.watch(self.monitor or ("validation_loss" if held_out else "loss"))
        self._figure = self._unwritten = None
        if fit.first_epoch and self.best.exists():
            self._figure = read_checkpoint(self.best).history.last.get(self._watched)

    def on_epoch(self, fit: Fit, figures: Figures) -> None:
        self._unwritten = fit.checkpoint()
        if fit.improved(self._watched, self._figure):
            self._figure = figures[self._watched]
            self._unwritten.write(self.best)
        if len(fit.history) % self.every == 0:
            self.on_end(fit)

    def on_end(self, fit: Fit) -> None:  # noqa: ARG002
        if self._unwritten is not None:
            self._unwritten.write(self.last)
            self._unwritten = None
