"""Datasets: the data a tutorial uses, or embedded data in its place where it is not here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from textwrap import fill

import numpy as np

from glassnet.data import Dataset, Features, Rows, Values, datasets
from glassnet.data.boston import FILE
from glassnet.data.download import VARIABLE, cache_folder, own_folder
from glassnet.errors import DownloadError, MissingExtraError
from glassnet.text import page_width
from glassnet.types import Array


def mnist_or_digits(download: bool) -> Dataset:
    """MNIST, or the digits that are installed with Glassnet; says which and why."""
    data = datasets.load("mnist") if download else _mnist()
    if data is None:
        _say_instead("MNIST", "the 1,797 digits of 8 x 8 pixels that come along")
        return datasets.load("digits")
    print(f"Data: {data.description}")
    return data


def boston_or_patients(download: bool) -> Dataset:
    """Boston housing with its warning, or one finding of the diabetes data; says which and why."""
    own = own_folder("boston")
    if not download and not (own and (own / FILE).exists()):
        _say_instead("Boston housing", "442 patients: log triglycerides to progression / 10")
        return _patients()
    data = datasets.load("boston")
    print(f"Data: {data.description}\n{fill(f'Warning: {data.warning}', page_width())}")
    return data


def all_rows(data: Dataset) -> tuple[Array, Array]:
    """All rows of a data set, x and t, for a tutorial that splits nothing off."""
    parts = (data.train, data.validation, data.test)
    x, t = np.concatenate([part.x for part in parts]), np.concatenate([part.t for part in parts])
    return x, t


def _mnist() -> Dataset | None:
    for folder in _folders("mnist"):
        with suppress(DownloadError):  # a folder that lacks the files
            return datasets.load("mnist", folder=folder)
    return None


def _folders(name: str) -> Iterator[Path]:
    """Where a data set may be on this machine: the person's own folder, then the cache."""
    if own := own_folder(name):
        yield own
    with suppress(MissingExtraError):
        yield cache_folder(name)


def _patients() -> Dataset:
    """The one finding that is on the scale of rooms, and the score on that of prices."""
    data = datasets.load("diabetes")
    assert isinstance(data.inputs, Features)
    column = data.inputs.names.index("log triglycerides")
    train, validation, test = (
        Rows(np.asarray(part.x)[:, [column]], part.t / 10)
        for part in (data.train, data.validation, data.test)
    )
    return replace(
        data,
        train=train,
        validation=validation,
        test=test,
        inputs=Features(("log triglycerides",)),
        outputs=Values(("progression / 10",)),
    )


def _say_instead(lacking: str, instead: str) -> None:
    print(f"Data: {lacking} is not on this machine, so this uses {instead}.")
    print(f"      (Set {VARIABLE} to a folder that has it, or let --download fetch it.)")
