"""Boston housing, of which only the rooms of a dwelling and its price are used."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from glassnet.data.dataset import Dataset
from glassnet.data.download import VARIABLE, own_folder
from glassnet.data.meaning import Features, Values
from glassnet.errors import DataError, DownloadError
from glassnet.files import as_path, open_file
from glassnet.types import Array

FILE = "BostonHousing.csv"
OPENML = 531
"""The number of the data set on OpenML."""

WARNING = (
    "Boston housing carries a column built on a racist premise ('b'), which is why scikit-learn "
    "removed the set. Only rooms and price are used here; take it for nothing else."
)


def boston(file: str | Path | None = None, seed: int = 0) -> Dataset:
    """Average rooms per dwelling and median price, in 506 districts of Boston.

    file: a CSV file with a header row and the columns rm and medv; without one,
    $GLASSNET_DATA/boston/BostonHousing.csv, or else OpenML.

    Raises FileError or DataError for a file that cannot be read or is another table, DownloadError
    when OpenML cannot be reached.
    """
    path = as_path(file) if file else _own_file()
    rooms, prices = _from_csv(path) if path else _from_openml()
    _check(rooms, prices, str(path or "OpenML"))
    return Dataset.split(
        "boston",
        rooms.reshape(-1, 1),
        prices,
        inputs=Features(("rooms",), ("rooms per dwelling",)),
        outputs=Values(("price",), ("1000 USD",)),
        seed=seed,
        source="D. Harrison, D. Rubinfeld, Hedonic prices and the demand for clean air, 1978",
        warning=WARNING,
    )


def fetch_boston() -> Path:
    """Where the table is, after downloading it if it is nowhere: a CSV, or scikit-learn's cache.

    Raises DownloadError when OpenML cannot be reached.
    """
    if path := _own_file():
        return path
    from sklearn.datasets import get_data_home

    _from_openml()
    return Path(get_data_home())


def _own_file() -> Path | None:
    folder = own_folder("boston")
    return folder / FILE if folder and (folder / FILE).exists() else None


def _from_csv(path: Path) -> tuple[Array, Array]:
    try:
        with open_file(path) as file:
            lines = io.TextIOWrapper(file, encoding="utf-8", newline="")
            pairs = [(float(row["rm"]), float(row["medv"])) for row in csv.DictReader(lines)]
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise DataError(
            f"{path} is not a CSV file with numbers in the columns rm and medv: {error!r}."
        ) from error
    columns = np.array(pairs).reshape(-1, 2)
    return columns[:, 0], columns[:, 1]


def _from_openml() -> tuple[Array, Array]:
    from sklearn.datasets import fetch_openml

    try:
        table = fetch_openml(data_id=OPENML, as_frame=False, parser="liac-arff")
    except (OSError, ValueError) as error:
        raise DownloadError(
            f"OpenML did not give Boston housing (data set {OPENML}): {error}. Put {FILE} into a "
            f"folder 'boston' and set {VARIABLE} to the folder around it, or pass file=."
        ) from error
    rooms = table.data[:, table.feature_names.index("RM")]
    return rooms.astype(float), table.target.astype(float)


def _check(rooms: Array, prices: Array, origin: str) -> None:
    """Raise DataError unless rows and means are those of the published table."""
    means = np.array([rooms.sum(), prices.sum()]) / 506
    if len(rooms) != 506 or not np.allclose(means, [6.2846, 22.5328], rtol=0, atol=1e-4):
        raise DataError(
            f"{origin} is not the Boston housing table: expected 506 rows with the means rm 6.2846 "
            f"and medv 22.5328, got {len(rooms)} rows."
        )
