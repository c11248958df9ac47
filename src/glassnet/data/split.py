"""Which rows a network learns from, which it is tuned on, and which it is judged by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from glassnet.data.batches import permutation
from glassnet.errors import DataError, SettingError, short
from glassnet.settings import inside
from glassnet.types import Array


def split(
    count: int, *, validation: float, test: float, seed: int, classes: Array | None = None
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Row numbers of the training, validation and test part: each row in one part, in mixed order.

    validation, test: their shares of all rows.
    classes: (count,) the class of each row, or None. With them each class keeps its share of every
    part, and a class of at least three rows appears in all three.

    Raises SettingError for shares that leave nothing to a part, DataError for too few rows.
    """
    shares = validation, test
    if not (all(inside("(0, 1)", share) for share in shares) and sum(shares) < 1):
        raise SettingError(
            "validation and test expect shares above 0 whose sum is below 1, "
            f"got {short(validation)} and {short(test)}."
        )
    order = permutation(count, seed)
    if classes is None:
        groups = [order]
    else:
        groups = [order[classes[order] == label] for label in np.unique(classes)]
    part = np.zeros(count, np.int8)
    for group in groups:
        validations, tests = _shares(len(group), validation, test)
        part[group[:tests]] = 2
        part[group[tests : tests + validations]] = 1
    if len(np.unique(part)) < 3:
        raise DataError(
            f"{count} rows are too few to split into training, validation and test: "
            "each needs at least one. Add rows."
        )
    return order[part[order] == 0], order[part[order] == 1], order[part[order] == 2]


def _shares(count: int, validation: float, test: float) -> tuple[int, int]:
    """How many of `count` rows validate and test: at least one each, while one is left to train."""
    validations = max(1, round(count * validation))
    tests = max(1, round(count * test))
    while validations + tests >= count:
        if validations >= tests:
            validations -= 1
        else:
            tests -= 1
    return validations, tests
