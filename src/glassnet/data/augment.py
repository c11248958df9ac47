"""Augment: the training pictures, drawn a little otherwise in each epoch."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from math import ceil, isqrt, log1p, pi, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.data.meaning import Images
from glassnet.data.pixels import Pixels
from glassnet.errors import DataError, SettingError, short
from glassnet.settings import expect, expect_kind, seed_number, threads, whole_number
from glassnet.types import Array

AT_ONCE = 2**15
"""So many pixels are made together: what they need on the way stays in the processor's cache."""

COUNTED = 2**24
"""Up to here float32 counts every pixel."""

LIMITS = {
    "shift": "[0, 1]", "turn": "[0, 180]", "scale": "[0, 4]", "slant": "[0, 80]",
    "stroke": "[0, 1]", "elastic": "[0, 1]", "smooth": "[0.02, 1]",
}  # fmt: skip


@dataclass(frozen=True)
class Augment:
    """Shifts, turns, scales, slants, thickens and bends each picture by chance, anew each epoch.

    Every number but `smooth` is the most that happens, to either side, and 0 leaves that out.
    Lengths are in sides of the picture, the longer one: 0.05 of 28 pixels are 1.4.

    shift    to a side and up or down, each for itself
    turn     degrees
    scale    0.1 makes pictures from 1/1.1 to 1.1 as high, and as wide, each for itself
    slant    degrees that upright strokes lean
    stroke   how far the edges of strokes move, outwards or inwards: grey dilation and erosion by
             the four neighbours, part of a pixel by blending
    elastic  the standard deviation of the elastic displacement of a pixel
    smooth   how far the displacements of neighbours are alike: σ of the Gaussian
    images   what the pictures are; square unless given

        q = A (p - c - t) + c + e(p)       where a pixel at p of the new picture looks
        v = Σ w_k x_k                      what it sees there: bilinear, the only look-up

    c is the centre, t the shift, A undoes turn, slant and scale. Elastic distortion is that of
    Simard, Steinkraus & Platt, "Best Practices for Convolutional Neural Networks Applied to Visual
    Document Analysis" (2003): e = α (noise smoothed by a Gaussian of σ), noise uniform in -1..1.
    Its noise has a place at every σ instead of every pixel, from where the Gaussians make a field
    of the same covariance, exp(-d²/4σ²), to one part in 10⁴. Their α = 34 and σ = 4 on 29 pixels
    would be elastic=0.048, smooth=0.14.

    Chance is drawn from (seed, epoch, row) by a generator that is addressed, not wound forward, so
    a picture of an epoch is the same whichever were made before. Raises SettingError for a number
    that is none, or out of its range.
    """

    shift: float = 0.04
    turn: float = 10.0
    scale: float = 0.15
    slant: float = 15.0
    stroke: float = 0.03
    elastic: float = 0.05
    smooth: float = 1 / 7
    images: Images | None = None

    def __post_init__(self) -> None:
        expect(self, **LIMITS)
        expect_kind("images", self.images, Images | None, "gn.Images(28, 28)")

    def __call__(
        self, pixels: Pixels, images: Images | None = None, seed: int = 0, epoch: int = 0
    ) -> Pixels:
        """Return the pictures of an epoch: (N, D), in new memory.

        Raises DataError for rows that are no pictures of that size; SettingError for what is no
        seed, or no epoch.
        """
        images = self.sizes(pixels, images)
        key = [seed_number(seed), whole_number("epoch", epoch, 0)]
        brush = _Brush(self, images)
        made = np.empty_like(pixels.bytes)

        def draw(block: int) -> None:
            some = slice(block * brush.rows, (block + 1) * brush.rows)
            brush.draw(pixels.bytes[some], brush.chance(key, block), made[some])

        blocks = range(-(-len(pixels) // brush.rows))
        with ThreadPoolExecutor(min(threads(), len(blocks))) as pool:  # NumPy lets others run
            list(pool.map(draw, blocks))
        return Pixels(made, pixels.maximum)

    def sizes(self, pixels: Any, images: Images | None = None) -> Images:
        """Return what rows of pixels are pictures of; square unless it is said.

        Raises DataError for rows that are no such pictures.
        """
        if not isinstance(pixels, Pixels):
            raise DataError(
                "Augment redraws pictures that are kept as bytes, got floats. Give them as "
                "gn.Pixels(np.rint(x * 255).astype(np.uint8))."
            )
        images = images or self.images
        size = pixels.shape[1]
        if images is None:
            side = isqrt(size)
            if side * side != size:
                raise DataError(
                    f"Rows of {size} pixels are no square. Say what they are, as in "
                    "gn.Augment(images=gn.Images(height, width))."
                )
            images = Images(side, side, pixels.maximum)
        if images.size != size:
            raise DataError(
                f"Augment expects pictures of {images.height} x {images.width} pixels, got rows of "
                f"{size}."
            )
        return images

    def config(self) -> dict[str, float]:
        """Describe it as JSON, without what the pictures are."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name != "images"}


def from_config(config: object) -> Augment:
    """Read what `Augment.config` wrote. Raises SettingError for anything else."""
    known = {one.name for one in fields(Augment)} - {"images"}
    if not isinstance(config, Mapping) or not known >= config.keys():
        raise SettingError(
            f"Augment has the settings {', '.join(sorted(known))}, got {short(config)}."
        )
    return Augment(**config)


class _Brush:
    """Draws pictures of one size otherwise, some rows at a time.

    With the coordinates of a pixel measured from the centre, y for its row and x for its column,
    where it looks is one bilinear form in what its row and what its column are alone:

        q = (g(y), y, 1) Z (g(x), x, 1)ᵀ

    g are the Gaussians around the places of the noise on that axis, and Z holds the noise, the
    affine map and the shift. So all displacements are one, made by two products of matrices.
    """

    def __init__(self, augment: Augment, images: Images) -> None:
        self.augment, self.height, self.width = augment, images.height, images.width
        self.side = max(self.height, self.width)
        self.rows = max(1, AT_ONCE // images.size)
        framed = self.rows * (self.height + 2) * (self.width + 2)
        self.dtype = np.dtype(np.float32 if framed < COUNTED else np.float64)
        self.down = self._axis(self.height)
        self.across = np.ascontiguousarray(self._axis(self.width).T)

    def chance(self, key: list[int], block: int) -> NDArray[np.float32]:
        """Draw what happens to each row of a block: (rows, …), uniform in -1..1.

        The last word of the counter keeps these numbers apart from those that shuffle rows and
        those of dropout.
        """
        philox = np.random.Philox(key=np.array(key, np.uint64), counter=[0, 0, block, 2])
        noise = 2 * (self.down.shape[1] - 2) * (self.across.shape[0] - 2)
        drawn = np.random.Generator(philox).random((self.rows, 8 + noise), np.float32)
        drawn *= 2
        drawn -= 1
        return drawn

    def draw(self, x: Array, chance: Array, y: Array) -> None:
        """Draw pictures x (B, D) into y (B, D), both bytes; the first rows of chance are theirs."""
        chance = chance[: len(x)]
        strokes = self._strokes(x.reshape(-1, self.height, self.width), chance[:, 0])
        qy, qx = self._looks(chance)
        self._look_up(strokes, qy, qx, y)

    def _axis(self, length: int) -> Array:
        """Make (g(p), p, 1) for every pixel p of an axis: (length, places of noise + 2)."""
        σ = self.augment.smooth * self.side
        p = np.arange(length) - (length - 1) / 2
        reach = ceil((length - 1) / 2 / σ) + 2  # the Gaussians of places beyond are next to nothing
        places = np.arange(-reach, reach + 1) * σ
        g = np.exp(-((p[:, None] - places) ** 2) / (2 * σ**2))
        return np.column_stack([g, p, np.ones(length)]).astype(self.dtype)

    def _looks(self, chance: Array) -> tuple[Array, Array]:
        """Say where every pixel looks: its row and its column, (B, height, width) each.

        They are counted in the picture with a frame of one pixel of paper around it.
        """
        most = self.augment
        turn, slant, high, wide, down, across, bend = chance[:, 1:8].T.astype(np.float64)
        θ, k = np.radians(most.turn) * turn, np.tan(np.radians(most.slant) * slant)
        sin, cos = np.sin(θ), np.cos(θ)
        high, wide = np.exp(-log1p(most.scale) * high), np.exp(-log1p(most.scale) * wide)
        ty, tx = most.shift * self.side * down, most.shift * self.side * across
        # Uniform noise has the variance 1/3, and the sum of g² over the places of both axes is π.
        α = most.elastic * self.side * abs(bend) / sqrt(pi / 3)
        ups, alongs = self.down.shape[1], self.across.shape[0]
        noise = chance[:, 8:].reshape(len(chance), 2, ups - 2, alongs - 2)
        Z = np.zeros((len(chance), 2, ups, alongs), self.dtype)
        np.multiply(noise, α[:, None, None, None].astype(self.dtype), out=Z[:, :, :-2, :-2])
        for axis, (by_y, by_x, length) in enumerate((
            (cos * high, sin * high, self.height),
            ((-sin - k * cos) * wide, (cos - k * sin) * wide, self.width),
        )):  # fmt: skip
            Z[:, axis, -2, -1] = by_y
            Z[:, axis, -1, -2] = by_x
            Z[:, axis, -1, -1] = (length + 1) / 2 - by_y * ty - by_x * tx
        q = np.matmul(self.down, np.matmul(Z, self.across))
        return q[:, 0], q[:, 1]

    def _strokes(self, x: Array, amount: Array) -> Array:
        """Move the edges of strokes: (B, height, width), with a frame of paper around."""
        framed = np.zeros((len(x), self.height + 2, self.width + 2), self.dtype)
        y = framed[:, 1:-1, 1:-1]
        y[...] = x
        w = (amount * self.augment.stroke * self.side)[:, None, None].astype(self.dtype)
        now = x
        for step in range(ceil(self.augment.stroke * self.side)):
            y += np.clip(abs(w) - step, 0, 1) * (np.where(w > 0, *_neighbours(now)) - y)
            now = y
        return framed

    def _look_up(self, framed: Array, qy: Array, qx: Array, y: Array) -> None:
        """Look up pixels between the pixels: what is beyond the frame is paper."""
        _, height, width = framed.shape
        np.clip(qy, 0, height - 1.01, out=qy)
        np.clip(qx, 0, width - 1.01, out=qx)
        row, column = np.floor(qy), np.floor(qx)
        fy, fx = np.subtract(qy, row, out=qy), np.subtract(qx, column, out=qx)
        row *= width
        row += column
        row += (np.arange(len(y), dtype=self.dtype) * (height * width))[:, None, None]
        k = row.astype(np.intp)
        # v = x₀₀ + fx (x₀₁ - x₀₀) + fy ((x₁₀ - x₀₀) + fx (x₁₁ - x₁₀ - x₀₁ + x₀₀))
        x = framed.reshape(-1)
        right = x[1:] - x[:-1]
        below = x[width:] - x[:-width]
        cross = right[width:] - right[:-width]
        v = cross.take(k)
        v *= fx
        v += below.take(k)
        v *= fy
        v += x.take(k)
        seen = right.take(k)
        seen *= fx
        v += seen
        v += 0.5
        y[...] = v.reshape(y.shape)


def _neighbours(x: Array) -> tuple[Array, Array]:
    """Return the most and the least of each pixel and its four neighbours: (B, H, W) each."""
    both = x.copy(), x.copy()
    for extreme, out in zip((np.maximum, np.minimum), both, strict=True):
        for here, there in (
            (np.s_[:, 1:], np.s_[:, :-1]), (np.s_[:, :-1], np.s_[:, 1:]),
            (np.s_[:, :, 1:], np.s_[:, :, :-1]), (np.s_[:, :, :-1], np.s_[:, :, 1:]),
        ):  # fmt: skip
            extreme(out[here], x[there], out=out[here])
    return both
