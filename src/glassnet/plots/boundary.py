"""Boundary: what a model answers everywhere on the plane of its two features."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from glassnet.data.meaning import Classes, Features
from glassnet.data.rows import Rows
from glassnet.errors import DataError
from glassnet.plots.picture import COLORS, Canvas, Picture
from glassnet.plots.plot_model import PlotModel, labels_of, parts_of
from glassnet.types import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ACROSS = 300
"""How finely the plane is asked, in points across and up."""

MARGIN = 0.08
"""What is shown beyond the outermost points, as a part of their extent."""

FEW = 50
"""Fewer rows are drawn as larger points."""

SURE = 0.75
LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyz"))


@dataclass(frozen=True)
class Plane:
    """A model of two features, and the rows around which it is looked at."""

    model: PlotModel
    parts: dict[str, Rows]
    names: tuple[str, str]
    classes: Classes

    @cached_property
    def ends(self) -> tuple[float, float, float, float]:
        """Where the plane ends: left, right, bottom, top."""
        points = np.concatenate([np.asarray(rows.x) for rows in self.parts.values()])
        low, high = points.min(axis=0), points.max(axis=0)
        room = MARGIN * np.where(high > low, high - low, 1)
        (left, bottom), (right, top) = (low - room).tolist(), (high + room).tolist()
        return left, right, bottom, top

    def axes(self, across: int, up: int) -> tuple[Array, Array]:
        """Where a grid stands on the plane: (across,) and (up,)."""
        left, right, bottom, top = self.ends
        return np.linspace(left, right, across), np.linspace(bottom, top, up)

    def probabilities(self, across: int, up: int) -> Array:
        """Ask the model on a grid: (up, across, classes), from the bottom."""
        points = np.stack(np.meshgrid(*self.axes(across, up)), axis=-1)
        return self.model.predict_proba(points.reshape(-1, 2)).reshape(up, across, -1)


def boundary(model: PlotModel, train: Rows, test: Rows | None = None) -> Picture:
    """Draw which class a model answers on the plane of its two features, and how surely.

    The fuller a colour, the surer the model; on a line two classes are as probable. Points are the
    rows in the colour of their truth: training filled, test ringed.

    Raises DataError for a model of another number of features, or one that answers with values.
    """
    if not isinstance(model.inputs, Features) or model.inputs.size != 2:
        raise DataError("A decision boundary needs a model of two features; this one has not two.")
    if not isinstance(model.outputs, Classes):
        raise DataError("A decision boundary needs classes; this model answers with values.")
    first, second = labels_of(model.inputs)
    plane = Plane(model, parts_of(train, test), (first, second), model.outputs)
    return Picture(7.4, 5.6, partial(_draw, plane=plane), partial(_write, plane=plane))


def _draw(canvas: Canvas, plane: Plane) -> None:
    axes = canvas.subplots()
    _draw_regions(axes, plane)
    for part, rows in plane.parts.items():
        _draw_points(axes, rows, plane.classes, part)
    axes.set_xlabel(plane.names[0])
    axes.set_ylabel(plane.names[1])
    axes.spines[:].set_visible(False)
    axes.legend(
        frameon=False, loc="center left", bbox_to_anchor=(1, 0.5), fontsize=9, borderaxespad=0.8
    )


def _draw_regions(axes: Axes, plane: Plane) -> None:
    from matplotlib.colors import to_rgb

    p = plane.probabilities(ACROSS, ACROSS)
    K = p.shape[-1]
    colors = np.array([to_rgb(COLORS[k % len(COLORS)]) for k in range(K)])
    sure = (p.max(axis=-1, keepdims=True) - 1 / K) / (1 - 1 / K)
    shade = 1 - (0.08 + 0.42 * sure) * (1 - colors[p.argmax(axis=-1)])
    axes.imshow(shade, extent=plane.ends, origin="lower", aspect="auto", interpolation="bilinear")
    for k in range(K):
        ahead = p[:, :, k] - np.delete(p, k, axis=-1).max(axis=-1)
        if ahead.min() < 0 < ahead.max():
            x, y = plane.axes(ACROSS, ACROSS)
            axes.contour(x, y, ahead, [0], colors="black", linewidths=1)


def _draw_points(axes: Axes, rows: Rows, classes: Classes, part: str) -> None:
    size = 60 if len(rows) < FEW else 20
    for k, label in enumerate(classes.labels):
        if not (rows.t == k).any():
            continue
        x, y = np.asarray(rows.x)[rows.t == k].T
        color, legend = COLORS[k % len(COLORS)], f"{label}, {part}"
        if part == "test":
            axes.scatter(
                x, y, s=1.3 * size, label=legend, facecolors="white", edgecolors=color,
                linewidths=1.4, zorder=3,
            )  # fmt: skip
        else:
            axes.scatter(
                x,
                y,
                s=size,
                label=legend,
                color=color,
                edgecolors="white",
                linewidths=0.5,
                zorder=3,
            )


def _write(width: int, plane: Plane) -> str:
    """Write the answers as letters, and the rows over them as capital letters of their truth."""
    up = 3 * width // 10  # characters are about twice as high as wide
    p = plane.probabilities(width, up)
    answers = LETTERS[p.argmax(axis=-1) % len(LETTERS)]
    cells = np.where(p.max(axis=-1) >= SURE, answers, " ")
    left, right, bottom, top = plane.ends
    for rows in plane.parts.values():
        share = (np.asarray(rows.x) - (left, bottom)) / (right - left, top - bottom)
        columns, lines = np.rint(share * (width - 1, up - 1)).astype(int).T
        cells[lines, columns] = np.char.upper(LETTERS[rows.t % len(LETTERS)])
    legend = zip(LETTERS, plane.classes.labels, strict=False)
    x, y = plane.names
    return "\n".join(
        [
            ", ".join(f"{letter} = {label}" for letter, label in legend),
            *("".join(line).rstrip() for line in cells[::-1]),
            f"{x} from {left:.3g} to {right:.3g} across, {y} from {bottom:.3g} to {top:.3g} up",
            f"Capitals: the rows. Blank: less than {100 * SURE:.0f} % sure.",
        ]
    )
