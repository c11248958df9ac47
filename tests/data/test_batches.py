from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.data.batches import Batches, batch_size_for, batches, in_batches, permutation
from glassnet.data.rows import Rows
from glassnet.errors import DataError, SettingError

ROWS = Rows(np.arange(10.0).reshape(-1, 1), np.arange(10))


def seen(seed: int | None = None, epoch: int = 0) -> list[int]:
    return [int(t) for _, ts in batches(ROWS, 4, seed=seed, epoch=epoch) for t in ts]


@given(st.integers(1, 60), st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1))
def test_a_permutation_has_every_row_once(count: int, seed: int, epoch: int) -> None:
    order = permutation(count, seed, epoch)
    assert sorted(order) == list(range(count))
    np.testing.assert_array_equal(order, permutation(count, seed, epoch))


def test_seed_and_epoch_each_make_another_order() -> None:
    orders = [tuple(permutation(50, seed, epoch)) for seed in range(4) for epoch in range(4)]
    assert len(set(orders)) == 16


def test_the_order_of_an_epoch_is_the_same_in_every_version() -> None:
    assert permutation(8, seed=7, epoch=3).tolist() == [4, 3, 5, 6, 0, 7, 1, 2]


@pytest.mark.parametrize(
    ("seed", "epoch", "message"),
    [
        (-1, 0, "A seed is a whole number from 0"),
        (2**63, 0, "A seed is"),
        (1.5, 0, "A seed is .* got 1.5"),
        ("1", 0, "A seed is .* got '1'"),
        (0, -1, "epoch is a whole number from 0, got -1"),
    ],
)
def test_what_is_no_seed_or_no_epoch_is_refused(seed: Any, epoch: int, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        permutation(3, seed, epoch)


def test_batches_keep_the_order_without_a_seed_and_end_with_the_rest() -> None:
    xs = [x for x, _ in batches(ROWS, 4, dtype=np.float64)]
    assert [x.shape for x in xs] == [(4, 1), (4, 1), (2, 1)]
    assert {x.dtype for x in xs} == {np.dtype(np.float64)}
    assert seen() == list(range(10))


def test_batches_follow_the_permutation_of_their_epoch() -> None:
    assert seen(seed=5, epoch=2) == permutation(10, 5, 2).tolist()


def test_one_batch_may_hold_all_rows() -> None:
    assert len(list(batches(ROWS, 10))) == 1


def test_a_batch_larger_than_the_data_is_refused_with_both_numbers() -> None:
    with pytest.raises(DataError, match="batch_size=11 is larger than the data, which has 10 rows"):
        batches(ROWS, 11)


@pytest.mark.parametrize("size", [0, 2.5, True, "4"])
def test_a_size_that_is_none_is_refused(size: Any) -> None:
    with pytest.raises(SettingError, match="batch_size is a whole number from 1, got"):
        batches(ROWS, size)


def test_a_size_that_was_not_asked_for() -> None:
    assert [batch_size_for(count, None) for count in (3, 32, 1000)] == [3, 32, 32]


def test_an_epoch_that_was_begun_goes_on_in_its_order() -> None:
    whole = np.concatenate(in_batches(10, 4, seed=3, epoch=2))
    rest = in_batches(10, 4, seed=3, epoch=2, start=5)
    assert [len(batch) for batch in rest] == [4, 1]
    np.testing.assert_array_equal(np.concatenate(rest), whole[5:])


@given(st.integers(0, 30), st.integers(1, 12), st.integers(-9, 9), st.integers(-9, 9))
def test_batches_are_as_a_list_of_them(count: int, size: int, start: int, stop: int) -> None:
    order = permutation(count, seed=1)
    ours = Batches(order, size)
    listed = [order[first : first + size].tolist() for first in range(0, count, size)]
    assert len(ours) == len(listed)
    assert [rows.tolist() for rows in ours] == listed
    assert [ours[k].tolist() for k in range(-len(listed), len(listed))] == listed * 2
    assert [rows.tolist() for rows in ours[start:stop]] == listed[start:stop]
    assert [rows.tolist() for rows in ours[start:]] == listed[start:]
    assert ours.sizes.tolist() == [len(rows) for rows in listed]


def test_batches_are_views() -> None:
    whole = Batches(np.arange(10), 4)
    assert np.shares_memory(whole[1], whole.order)
    assert np.shares_memory(whole[1:].order, whole.order)


def test_what_is_no_batch_is_refused() -> None:
    for place in (3, -4):
        with pytest.raises(IndexError):
            Batches(np.arange(10), 4)[place]
    with pytest.raises(IndexError, match="without a step, got -1"):
        Batches(np.arange(10), 4)[::-1]
