"""Progress: how far training is and how well it goes, while it goes."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from glassnet.training.callbacks.base import Callback, Chunk
from glassnet.training.fit import Fit
from glassnet.training.history import Figures

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

PLAIN_LINES = 20
"""At most about as many lines are printed where there is no terminal."""


class Progress(Callback):
    """Shows a live bar on a terminal and plain lines elsewhere, on the standard error stream.

    The bar carries the loss, the last epoch's metrics and validation figures, and the time left.
    Elsewhere one line an epoch is printed, or every k-th of many. For silence, use
    ``fit(..., progress=False)``.
    """

    def __init__(self) -> None:
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._every = 1
        self._began = 0.0
        self._loss = 0.0

    def on_start(self, fit: Fit) -> None:
        self._began = time.perf_counter()
        planned = fit.last_epoch - fit.first_epoch
        self._every = -(-planned // PLAIN_LINES)
        if not sys.stderr.isatty():
            return
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )  # fmt: skip

        self._bar = Progress(
            TextColumn("epoch {task.fields[epoch]}/" + str(fit.last_epoch)),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[figures]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            expand=True,
        )
        self._task = self._bar.add_task("", total=planned, epoch=fit.first_epoch + 1, figures="")
        self._bar.start()

    def on_chunk(self, fit: Fit, chunk: Chunk) -> None:
        if self._bar is None or self._task is None:
            return
        done = len(fit.history)
        self._bar.update(
            self._task,
            completed=done + chunk.done / chunk.of,
            epoch=fit.first_epoch + done + (chunk.done < chunk.of or done == 0),
            figures=describe({"loss": chunk.losses[-1], **_without(fit.history.last, "loss")}),
        )

    def on_epoch(self, fit: Fit, figures: Figures) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=len(fit.history), figures=describe(figures))
            return
        done = len(fit.history)
        if done % self._every == 0 or done == 1 or figures["epoch"] == fit.last_epoch:
            left = (time.perf_counter() - self._began) / done * (fit.last_epoch - figures["epoch"])
            width = len(str(fit.last_epoch))
            print(
                f"epoch {figures['epoch']:{width}.0f}/{fit.last_epoch}  {describe(figures)}  "
                f"{left:.1f} s left",
                file=sys.stderr,
                flush=True,
            )

    def on_end(self, fit: Fit) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = self._task = None
        if fit.stopped:
            done = fit.first_epoch + len(fit.history)
            print(f"Stopped after epoch {done}: {fit.stopped}.", file=sys.stderr)


def describe(figures: Figures) -> str:
    """Write figures in one line: ``loss 0.1234  accuracy 97.2 %  validation loss 0.2``."""
    hidden = ("epoch", "seconds", "learning_rate")
    return "  ".join(
        f"{name.replace('_', ' ')} {figure(name, value)}"
        for name, value in figures.items()
        if name not in hidden
    )


def figure(name: str, value: float) -> str:
    """Write one figure as people read it: shares in per cent, the rest to four digits."""
    shares = ("accuracy", "precision", "recall", "f1")
    if name.endswith(shares) or "top-" in name:
        return f"{100 * value:.1f} %"
    return f"{value:.4g}"


def _without(figures: Figures, name: str) -> Figures:
    return {key: value for key, value in figures.items() if key != name}
