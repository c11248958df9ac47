"""Mistakes in a grid: each with the truth, the answer, and how sure the network was."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from glassnet.data.meaning import Features, Images, Inputs
from glassnet.plots.picture import GREY, ORANGE, Canvas, Picture
from glassnet.training.mistakes import Mistakes
from glassnet.types import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS, ROW_HEIGHT, HEADING = 7, 1.95, 0.5
FEATURES_SHOWN = 8


def mistakes(found: Mistakes, inputs: Inputs, labels: Sequence[str], most: int = 28) -> Picture:
    """Draw a grid of mistakes: images as they are, rows of a table as their first features.

    found   what `find_mistakes` returns
    most    draw so many, those of which the network was surest
    """
    shown = min(len(found), most)
    rows = max(1, -(-shown // COLUMNS))
    draw = partial(_draw, found=found, inputs=inputs, labels=labels, shown=shown, rows=rows)
    return Picture(10, (ROW_HEIGHT * rows if shown else 0.3) + HEADING, draw)


def _draw(
    canvas: Canvas, found: Mistakes, inputs: Inputs, labels: Sequence[str], shown: int, rows: int
) -> None:
    canvas.suptitle(_heading(found, shown), x=0.01, ha="left", fontsize=11, fontweight="bold")
    if not shown:
        return
    grid = canvas.subplots(rows, COLUMNS, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for i, axes in zip(range(shown), grid.flat, strict=False):
        truth, answer = labels[found.truth[i]], labels[found.answer[i]]
        axes.set_title(f"truth {truth}", fontsize=9, pad=25)
        axes.text(
            0.5, 1.03, f"answer {answer}\n{100 * found.confidence[i]:.0f} % sure",
            transform=axes.transAxes, ha="center", fontsize=8.5, color=ORANGE,
        )  # fmt: skip
        if isinstance(inputs, Images):
            image = found.x[i].reshape(inputs.height, inputs.width)
            axes.imshow(image, cmap="gray_r", vmin=0, vmax=1)
        else:
            _list(axes, found.x[i], inputs)


def _heading(found: Mistakes, shown: int) -> str:
    if not len(found):
        return f"No mistakes: all {found.asked:,} rows were answered rightly."
    which = "" if shown == len(found) else f", the {shown} surest"
    return f"{len(found):,} of {found.asked:,} answered wrongly{which}"


def _list(axes: Axes, row: Array, features: Features) -> None:
    units = features.units or ("",) * features.size
    lines = [
        f"{name} {value:g} {unit}".rstrip()
        for name, value, unit in zip(features.names, row, units, strict=True)
    ]
    if len(lines) > FEATURES_SHOWN:
        lines[FEATURES_SHOWN - 1 :] = [f"and {len(lines) - FEATURES_SHOWN + 1} more"]
    axes.text(
        0.5, 0.95, "\n".join(lines), transform=axes.transAxes,
        ha="center", va="top", fontsize=7, color=GREY,
    )  # fmt: skip
