"""Bar: the live progress of a training on a terminal. Importing this file imports Rich."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TextIO, cast

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from glassnet.showing import Shown


class Bar(Progress):
    """A bar with epoch and time left on the standard error stream, and a line of figures below."""

    def __init__(self, done: int, last: int) -> None:
        self.figures = ""
        super().__init__(
            TextColumn(f"epoch {{task.fields[epoch]}}/{last}"),
            BarColumn(bar_width=None),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(file=cast(TextIO, Shown(sys.stderr))),
            expand=True,
            redirect_stdout=Shown(sys.stdout).isatty(),  # what is printed into a file stays there
        )
        self.epochs = self.add_task("", total=last - done, epoch=done + 1)

    def show(self, completed: float, epoch: int, figures: str) -> None:
        """Move the bar on, to so many epochs of those planned."""
        self.figures = figures
        self.update(self.epochs, completed=completed, epoch=epoch)

    def get_renderables(self) -> Iterable[RenderableType]:
        """Draw the bar, and the figures below it."""
        yield from super().get_renderables()
        yield Text(self.figures)
