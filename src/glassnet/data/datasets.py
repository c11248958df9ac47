"""The data sets by name: `gn.datasets.load("digits")`.

A new one is a function that returns a Dataset, in the file of its kind, and a row in the table
below.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from inspect import signature
from pathlib import Path
from typing import Any

from glassnet.data import boston, bundled, mnist, toy
from glassnet.data.dataset import Dataset
from glassnet.errors import one_of
from glassnet.settings import named


@dataclass(frozen=True)
class _Source:
    """One line about a data set, how it is made, and how it is fetched where it must be."""

    description: str
    load: Callable[..., Dataset]
    fetch: Callable[[], Path] | None = None


_SOURCES = {
    "digits": _Source("1,797 handwritten digits of 8 x 8 pixels", bundled.digits),
    "iris": _Source("150 irises, 4 lengths, 3 species", bundled.iris),
    "wine": _Source("178 wines, 13 analyses, 3 growers", bundled.wine),
    "breast-cancer": _Source("569 tumours, 30 measurements, 2 classes", bundled.breast_cancer),
    "diabetes": _Source("442 patients, 10 findings, a score of 25 to 346", bundled.diabetes),
    "mnist": _Source(
        "70,000 handwritten digits of 28 x 28 pixels", mnist.MNIST.load, mnist.MNIST.fetch
    ),
    "fashion-mnist": _Source(
        "70,000 pieces of clothing of 28 x 28 pixels, 10 classes",
        mnist.FASHION_MNIST.load,
        mnist.FASHION_MNIST.fetch,
    ),
    "boston": _Source(
        "506 districts, rooms to price (read its warning)", boston.boston, boston.fetch_boston
    ),
    "and": _Source("and: 4 rows, training, validation and test at once", toy.logic_and),
    "or": _Source("or: 4 rows, training, validation and test at once", toy.logic_or),
    "xor": _Source("exclusive or: 4 rows, training, validation and test at once", toy.logic_xor),
    "line": _Source("100 points around the line y = 2.3 x + 4.7", toy.line),
    "circle": _Source("points of the plane: a disc and the ring around it", toy.circle),
    "moons": _Source("points of the plane: two half circles, one in the other", toy.moons),
    "spirals": _Source("points of the plane: two spirals, one in the other", toy.spirals),
    "blobs": _Source("points of the plane: clouds around a few centres", toy.blobs),
}


def names() -> list[str]:
    """The names that `load` knows."""
    return list(_SOURCES)


def describe(name: str) -> str:
    """One line about a data set, without loading it. Raises SettingError for an unknown name."""
    return _source(name).description


def load(name: str, **options: Any) -> Dataset:
    """The data set of that name.

    options: those of the function that makes it, such as seed=, noise= or folder=.
    Raises SettingError for an unknown name or option; DataError, DownloadError or FileError where
    the data cannot be had.
    """
    source = _source(name)
    known = list(signature(source.load).parameters)
    for option in options:
        if option not in known:
            raise one_of(f"option of the data set {name!r},", option, known or ["none"])
    return replace(source.load(**options), description=source.description)


def fetch(name: str) -> Path | None:
    """Where the files of a data set are, after downloading them if they are nowhere.

    None: nothing is needed, because the data set is installed with Glassnet or drawn by it.
    Raises SettingError for an unknown name, DownloadError when the files cannot be had.
    """
    source = _source(name)
    return source.fetch() if source.fetch else None


def _source(name: str) -> _Source:
    return named("data set", name, _SOURCES)
