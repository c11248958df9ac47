"""Digits as people write them, by script: strokes in the unit square, and their ink.

Each digit is written in several ways; a Drawing says which, how large, where, how slanted, with
what pen and how shaky the hand is. None of it comes from, or goes into, any training data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Points = list[tuple[float, float]]
"""Places (x, y) in the unit square, y downwards, in the order of the pen."""

Way = list[Points]
"""One way to write a digit: its strokes, each a list of places."""


def line(*points: tuple[float, float]) -> Points:
    """Straight from place to place."""
    steps = [np.linspace(a, b, 12, endpoint=False) for a, b in pairwise(points)]
    return pairs(np.concatenate([*steps, [points[-1]]]))


def curve(*points: tuple[float, float]) -> Points:
    """Smoothly through places, by a Catmull-Rom spline."""
    p = np.array([points[0], *points, points[-1]])
    s = np.linspace(0, 1, 12, endpoint=False)[:, None]
    pieces = [
        0.5
        * (
            2 * b
            + (c - a) * s
            + (2 * a - 5 * b + 4 * c - d) * s**2
            + (3 * b - a - 3 * c + d) * s**3
        )
        for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False)
    ]
    return pairs(np.concatenate([*pieces, p[-1:]]))


def arc(x: float, y: float, across: float, down: float, start: float, turn: float) -> Points:
    """Along an ellipse: its centre, its half axes, from which angle and how far, in degrees.

    0 degrees is to the right; a positive turn goes clockwise, as y points downwards.
    """
    angles = np.radians(np.linspace(start, start + turn, 48))
    return pairs(np.stack([x + across * np.cos(angles), y + down * np.sin(angles)], axis=1))


def pairs(points: NDArray[np.float64]) -> Points:
    return [(float(x), float(y)) for x, y in points]


WAYS: dict[int, list[Callable[[], Way]]] = {
    0: [
        lambda: [arc(0.5, 0.5, 0.31, 0.47, -80, -365)],
        lambda: [arc(0.5, 0.5, 0.24, 0.46, -100, 350)],
        lambda: [
            curve((0.56, 0.05), (0.3, 0.2), (0.22, 0.55), (0.4, 0.93), (0.66, 0.85), (0.78, 0.5),
                  (0.7, 0.15), (0.5, 0.06))
        ],
    ],
    1: [
        lambda: [line((0.5, 0.03), (0.5, 0.97))],
        lambda: [line((0.33, 0.24), (0.52, 0.04), (0.52, 0.97))],
        lambda: [line((0.34, 0.22), (0.5, 0.04), (0.5, 0.95)), line((0.3, 0.96), (0.7, 0.96))],
    ],
    2: [
        lambda: [
            curve((0.22, 0.28), (0.34, 0.08), (0.56, 0.05), (0.72, 0.2), (0.66, 0.45),
                  (0.44, 0.7), (0.2, 0.94))
            + line((0.2, 0.94), (0.8, 0.94))
        ],
        lambda: [
            curve((0.25, 0.22), (0.42, 0.06), (0.66, 0.1), (0.72, 0.34), (0.5, 0.66), (0.27, 0.88),
                  (0.2, 0.8), (0.34, 0.75), (0.56, 0.92), (0.82, 0.9))
        ],
        lambda: [
            line((0.25, 0.08), (0.68, 0.08))
            + curve((0.68, 0.08), (0.74, 0.22), (0.6, 0.5), (0.22, 0.92))
            + line((0.22, 0.92), (0.78, 0.92))
        ],
    ],
    3: [
        lambda: [
            curve((0.26, 0.16), (0.46, 0.04), (0.68, 0.14), (0.66, 0.36), (0.44, 0.47))
            + curve((0.44, 0.47), (0.7, 0.54), (0.76, 0.78), (0.54, 0.96), (0.24, 0.86))
        ],
        lambda: [
            line((0.26, 0.06), (0.72, 0.06), (0.46, 0.42))
            + curve((0.46, 0.42), (0.7, 0.48), (0.76, 0.74), (0.56, 0.95), (0.24, 0.88))
        ],
        lambda: [
            curve((0.3, 0.1), (0.56, 0.04), (0.7, 0.2), (0.58, 0.42), (0.42, 0.48), (0.62, 0.52),
                  (0.74, 0.72), (0.6, 0.94), (0.28, 0.94))
        ],
    ],
    4: [
        lambda: [
            line((0.3, 0.06), (0.24, 0.56), (0.78, 0.56)), line((0.66, 0.1), (0.64, 0.97))
        ],
        lambda: [line((0.78, 0.66), (0.2, 0.66), (0.6, 0.04), (0.6, 0.97))],
        lambda: [
            curve((0.28, 0.08), (0.24, 0.3), (0.28, 0.5), (0.5, 0.54), (0.7, 0.46)),
            line((0.72, 0.06), (0.66, 0.96)),
        ],
        lambda: [line((0.56, 0.04), (0.18, 0.62), (0.84, 0.62)), line((0.6, 0.34), (0.6, 0.97))],
    ],
    5: [
        lambda: [
            line((0.32, 0.06), (0.28, 0.44))
            + curve((0.28, 0.44), (0.52, 0.38), (0.74, 0.56), (0.68, 0.84), (0.44, 0.96),
                    (0.22, 0.86)),
            line((0.32, 0.06), (0.74, 0.05)),
        ],
        lambda: [
            line((0.74, 0.07), (0.34, 0.07), (0.28, 0.46))
            + curve((0.28, 0.46), (0.5, 0.42), (0.72, 0.58), (0.7, 0.82), (0.48, 0.95),
                    (0.24, 0.9))
        ],
        lambda: [
            curve((0.76, 0.06), (0.5, 0.08), (0.38, 0.14), (0.32, 0.42), (0.58, 0.5), (0.66, 0.72),
                  (0.5, 0.93), (0.22, 0.92))
        ],
    ],
    6: [
        lambda: [
            curve((0.66, 0.05), (0.42, 0.22), (0.27, 0.55), (0.32, 0.88), (0.54, 0.96),
                  (0.72, 0.8), (0.66, 0.6), (0.46, 0.56), (0.3, 0.72))
        ],
        lambda: [
            line((0.4, 0.03), (0.3, 0.6))
            + curve((0.3, 0.6), (0.34, 0.9), (0.56, 0.96), (0.7, 0.8), (0.62, 0.62),
                    (0.42, 0.62), (0.31, 0.74))
        ],
        lambda: [
            curve((0.72, 0.12), (0.54, 0.05), (0.34, 0.24), (0.26, 0.6), (0.36, 0.92),
                  (0.62, 0.94), (0.74, 0.74), (0.6, 0.54), (0.38, 0.58), (0.28, 0.7))
        ],
    ],
    7: [
        lambda: [line((0.2, 0.08), (0.78, 0.08), (0.42, 0.96))],
        lambda: [
            line((0.2, 0.08), (0.78, 0.08), (0.42, 0.96)), line((0.36, 0.5), (0.74, 0.5))
        ],
        lambda: [line((0.22, 0.22), (0.24, 0.08), (0.76, 0.08), (0.46, 0.96))],
        lambda: [
            curve((0.22, 0.12), (0.46, 0.08), (0.76, 0.07))
            + curve((0.76, 0.07), (0.58, 0.38), (0.48, 0.66), (0.44, 0.96))
        ],
    ],
    8: [
        lambda: [
            curve((0.66, 0.16), (0.48, 0.05), (0.32, 0.18), (0.4, 0.4), (0.62, 0.56), (0.7, 0.8),
                  (0.5, 0.96), (0.3, 0.82), (0.38, 0.58), (0.58, 0.42), (0.68, 0.2), (0.62, 0.1))
        ],
        lambda: [arc(0.5, 0.27, 0.2, 0.22, 90, 360), arc(0.5, 0.73, 0.25, 0.24, -90, 360)],
        lambda: [
            curve((0.5, 0.48), (0.3, 0.34), (0.34, 0.1), (0.56, 0.05), (0.7, 0.2), (0.6, 0.4),
                  (0.38, 0.58), (0.28, 0.78), (0.44, 0.95), (0.66, 0.9), (0.72, 0.7), (0.5, 0.48))
        ],
    ],
    9: [
        lambda: [
            curve((0.7, 0.2), (0.52, 0.05), (0.31, 0.18), (0.32, 0.42), (0.52, 0.5), (0.7, 0.36))
            + line((0.7, 0.2), (0.68, 0.97))
        ],
        lambda: [
            arc(0.5, 0.28, 0.21, 0.24, -20, -350)
            + curve((0.71, 0.24), (0.72, 0.6), (0.56, 0.86), (0.3, 0.94))
        ],
        lambda: [
            curve((0.68, 0.12), (0.44, 0.06), (0.3, 0.28), (0.42, 0.46), (0.64, 0.36),
                  (0.7, 0.12))
            + line((0.7, 0.12), (0.56, 0.96))
        ],
    ],
}  # fmt: skip
"""The ways to write each digit."""


@dataclass(frozen=True)
class Drawing:
    """A digit as somebody drew it on a pad, which is the unit square.

    variant: which of the ways to write it.   size: its height.   place: the centre, (x, y).
    slant: how far the top leans to the right, a share of the height.
    thickness: the pen's diameter.   wobble: how shaky the hand is, a share of the height.
    """

    digit: int
    variant: int = 0
    size: float = 0.7
    place: tuple[float, float] = (0.5, 0.5)
    slant: float = 0.0
    thickness: float = 0.06
    wobble: float = 0.0
    seed: int = 0

    def strokes(self) -> list[Points]:
        """Polylines in the unit square; those of a digit at its border are pushed inside."""
        return strokes(
            self.digit,
            self.variant,
            self.size,
            self.place,
            self.slant,
            self.thickness,
            self.wobble,
            self.seed,
        )

    def ink(self, side: int = 280) -> NDArray[np.float32]:
        """(side, side) in 0..1 as the pad would hold it."""
        return rasterize(self.strokes(), side, self.thickness)

    def __str__(self) -> str:
        return (
            f"{self.digit}{'abcd'[self.variant]} size {self.size:.2f} slant {self.slant:+.2f} "
            f"pen {self.thickness:.3f} seed {self.seed}"
        )


def strokes(
    digit: int,
    variant: int = 0,
    size: float = 0.7,
    place: tuple[float, float] = (0.5, 0.5),
    slant: float = 0.0,
    thickness: float = 0.06,
    wobble: float = 0.0,
    seed: int = 0,
) -> list[Points]:
    """The polylines of a Drawing with these fields."""
    rng = np.random.default_rng(seed)
    parts = [np.array(stroke) - 0.5 for stroke in WAYS[digit][variant]()]
    drift = rng.normal(size=(3, 2, 2))
    for part in parts:
        x, y = part.T.copy()
        for k, ((ax, ay), (bx, by)) in enumerate(drift, start=1):
            part[:, 0] += wobble / k * (ax * np.sin(3 * k * y) + bx * np.cos(4 * k * x))
            part[:, 1] += wobble / k * (ay * np.sin(4 * k * x) + by * np.cos(3 * k * y))
        part[:, 0] -= slant * part[:, 1]
    placed = [part * size + place for part in parts]
    every = np.concatenate(placed)
    low = thickness / 2 + 0.01 - every.min(axis=0)
    high = 1 - thickness / 2 - 0.01 - every.max(axis=0)
    push = np.clip(0, low, np.maximum(low, high))
    return [pairs(part + push) for part in placed]


def rasterize(lines: Sequence[Points], side: int, thickness: float) -> NDArray[np.float32]:
    """The ink of a round pen along polylines in the unit square, its edge smooth over a pixel."""
    ink = np.zeros((side, side))
    radius = thickness * side / 2
    reach = int(np.ceil(radius)) + 1
    for points in lines:
        places = np.array(points) * side - 0.5
        for a, b in zip(places, places[1:] if len(places) > 1 else places, strict=False):
            x0, y0 = np.maximum(np.floor(np.minimum(a, b)).astype(int) - reach, 0)
            x1, y1 = np.minimum(np.ceil(np.maximum(a, b)).astype(int) + reach + 1, side)
            y, x = np.mgrid[y0:y1, x0:x1]
            along = b - a
            length = float(along @ along)
            s = 0 if length == 0 else ((x - a[0]) * along[0] + (y - a[1]) * along[1]) / length
            s = np.clip(s, 0, 1)
            away = np.hypot(x - a[0] - s * along[0], y - a[1] - s * along[1])
            part = ink[y0:y1, x0:x1]
            np.maximum(part, np.clip(radius + 0.5 - away, 0, 1), out=part)
    return ink.astype(np.float32)


def drawings(each: int = 5, seed: int = 0) -> list[Drawing]:
    """Every way to write every digit, `each` times: in other sizes and places, with other pens."""
    rng = np.random.default_rng(seed)
    made: list[Drawing] = []
    for digit, ways in WAYS.items():
        for variant in range(len(ways)):
            for _ in range(each):
                size = rng.uniform(0.3, 0.9)
                made.append(
                    Drawing(
                        digit,
                        variant,
                        size=size,
                        place=(rng.uniform(0.2, 0.8), rng.uniform(0.2, 0.8)),
                        slant=rng.uniform(-0.25, 0.5),
                        thickness=size * rng.uniform(0.02, 0.16),
                        wobble=rng.uniform(0, 0.05),
                        seed=len(made),
                    )
                )
    return made


DRAWINGS = drawings()
"""160 drawings, at least 15 of each digit."""
