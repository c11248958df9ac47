"""Small data sets that are drawn from a law, so that one sees at a glance what there is to learn.

Each part of a set is a draw of its own from the same law. `noise` is the standard deviation of what
is added to every coordinate (to y in `line`); `seed` fixes the draws.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from glassnet.data.dataset import Dataset
from glassnet.data.meaning import Classes, Features, Outputs, Values
from glassnet.data.rows import Rows
from glassnet.errors import SettingError, short
from glassnet.settings import inside, seed_number, whole_number
from glassnet.types import Array, Generator

Draw: TypeAlias = Callable[[Generator], tuple[Array, Array]]

PLANE = Features(("x1", "x2"))


def logic_and() -> Dataset:
    """True where both are: one straight line separates it."""
    return _truth_table("and", [0, 0, 0, 1])


def logic_or() -> Dataset:
    """True where one is: one straight line separates it."""
    return _truth_table("or", [0, 1, 1, 1])


def logic_xor() -> Dataset:
    """True where one is and the other is not: no straight line separates it."""
    return _truth_table("xor", [0, 1, 1, 0])


def line(rows: int = 100, noise: float = 1.0, seed: int = 0) -> Dataset:
    """The line y = 2.3 x + 4.7 + N(0, noise²), at evenly spaced x in 0..3."""
    _check(rows, noise)

    def draw(rng: Generator) -> tuple[Array, Array]:
        x = np.linspace(0, 3, rows).reshape(-1, 1)
        return x, 2.3 * x + 4.7 + noise * rng.standard_normal(x.shape)

    return _drawn("line", draw, seed, Features(("x",)), Values(("y",)))


def circle(rows: int = 300, noise: float = 0.05, seed: int = 0) -> Dataset:
    """A disc of radius 0.5, and around it a ring of radius 0.7 to 1."""
    _check(rows, noise)

    def draw(rng: Generator) -> tuple[Array, Array]:
        t = _alternating(rows, 2)
        nearest, farthest = np.array([0.0, 0.7])[t], np.array([0.5, 1.0])[t]
        radius, angle = rng.uniform(nearest, farthest), rng.uniform(0, 2 * np.pi, rows)
        return _blur(_polar(radius, angle), noise, rng), t

    return _drawn("circle", draw, seed, PLANE, Classes(("disc", "ring")))


def moons(rows: int = 300, noise: float = 0.1, seed: int = 0) -> Dataset:
    """Two half circles of radius 1 that reach into each other."""
    _check(rows, noise)

    def draw(rng: Generator) -> tuple[Array, Array]:
        t = _alternating(rows, 2)
        upper = _polar(np.ones(rows), rng.uniform(0, np.pi, rows))
        x = np.where(t[:, None] == 0, upper, np.array([1, 0.5]) - upper)
        return _blur(x, noise, rng), t

    return _drawn("moons", draw, seed, PLANE, Classes(("upper", "lower")))


def spirals(rows: int = 300, noise: float = 0.02, seed: int = 0) -> Dataset:
    """Two spirals of one and three quarter turns from the centre to radius 1."""
    _check(rows, noise)

    def draw(rng: Generator) -> tuple[Array, Array]:
        t = _alternating(rows, 2)
        radius = rng.uniform(0, 1, rows)
        return _blur(_polar(radius, 2 * np.pi * 1.75 * radius + np.pi * t), noise, rng), t

    return _drawn("spirals", draw, seed, PLANE, Classes(("first", "second")))


def blobs(rows: int = 300, noise: float = 0.3, seed: int = 0, classes: int = 3) -> Dataset:
    """Clouds around points that are spread evenly on a circle of radius 1."""
    _check(rows, noise, classes)

    def draw(rng: Generator) -> tuple[Array, Array]:
        t = _alternating(rows, classes)
        return _blur(_polar(np.ones(rows), 2 * np.pi * t / classes), noise, rng), t

    labels = tuple(f"blob {k + 1}" for k in range(classes))
    return _drawn("blobs", draw, seed, PLANE, Classes(labels))


def _truth_table(name: str, t: list[int]) -> Dataset:
    """The four rows there are, which have to be training, validation and test at once."""
    rows = Rows(np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array(t))
    return Dataset(name, rows, rows, rows, Features(("a", "b")), Classes(("false", "true")))


def _drawn(name: str, draw: Draw, seed: int, inputs: Features, outputs: Outputs) -> Dataset:
    rng = np.random.default_rng(seed_number(seed))
    train, validation, test = (Rows(*draw(rng)) for _ in range(3))
    return Dataset(name, train, validation, test, inputs, outputs)


def _check(rows: int, noise: float, classes: int = 2) -> None:
    whole_number("rows", rows, whole_number("classes", classes, 2))
    if not inside("[0, inf)", noise):
        raise SettingError(f"noise expects a finite number of at least 0, got {short(noise)}.")


def _alternating(rows: int, classes: int) -> Array:
    """0, 1, ..., 0, 1, ...: as many rows of each class, and of each in every stretch of rows."""
    return np.arange(rows) % classes


def _polar(radius: Array, angle: Array) -> Array:
    """(N,), (N,) in radians -> (N, 2)."""
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


def _blur(x: Array, noise: float, rng: Generator) -> Array:
    blurred: Array = x + noise * rng.standard_normal(x.shape)
    return blurred
