"""From a drawing to a row, as the pictures were made that a network learnt from.

A network that learnt from framed pictures knows digits of one size, in one place, of much the same
pen. So a drawing is brought there, by sums, products and whole numbers only: what runs in a browser
repeats them to 1e-6.

    1  ink is counted as a share of the darkest; its box is the rows and columns with more than
       FAINT of it
    2  the box is scaled to fit into the style's
    3  the width of its pen is 8/π · (inked pixels) / (edges between inked and bare pixels), where
       inked is more than half
    4  a pixel of the picture is the mean ink of a square of side b around it; b = 1, or more by
       what the pen, scaled, lacks of the style's, but at most 2. The box of 2 then is smaller by
       b - 1, for the ink spreads as much
    5  where the ink's level Σ v² / Σ v is below the style's, all is multiplied up to it, or until
       the darkest is 1 if that is more; at most to 1
    6  the box's middle is the picture's; or the centre of mass, brought by whole pixels into the
       pixel to the right and below the middle

Most pictures that are framed already come out as they went in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glassnet.data.meaning import Images
from glassnet.data.rows import numbers
from glassnet.errors import DataError, EmptyDrawingError
from glassnet.types import Array

EMPTY = 1 / 32
"""A drawing whose darkest ink is below this is empty."""

FAINT = 1 / 32
"""Ink up to this share of the darkest is not looked for by the box."""

TINY = 1e-6
"""What another machine's sums may differ by without a place being rounded to another pixel."""


@dataclass(frozen=True)
class Style:
    """How one kind of training pictures was made; lengths as shares of the picture's side.

    height, width: the box that the ink fits into.
    squeezed: the ink fills the box's height, and is squeezed where it is too wide; else it keeps
    its proportions.
    by_mass: the centre of the ink's mass comes to the centre; else the centre of its box.
    pen: a thinner pen is widened to this, in pixels of the picture.
    level: paler ink is raised to this; in 0..1.
    """

    height: float
    width: float
    squeezed: bool
    by_mass: bool
    pen: float
    level: float


STYLES: dict[str, Style] = {
    "mass": Style(height=20 / 28, width=20 / 28, squeezed=False, by_mass=True, pen=1.6, level=0.75),
    "blocks": Style(height=1, width=0.75, squeezed=True, by_mass=False, pen=1.4, level=0.7),
}
"""By the name in `Images.framing`; without one the whole picture is scaled.

mass: the box and the centre of mass are those of MNIST, all of whose digits are 20 pixels long;
5 in 100 of its pens are thinner and 1 in 100 of its levels paler than these.
blocks: the digits of 8 x 8 pixels all fill the height and, but for 1 in 10, at most three quarters
of the width; half of their pens are thinner, and 1 in 10 of their levels paler.
"""


def frame(ink: ArrayLike, images: Images) -> NDArray[np.float32]:
    """A drawing as the row that a network of such images takes.

    ink: (H, W) in 0..1, 1 = ink, of any size   result: (1, D) float32 in 0..1

    Raises EmptyDrawingError where there is no ink, DataError for what is no drawing.
    """
    drawing = _checked(ink)
    darkest = float(drawing.max())
    if darkest < EMPTY:
        raise EmptyDrawingError("The drawing is empty: there is no ink to look at. Draw something.")
    style = STYLES.get(images.framing)
    if style is None:
        picture = _whole(drawing, images)
    else:
        picture = _framed(drawing / darkest, images, style)
    return np.clip(picture, 0, 1).astype(np.float32).reshape(1, -1)


def _checked(ink: ArrayLike) -> Array:
    drawing = numbers("A drawing", ink)
    if drawing.ndim != 2 or drawing.size == 0:
        raise DataError(
            "A drawing expects two axes, rows and columns of ink, "
            f"got an array of shape {drawing.shape}."
        )
    if drawing.min() < 0 or drawing.max() > 1:
        raise DataError(
            f"A drawing expects ink in 0..1, got {drawing.min():g}..{drawing.max():g}. "
            "Divide pixels of 0..255 by 255."
        )
    return np.asarray(drawing, np.float64)


def _whole(drawing: Array, images: Images) -> Array:
    """The whole drawing, scaled to the picture's height and width."""
    rows, columns = drawing.shape
    return means(
        drawing,
        _squares(rows, images.height / rows, 1, images.height),
        _squares(columns, images.width / columns, 1, images.width),
    )


def _framed(drawing: Array, images: Images, style: Style) -> Array:
    inked = drawing > FAINT
    top, bottom = _ends(np.any(inked, axis=1))
    left, right = _ends(np.any(inked, axis=0))
    box = drawing[top:bottom, left:right]

    height, width = style.height * images.height, style.width * images.width
    scale = _scale(box, height, width, style)
    thin = style.pen - pen_width(box) * math.sqrt(math.prod(scale))
    b = 1 + max(0.0, min(thin, 1, height / 2, width / 2))
    down, across = _scale(box, height - b + 1, width - b + 1, style)

    rows = _squares(box.shape[0], down, b, images.height, whole=style.by_mass)
    columns = _squares(box.shape[1], across, b, images.width, whole=style.by_mass)
    picture = means(box, rows, columns)
    level = float((picture * picture).sum() / picture.sum())
    if level < style.level:
        picture = np.minimum(picture * max(style.level / level, 1 / float(picture.max())), 1)
    return _centred(picture) if style.by_mass else picture


def pen_width(box: Array) -> float:
    """The mean width of strokes in pixels, from their area and the length of their edges.

    A stroke of length L and width w has the area L w and two edges of length L, which cross
    8 L / π sides of pixels where every direction is as frequent.
    """
    inked = np.pad(box > 0.5, 1)
    edges = np.count_nonzero(inked[1:] != inked[:-1]) + np.count_nonzero(
        inked[:, 1:] != inked[:, :-1]
    )
    return 8 / math.pi * float(np.count_nonzero(inked)) / edges


def means(drawing: Array, rows: Array, columns: Array) -> Array:
    """The mean ink of rectangles, by the exact overlap with each pixel; outside there is none.

    rows: (2, N) from where to where, in pixels of the drawing   columns: (2, M)   result: (N, M)
    """
    return _means(_means(drawing.T, columns).T, rows)


def _means(drawing: Array, spans: Array) -> Array:
    """The mean over spans of the first axis: differences of the running sum between pixels."""
    sums = np.zeros((len(drawing) + 1, drawing.shape[1]))
    np.cumsum(drawing, axis=0, out=sums[1:])
    places = np.clip(spans, 0, len(drawing))
    whole = np.minimum(places.astype(np.intp), len(drawing) - 1)
    part = (places - whole)[..., None]
    until = sums[whole] + part * drawing[whole]
    return np.asarray((until[1] - until[0]) / (spans[1] - spans[0])[:, None])


def _scale(box: Array, height: float, width: float, style: Style) -> tuple[float, float]:
    """Pixels of the picture in one of the drawing, down and across."""
    down, across = height / box.shape[0], width / box.shape[1]
    return (down, min(down, across)) if style.squeezed else (min(down, across),) * 2


def _squares(length: int, scale: float, b: float, count: int, *, whole: bool = False) -> Array:
    """Where `count` squares of side `b` begin and end, in pixels of the box: (2, count).

    length: the box's, which lies in the picture's middle.   scale: pixels of the picture in one of
    the box.   whole: the box begins at a whole pixel of the picture.
    """
    start = (count - length * scale) / 2
    if whole:
        start = math.floor(start + TINY)
    centres = np.arange(count) + 0.5 - start
    return np.stack([centres - b / 2, centres + b / 2]) / scale


def _ends(inked: Array) -> tuple[int, int]:
    places = np.flatnonzero(inked)
    return int(places[0]), int(places[-1]) + 1


def _centred(picture: Array) -> Array:
    """The picture, moved by whole pixels towards its centre of mass, losing nothing."""
    for axis in (0, 1):
        profile = picture.sum(axis=1 - axis)
        side = len(profile)
        centre = float((profile * (np.arange(side) + 0.5)).sum() / profile.sum())
        first, end = _ends(profile > TINY)
        move = side // 2 - math.floor(centre + TINY)
        picture = np.roll(picture, max(-first, min(side - end, move)), axis)
    return picture
