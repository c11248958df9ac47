from typing import Any

import numpy as np
import pytest

from glassnet.data.pixels import Pixels
from glassnet.data.rows import Rows, check_classes, moments, one_hot
from glassnet.errors import DataError

X = np.arange(12.0).reshape(4, 3)
T = np.array([0, 1, 1, 0])


@pytest.mark.parametrize("indices", [np.array([2, 0]), slice(1, 3)], ids=str)
def test_a_batch_is_what_a_network_takes(indices: Any) -> None:
    x, t = Rows(X, T).batch(indices, np.float32)
    assert (x.dtype, t.dtype) == (np.dtype(np.float32), T.dtype)
    np.testing.assert_array_equal(x, X[indices])
    np.testing.assert_array_equal(t, T[indices])


def test_float_targets_take_the_type_of_the_batch() -> None:
    _, t = Rows(X, X[:, :1]).batch(slice(None), np.float32)
    assert (t.dtype, t.shape) == (np.dtype(np.float32), (4, 1))


def test_pixels_stay_bytes_until_the_batch() -> None:
    rows = Rows(Pixels(np.full((4, 2), 51, np.uint8)), T).take(np.array([3, 1]))
    assert isinstance(rows.x, Pixels)
    assert len(rows) == 2
    x, _ = rows.batch(slice(0, 1), np.float64)
    np.testing.assert_allclose(x, [[0.2, 0.2]])


def test_bools_count_as_whole_numbers() -> None:
    assert Rows(X > 3, T == 1).t.dtype == np.int64


def test_the_text_of_rows_is_short() -> None:
    assert repr(Rows(X, T)) == "Rows(x=float64[4, 3], t=int64[4])"


def holding(value: float, place: tuple[int, int]) -> Any:
    x = X.copy()
    x[place] = value
    x[3, 2] = value
    return x


@pytest.mark.parametrize(
    ("x", "t", "message"),
    [
        (X, T[:3], "x has 4 rows, but t has 3"),
        (X[:0], T[:0], "x expects at least one row"),
        (X[:, 0], T, r"two axes.*\(4,\)"),
        (np.float64(3), T, "at least one row"),
        (np.array([["a"]] * 4), T, "x expects numbers, got an array of <U1"),
        (np.array([[None]] * 4), T, "expects numbers"),
        ([[1], [2, 3]], T, "rows of one length"),
        (X * 1j, T, "expects numbers"),
        (
            holding(np.nan, (1, 2)),
            T,
            "x is NaN or infinite in 2 of 12 numbers, .* row 1, column 2: nan",
        ),
        (holding(-np.inf, (0, 1)), T, "row 0, column 1: -inf"),
        (X, [0.0, np.nan, 1.0, 1.0], "t is NaN or infinite in 1 of 4 numbers, .* at row 1: nan"),
    ],
)
def test_rows_that_cannot_be_learnt_from_are_refused(x: Any, t: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Rows(x, t)


def test_a_column_without_a_range_has_no_spread() -> None:
    x = np.column_stack([np.full(300, 0.1), np.arange(300)])
    assert x.std(axis=0)[0] > 0  # what rounding leaves
    mean, std = moments("x", x)
    np.testing.assert_allclose(mean, [0.1, 149.5])
    np.testing.assert_allclose(std, [1, np.arange(300).std()])


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(DataError, match="x holds numbers whose squares are too large"):
        moments("x", X * 1e200)


def test_one_hot_puts_a_one_at_the_class() -> None:
    y = one_hot([2, 0], 3)
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, [[0, 0, 1], [1, 0, 0]])


@pytest.mark.parametrize(
    ("t", "message"),
    [
        (np.array([0, 3, -1]), "2 targets lie outside the classes 0..2, the first at row 1: 3"),
        (np.array([0.0, 1.0]), "whole numbers .* float64"),
        (np.array([[0, 1]]), r"shape \(1, 2\)"),
    ],
)
def test_targets_that_are_no_classes_are_refused(t: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        check_classes(t, 3)
    with pytest.raises(DataError, match=message):
        one_hot(t, 3)
