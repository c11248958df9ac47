"""Picture: something to draw, with the size that it wants."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from glassnet.errors import SettingError, missing_extra, one_of
from glassnet.files import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure, SubFigure

Canvas: TypeAlias = "Figure | SubFigure"

BLUE, ORANGE, GREEN, PINK, SKY, AMBER = COLORS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"
)  # fmt: skip
GREY = "#707070"
"""Told apart by people with any colour vision (Okabe & Ito, Color universal design, 2008)."""

FORMATS = ("png", "svg", "pdf")


@dataclass(frozen=True)
class Picture:
    """Something to draw, in a figure of its own or as a part of another.

    width, height   in inches
    draw            puts it on a matplotlib figure or a part of one
    write           writes it with characters in lines of a given width, where that is possible

    Needs matplotlib (the extra `plot`), though not its global state: no window, no pyplot.
    A notebook shows it by itself.
    """

    width: float
    height: float
    draw: Callable[[Canvas], None]
    write: Callable[[int], str] | None = None

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file of the format that its name ends in: .png, .svg or .pdf.

        Raises SettingError for another ending, FileError if the file cannot be written.
        """
        kind = Path(path).suffix.lower().lstrip(".")
        if kind not in FORMATS:
            raise one_of("picture format", kind, FORMATS)
        write_atomically(path, self._bytes(kind))

    def figure(self) -> Figure:
        """Draw it on a matplotlib figure, to go on with."""
        try:
            from matplotlib.figure import Figure
            from matplotlib.layout_engine import ConstrainedLayoutEngine
        except ImportError:
            raise missing_extra("A picture", "matplotlib", "plot") from None
        size = (self.width, self.height)
        figure = Figure(figsize=size, dpi=120, layout=ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1))
        self.draw(figure)
        return figure

    def text(self, width: int = 80) -> str:
        """Write it with characters, for a terminal.

        Raises SettingError for a picture that characters cannot show, MissingExtraError without
        plotext (the extra `plot`).
        """
        if self.write is None:
            raise SettingError("This picture cannot be shown in a terminal: save it to a file.")
        return self.write(width)

    def _repr_png_(self) -> bytes:
        return self._bytes("png")

    def _bytes(self, kind: str) -> bytes:
        buffer = io.BytesIO()
        self.figure().savefig(buffer, format=kind)
        return buffer.getvalue()


def stack(*pictures: Picture) -> Picture:
    """Put pictures on one another, the first on top."""

    def draw(canvas: Canvas) -> None:
        heights = [picture.height for picture in pictures]
        parts = canvas.subfigures(len(pictures), squeeze=False, height_ratios=heights)
        for picture, part in zip(pictures, parts[:, 0], strict=True):
            picture.draw(part)

    return Picture(
        max(picture.width for picture in pictures),
        sum(picture.height for picture in pictures),
        draw,
    )
