"""Values as a picture: each answer over its truth, and the line on which they would be equal."""

from __future__ import annotations

from functools import partial

from glassnet.data.meaning import Values
from glassnet.plots.picture import BLUE, GREY, Canvas, Picture
from glassnet.types import Array


def values(truth: Array, answer: Array, meaning: Values) -> Picture:
    """Draw a point for each row, one panel a quantity.

    truth, answer   (N, quantities), in their units
    """
    draw = partial(_draw, truth=truth, answer=answer, meaning=meaning)
    return Picture(max(5, 4.5 * meaning.size), 4.5, draw)


def _draw(canvas: Canvas, truth: Array, answer: Array, meaning: Values) -> None:
    units = meaning.units or ("",) * meaning.size
    panels = canvas.subplots(1, meaning.size, squeeze=False)[0]
    for k, (axes, name, unit) in enumerate(zip(panels, meaning.names, units, strict=True)):
        t, y = truth[:, k], answer[:, k]
        ends = float(min(t.min(), y.min())), float(max(t.max(), y.max()))
        axes.plot(ends, ends, "--", color=GREY, lw=1.2, label="truth = answer")
        axes.scatter(t, y, s=14, alpha=0.6, color=BLUE, edgecolors="none")
        axes.set_title(name, loc="left", fontsize=11, fontweight="bold")
        axes.set_xlabel(f"truth ({unit})" if unit else "truth")
        axes.set_ylabel(f"answer ({unit})" if unit else "answer")
        axes.set_aspect("equal", adjustable="box")
        axes.grid(alpha=0.25, color=GREY)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, loc="upper left")
