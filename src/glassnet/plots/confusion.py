"""The confusion table as a picture: what is right is blue, what is wrong is orange."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

import numpy as np

from glassnet.plots.picture import BLUE, ORANGE, Canvas, Picture
from glassnet.text import aligned
from glassnet.types import Array


def confusion(table: Array, labels: Sequence[str]) -> Picture:
    """Draw how many rows of each truth (down) got each answer (across).

    table       what `confusion_table` returns: (classes, classes)

    A right cell is the darker the larger its share of the class, a wrong one the larger its share
    of the most frequent mistake.
    """
    side = 2 + 0.5 * len(labels)
    draw = partial(_draw, table=table, labels=labels)
    return Picture(side, side, draw, partial(_write, table=table, labels=labels))


def cells(
    table: Iterable[Iterable[int]], labels: Sequence[str], width: int = 80
) -> tuple[list[str], list[list[str]]]:
    """Write the table in cells: its columns and its rows.

    Where labels are too long for the width of a page, their numbers stand above the columns.
    """
    heads, sides = list(labels), list(labels)
    if max(map(len, labels)) + sum(len(label) + 3 for label in labels) > width:
        heads = [str(k) for k in range(len(labels))]
        sides = [f"{k} {label}" for k, label in enumerate(labels)]
    rows = [
        [side, *(f"{count:,}" if count else "." for count in counts)]
        for side, counts in zip(sides, table, strict=True)
    ]
    return ["truth \\ answer", *heads], rows


def _write(width: int, table: Array, labels: Sequence[str]) -> str:
    return aligned(*cells(table, labels, width))


def _draw(canvas: Canvas, table: Array, labels: Sequence[str]) -> None:
    from matplotlib.colors import to_rgb

    K = len(labels)
    right = np.eye(K, dtype=bool)
    whole = np.where(right, table.sum(axis=1, keepdims=True), table[~right].max(initial=0))
    share = np.divide(table, whole, out=np.zeros((K, K)), where=whole > 0)[:, :, None]
    color = np.where(right[:, :, None], to_rgb(BLUE), to_rgb(ORANGE))
    axes = canvas.subplots()
    axes.imshow(1 - share * (1 - color))
    for truth, answer in np.argwhere(table > 0):
        ink = "white" if share[truth, answer, 0] > 0.6 else "black"
        axes.text(answer, truth, f"{table[truth, answer]:,}", ha="center", va="center", color=ink)
    long = max(map(len, labels)) > 3
    axes.set_xticks(range(K), labels, rotation=45 if long else 0, ha="right" if long else "center")
    axes.set_yticks(range(K), labels)
    axes.hlines(np.arange(1, K) - 0.5, -0.5, K - 0.5, color="white", lw=2)
    axes.vlines(np.arange(1, K) - 0.5, -0.5, K - 0.5, color="white", lw=2)
    axes.set_xlabel("answer")
    axes.set_ylabel("truth")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(
        f"{np.trace(table):,} of {table.sum():,} answered rightly",
        loc="left", fontsize=11, fontweight="bold",
    )  # fmt: skip
