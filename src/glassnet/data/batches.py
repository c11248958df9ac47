"""In which order rows are visited, and how many at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import DTypeLike, NDArray

from glassnet.data.rows import Rows
from glassnet.defaults import BATCH_SIZE
from glassnet.errors import DataError
from glassnet.settings import seed_number, whole_number
from glassnet.types import Array


@dataclass(frozen=True, eq=False)
class Batches(Sequence[NDArray[np.intp]]):
    """Row numbers, some at a time: ``batches[k]`` are those of one batch, a view.

    order   (N,) the row numbers of all batches, one after the other
    size    how many make a batch; the last may be smaller

    A slice is Batches too, and a view. Raises IndexError for a slice with a step.
    """

    order: NDArray[np.intp]
    size: int

    @property
    def sizes(self) -> NDArray[np.intp]:
        """How many rows each batch has: (len(batches),)."""
        left = np.arange(len(self.order), 0, -self.size)
        return np.minimum(left, self.size)

    def __len__(self) -> int:
        return -(-len(self.order) // self.size)

    @overload
    def __getitem__(self, place: int) -> NDArray[np.intp]: ...
    @overload
    def __getitem__(self, place: slice) -> Batches: ...
    def __getitem__(self, place: int | slice) -> NDArray[np.intp] | Batches:
        chosen = range(len(self))[place]
        if isinstance(chosen, int):
            return self.order[chosen * self.size :][: self.size]
        if chosen.step != 1:
            raise IndexError(f"Batches are sliced without a step, got {chosen.step}.")
        return Batches(self.order[chosen.start * self.size : chosen.stop * self.size], self.size)

    def __iter__(self) -> Iterator[NDArray[np.intp]]:
        starts = range(0, len(self.order), self.size)
        return (self.order[start : start + self.size] for start in starts)


def permutation(count: int, seed: int, epoch: int = 0) -> NDArray[np.intp]:
    """The order of `count` rows in one epoch: (count,), every row once.

    Philox is a generator that is addressed, not wound forward (Salmon et al., "Parallel random
    numbers: as easy as 1, 2, 3", 2011): the pair (seed, epoch) is its key, so the order of an epoch
    does not depend on the epochs before it, and training can go on from anywhere.
    Raises SettingError for what is no seed, or no epoch.
    """
    key = np.array([seed_number(seed), whole_number("epoch", epoch, 0)], np.uint64)
    return np.random.Generator(np.random.Philox(key=key)).permutation(count)


def batch_size_for(count: int, asked: int | None) -> int:
    """How many of `count` rows make a batch: those asked for, or as many as usual, or all.

    Raises SettingError for a size that is none, DataError for one larger than the data.
    """
    if asked is None:
        return min(BATCH_SIZE, count)
    size = whole_number("batch_size", asked)
    if size > count:
        raise DataError(
            f"batch_size={size} is larger than the data, which has {count} rows. "
            f"Use a batch size of at most {count}."
        )
    return size


def in_batches(
    count: int, size: int, *, seed: int | None = None, epoch: int = 0, start: int = 0
) -> Batches:
    """The numbers of `count` rows, `size` at a time; the last batch may be smaller.

    seed: None keeps the order of the rows; a number shuffles them by `permutation`.
    start: how many rows of that order are left out.
    """
    order = np.arange(count) if seed is None else permutation(count, seed, epoch)
    return Batches(order[start:], size)


def batches(
    rows: Rows,
    batch_size: int,
    *,
    seed: int | None = None,
    epoch: int = 0,
    dtype: DTypeLike = np.float32,
) -> Iterator[tuple[Array, Array]]:
    """Every row once, `batch_size` at a time, as (x, t); the last batch may be smaller.

    seed, epoch: see `in_batches`.
    Raises SettingError for a batch size below 1, DataError for one larger than the data.
    """
    count = len(rows)
    chosen = in_batches(count, batch_size_for(count, batch_size), seed=seed, epoch=epoch)
    return (rows.batch(indices, dtype) for indices in chosen)
