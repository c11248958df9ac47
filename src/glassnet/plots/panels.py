"""Panels: several panels in one picture, drawn by matplotlib or written in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from glassnet.plots.panel import Panel
from glassnet.plots.picture import GREY, Canvas, Picture
from glassnet.plots.terminal import write_panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def panels(
    drawn: Sequence[Panel], width: float, height: float, columns: int | None = None
) -> Picture:
    """Make a picture of panels in a grid, which a terminal shows one below the other.

    width, height   of the whole, in inches
    columns         of the grid; unless given, one a panel
    """
    columns = columns or len(drawn)
    return Picture(
        width, height, partial(_draw, drawn=drawn, columns=columns), partial(_write, drawn=drawn)
    )


def _draw(canvas: Canvas, drawn: Sequence[Panel], columns: int) -> None:
    grid = canvas.subplots(-(-len(drawn) // columns), columns, squeeze=False).flat
    for panel, axes in zip(drawn, grid, strict=False):
        draw_panel(axes, panel)
    for axes in list(grid)[len(drawn) :]:
        axes.axis("off")


def draw_panel(axes: Axes, panel: Panel) -> None:
    """Draw a panel on matplotlib's axes."""
    from matplotlib.ticker import MaxNLocator

    for one in panel.series:
        if one.is_line:
            marker = "o" if len(one.x) < 3 else ""
            axes.plot(
                one.x, one.y, one.style, label=one.label, color=one.color, lw=1.8, marker=marker,
                ms=4, zorder=3,
            )  # fmt: skip
        else:
            axes.scatter(
                one.x, one.y, s=16, marker=one.style, label=one.label, color=one.color, alpha=0.6,
                linewidths=1 if one.style == "x" else 0,
            )  # fmt: skip
    axes.set_title(panel.title, loc="left", fontsize=11, fontweight="bold")
    axes.set_xlabel(panel.x_label)
    axes.set_ylabel(panel.y_label)
    if panel.whole:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if number := panel.number:
        axes.yaxis.set_major_formatter(lambda value, _: number(value))
    axes.grid(alpha=0.25, color=GREY)
    axes.spines[["top", "right"]].set_visible(False)
    if panel.legend:
        axes.legend(frameon=False)


def _write(width: int, drawn: Sequence[Panel]) -> str:
    return "\n\n".join(write_panel(panel, width) for panel in drawn)
