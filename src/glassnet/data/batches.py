"""In which order rows are visited, and how many at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import DTypeLike, NDArray

from glassnet.data.rows import Rows
from glassnet.errors import DataError, SettingError
from glassnet.types import Array


def permutation(count: int, seed: int, epoch: int = 0) -> NDArray[np.intp]:
    """The order of `count` rows in one epoch: (count,), every row once.

    Philox is a generator that is addressed, not wound forward (Salmon et al., "Parallel random
    numbers: as easy as 1, 2, 3", 2011): the pair (seed, epoch) is its key, so the order of an epoch
    does not depend on the epochs before it, and training can go on from anywhere.
    Raises SettingError unless seed and epoch lie in 0..2⁶⁴-1.
    """
    for name, value in (("seed", seed), ("epoch", epoch)):
        if not 0 <= value < 2**64:
            raise SettingError(f"{name} expects a whole number in 0..2**64-1, got {value}.")
    key = np.array([seed, epoch], np.uint64)
    return np.random.Generator(np.random.Philox(key=key)).permutation(count)


def batches(
    rows: Rows,
    batch_size: int,
    *,
    seed: int | None = None,
    epoch: int = 0,
    dtype: DTypeLike = np.float32,
) -> Iterator[tuple[Array, Array]]:
    """Every row once, `batch_size` at a time, as (x, t); the last batch may be smaller.

    seed: None keeps the order of the rows; a number shuffles them by `permutation`.
    Raises SettingError for a batch size below 1, DataError for one larger than the data.
    """
    count = len(rows)
    if batch_size < 1:
        raise SettingError(f"batch_size expects at least 1, got {batch_size}.")
    if batch_size > count:
        raise DataError(
            f"batch_size is {batch_size}, but there are only {count} rows. Choose at most {count}."
        )
    starts = range(0, count, batch_size)
    if seed is None:
        return (rows.batch(slice(start, start + batch_size), dtype) for start in starts)
    order = permutation(count, seed, epoch)
    return (rows.batch(order[start : start + batch_size], dtype) for start in starts)
