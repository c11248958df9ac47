from typing import Any

import numpy as np
import pytest

from glassnet.data.pixels import Pixels, gather
from glassnet.errors import DataError
from glassnet.types import Array

BYTES = np.arange(24, dtype=np.uint8).reshape(6, 4)


def test_pixels_look_like_an_array_of_floats() -> None:
    pixels = Pixels(BYTES, maximum=255)
    assert (pixels.shape, pixels.ndim, len(pixels)) == ((6, 4), 2, 6)
    assert pixels.dtype == np.float32
    assert repr(pixels) == "Pixels(shape=(6, 4), maximum=255)"


@pytest.mark.parametrize("maximum", [23, 41, 255])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_are_shares_of_the_maximum(maximum: int, dtype: str) -> None:
    x: Array = np.asarray(Pixels(BYTES, maximum), dtype=dtype)
    assert x.dtype == dtype
    np.testing.assert_allclose(x, BYTES / maximum, rtol=2 * float(np.finfo(dtype).eps))
    assert x.max() <= 1


@pytest.mark.parametrize(
    "key",
    [
        2,
        -1,
        slice(1, 4),
        [0, 5],
        np.array([3, 3, 1]),
        np.array([True, False, True, False, False, True]),
        (2, 3),
        (slice(None), 1),
        (slice(None), slice(1, 3)),
    ],
    ids=str,
)
def test_indexing_is_that_of_an_array(key: Any) -> None:
    pixels = Pixels(BYTES)
    expected = np.asarray(pixels)[key]
    assert isinstance(pixels[key], np.ndarray)
    assert pixels[key].dtype == np.float32
    np.testing.assert_array_equal(pixels[key], expected)


ROWS = [np.array([4, 0, 4]), slice(1, 3), [1, 2], (1, 2), np.array([True] * 3 + [False] * 3), []]


@pytest.mark.parametrize("indices", ROWS, ids=str)
def test_gather_chooses_rows(indices: Any) -> None:
    numbers = np.arange(6)[indices if isinstance(indices, slice | np.ndarray) else list(indices)]
    np.testing.assert_array_equal(gather(BYTES, indices), [BYTES[k] for k in numbers] or BYTES[:0])


@pytest.mark.parametrize("indices", ROWS, ids=str)
def test_rows_stay_bytes_and_a_batch_is_floats(indices: Any) -> None:
    pixels = Pixels(BYTES, maximum=30)
    rows, batch = pixels.rows(indices), pixels.batch(indices, np.float64)
    assert (rows.bytes.dtype, rows.maximum) == (np.dtype(np.uint8), 30)
    np.testing.assert_array_equal(batch, np.asarray(rows, np.float64))


def test_a_slice_of_rows_shares_memory_and_a_batch_does_not() -> None:
    pixels = Pixels(BYTES)
    assert np.shares_memory(pixels.rows(slice(2, 4)).bytes, BYTES)
    before = BYTES.copy()
    pixels.batch(slice(2, 4))[:] = 7
    np.testing.assert_array_equal(BYTES, before)


def test_an_array_without_a_copy_is_refused() -> None:
    with pytest.raises(ValueError, match="always a copy"):
        np.asarray(Pixels(BYTES), copy=False)


@pytest.mark.parametrize(
    ("values", "maximum", "message"),
    [
        (BYTES.astype(float), 255, "uint8 .* got float64"),
        (BYTES[0], 255, r"shape \(4,\)"),
        (BYTES, 0, "1..255, got 0"),
        (BYTES, 16, "0..16, got 23"),
    ],
)
def test_what_is_not_pixels_is_refused(values: Any, maximum: int, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Pixels(values, maximum)
