"""Checkpoint: keeps training on the disk, so that nothing is lost."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from glassnet.errors import FileError
from glassnet.settings import expect_counts
from glassnet.training.callbacks.base import Callback
from glassnet.training.checkpoint import Snapshot, read_checkpoint
from glassnet.training.fit import Fit
from glassnet.training.history import Figures, as_json, from_json
from glassnet.training.recording import set_aside

LAST, BEST = "last.safetensors", "best.safetensors"


class Checkpoint(Callback):
    """Writes `last.safetensors` at the start and after every so many epochs, and `best.safetensors`
    when it is best.

    folder      where to; it is made
    every       how many epochs lie between two of `last`; the last epoch is written in any case
    monitor     the figure that says what is best; "validation_loss", or "loss" where nothing is
                held out, unless given
    about       what else the files are to hold, as JSON

    ``trainer.resume("runs/digits/last.safetensors")`` goes on from there, to the same numbers as if
    training had never stopped; callbacks of the same classes then remember what they did. Training
    that is left within an epoch, by an interrupt or an error, is kept as it was then. A training
    that goes on keeps the best so far. Files of another training, or of a later moment than the one
    from which this one goes on, are moved into the folder's own folder earlier-1, or the next that
    is free. While training lasts, no other one writes there: the folder is locked.
    """

    def __init__(
        self,
        folder: str | Path,
        every: int = 1,
        monitor: str | None = None,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        self.last, self.best = Path(folder, LAST), Path(folder, BEST)
        self.every, self.monitor = every, monitor
        self.about: dict[str, Any] = dict(about or {})
        expect_counts(self, "every")
        self._watched = ""
        self._figure: float | None = None
        self._improved = False
        self._unwritten: Snapshot | None = None

    def on_start(self, fit: Fit) -> None:
        held_out = "validation_loss" in fit.better
        self._watched = fit.watch(self.monitor or ("validation_loss" if held_out else "loss"))
        self._figure = self._unwritten = None
        start = fit.checkpoint()
        aside = None
        if not self._goes_on_here(start):
            aside = set_aside(self.last.parent, LAST, BEST)
        if not start.step:
            self._now(start).write(self.last)
            return
        best = aside / BEST if aside else self.best
        with suppress(FileError):
            kept = read_checkpoint(best)
            if kept.training == start.training and kept.step <= start.step:
                self._figure = kept.history.last.get(self._watched)
                if aside:
                    shutil.copy2(best, self.best)

    def folders(self) -> Iterable[Path]:
        return (self.last.parent,)

    def on_epoch(self, fit: Fit, figures: Figures) -> None:
        self._improved = fit.improved(self._watched, self._figure)
        if self._improved:
            self._figure = figures[self._watched]

    def after_epoch(self, fit: Fit, figures: Figures) -> None:
        self._unwritten = self._now(fit.checkpoint())
        if self._improved:
            self._unwritten.write(self.best)
        if (figures["epoch"] - fit.origin) % self.every == 0:
            self._write()

    def on_end(self, fit: Fit) -> None:
        if fit.left is not None:
            self._unwritten = self._now(fit.left)
        self._write()

    def memory(self) -> Mapping[str, Any]:
        return {"best": as_json({} if self._figure is None else {self._watched: self._figure})}

    def recall(self, fit: Fit, memory: Mapping[str, Any]) -> None:  # noqa: ARG002
        self._figure = from_json(memory["best"]).get(self._watched)

    def _goes_on_here(self, start: Snapshot) -> bool:
        """Say whether the folder holds nothing that would be lost if training wrote there."""
        if not self.last.exists():
            return not self.best.exists() or bool(start.step)
        try:
            kept = read_checkpoint(self.last)
        except FileError:  # what cannot be read is still somebody's
            return False
        return bool(start.step) and kept.training == start.training and kept.step <= start.step

    def _now(self, moment: Snapshot) -> Snapshot:
        return replace(moment, about={**moment.about, **self.about})

    def _write(self) -> None:
        if self._unwritten is not None:
            self._unwritten.write(self.last)
            self._unwritten = None
