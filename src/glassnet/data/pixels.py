"""Images as bytes that turn into floats only where they are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from glassnet.errors import DataError
from glassnet.types import Array, Shape

Indices: TypeAlias = NDArray[Any] | Sequence[int] | slice
"""Which rows: their numbers, one bool a row, or a slice."""


class Pixels:
    """An array of float32 in 0..1 that is stored as bytes, a quarter of the size.

        x = bytes / maximum        bytes: (N, D) uint8, 0..maximum   x: (N, D) float32

    Indexing, `np.asarray` and `batch` give floats; `rows` gives fewer rows that are still bytes.
    Raises DataError for bytes that are not a two-dimensional uint8 array or exceed `maximum`.
    """

    ndim = 2
    dtype = np.dtype(np.float32)

    def __init__(self, bytes: NDArray[np.uint8], maximum: int = 255) -> None:  # noqa: A002
        if bytes.dtype != np.uint8 or bytes.ndim != 2:
            raise DataError(
                "Pixels expects an array of uint8 with two axes, rows and pixels, "
                f"got {bytes.dtype} of shape {bytes.shape}."
            )
        if not 1 <= maximum <= 255:
            raise DataError(f"Pixels expects a maximum in 1..255, got {maximum}.")
        if maximum < 255 and bytes.size and bytes.max() > maximum:
            raise DataError(f"Pixels expects values in 0..{maximum}, got {bytes.max()}.")
        self.bytes = bytes
        self.maximum = maximum

    @property
    def shape(self) -> Shape:
        """Rows and pixels per row."""
        return self.bytes.shape

    def batch(self, indices: Indices, dtype: DTypeLike = np.float32) -> Array:
        """The chosen rows as floats in 0..1, in a new array.

        indices: (B,) or a slice   result: (B, D) of `dtype`
        """
        return self._floats(gather(self.bytes, indices), dtype)

    def rows(self, indices: Indices) -> Pixels:
        """The chosen rows, still as bytes; a slice of them shares the memory."""
        return Pixels(gather(self.bytes, indices), self.maximum)

    def _floats(self, values: Array, dtype: DTypeLike) -> Array:
        # Converting first and scaling in place is the fastest of nine ways measured. With the
        # gathering, for 10 rows of 784 pixels: 3.5 µs. np.multiply(bytes, scale, dtype=...), which
        # converts in small buffers, takes 4.2; a division in place 4.4; a look-up, which reads one
        # value at a time, 8.0 as table.take(bytes) and 13.5 as table[bytes].
        floats = np.asarray(values.astype(dtype))
        floats *= 1 / self.maximum
        return floats

    def __len__(self) -> int:
        return len(self.bytes)

    def __getitem__(self, key: Any) -> NDArray[np.float32]:
        return self._floats(self.bytes[key], self.dtype)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> Array:
        if copy is False:
            raise ValueError("Pixels are stored as bytes: an array of floats is always a copy.")
        return self._floats(self.bytes, self.dtype if dtype is None else dtype)

    def __repr__(self) -> str:
        return f"Pixels(shape={self.shape}, maximum={self.maximum})"


def gather(array: Array, indices: Indices) -> Array:
    """The chosen rows of an array: a view for a slice, else a copy."""
    if isinstance(indices, np.ndarray) and indices.dtype.kind == "i":
        return array.take(indices, axis=0)  # 2.2 µs where array[indices] takes 3.1 µs
    return array[indices, ...]
