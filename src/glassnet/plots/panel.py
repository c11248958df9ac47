"""Panel: curves and points over two axes, as data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from glassnet.plots.picture import BLUE


@dataclass(frozen=True)
class Series:
    """A curve, or a cloud of points.

    x, y    (N,) numbers; NaN leaves a gap
    style   "-" a line, "--" a broken one, "o" points, "x" crosses
    """

    label: str
    x: Any
    y: Any
    color: str = BLUE
    style: str = "-"

    @property
    def is_line(self) -> bool:
        """Whether the points are joined."""
        return self.style in ("-", "--")


@dataclass(frozen=True)
class Panel:
    """Curves and points over two axes.

    number  how numbers of y are written; as they come unless given
    whole   whether x counts something
    legend  whether to say which series is which
    """

    title: str
    x_label: str
    y_label: str
    series: Sequence[Series]
    number: Callable[[float], str] | None = None
    whole: bool = False
    legend: bool = True
