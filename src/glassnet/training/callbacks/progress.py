"""Progress: how far training is and how well it goes, while it goes."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from glassnet.showing import Shown, show
from glassnet.training.callbacks.base import Callback, Chunk
from glassnet.training.fit import Fit
from glassnet.training.history import Figures, describe

if TYPE_CHECKING:
    from glassnet.training.callbacks.bar import Bar

PLAIN_LINES = 20
"""At most about as many lines are printed where there is no terminal."""


class Progress(Callback):
    """Shows a live bar on a terminal and plain lines elsewhere, on the standard error stream.

    With the bar come the loss, the last epoch's metrics and validation figures, and the time left.
    Elsewhere one line an epoch is printed, or every k-th of many. For silence, use
    ``fit(..., progress=False)``.
    """

    def __init__(self) -> None:
        self._bar: Bar | None = None
        self._began = 0.0

    def on_start(self, fit: Fit) -> None:
        self._began = time.perf_counter()
        if Shown(sys.stderr).isatty():
            from glassnet.training.callbacks.bar import Bar

            self._bar = Bar(fit.first_epoch, fit.last_epoch)
            self._bar.start()

    def on_chunk(self, fit: Fit, chunk: Chunk) -> None:
        if self._bar is not None:
            done = len(fit.history)
            figures = describe(fit.history.last | {"loss": chunk.losses[-1]})
            self._bar.show(done + chunk.done / chunk.of, fit.first_epoch + done + 1, figures)

    def on_epoch(self, fit: Fit, figures: Figures) -> None:
        epoch, done = int(figures["epoch"]), len(fit.history)
        if self._bar is not None:
            self._bar.show(done, epoch, describe(figures))
            return
        every = -(-(fit.last_epoch - fit.first_epoch) // PLAIN_LINES)
        if done % every == 0 or done == 1 or epoch == fit.last_epoch:
            left = (time.perf_counter() - self._began) / done * (fit.last_epoch - epoch)
            width = len(str(fit.last_epoch))
            line = f"epoch {epoch:{width}}/{fit.last_epoch}  {describe(figures)}  {left:.1f} s left"
            show(line)

    def on_end(self, fit: Fit) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        if fit.stopped:
            done = fit.first_epoch + len(fit.history)
            show(f"Stopped after epoch {done}: {fit.stopped}.")
