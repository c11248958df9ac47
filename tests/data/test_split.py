from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.data.split import split
from glassnet.errors import DataError, SettingError
from glassnet.types import Array

shares = st.floats(0.01, 0.49)
labels = st.lists(st.integers(0, 3), min_size=3, max_size=80)


@given(st.integers(3, 200), shares, shares, st.integers(0, 99))
def test_parts_are_disjoint_complete_and_repeatable(
    count: int, validation: float, test: float, seed: int
) -> None:
    parts = split(count, validation=validation, test=test, seed=seed)
    assert all(len(part) for part in parts)
    assert sorted(np.concatenate(parts)) == list(range(count))
    again = split(count, validation=validation, test=test, seed=seed)
    assert all(np.array_equal(*pair) for pair in zip(parts, again, strict=True))


@given(labels, shares, shares, st.integers(0, 99))
def test_each_class_keeps_its_share(
    labels: list[int], validation: float, test: float, seed: int
) -> None:
    t = np.array(labels)
    counts = np.bincount(t)
    if counts.max() < 3:
        return
    parts = split(len(t), validation=validation, test=test, seed=seed, classes=t)
    assert sorted(np.concatenate(parts)) == list(range(len(t)))
    for label, count in enumerate(counts):
        in_parts = [np.count_nonzero(t[part] == label) for part in parts]
        if count >= 3:
            assert min(in_parts) >= 1
        for got, share in zip(in_parts[1:], (validation, test), strict=True):
            assert abs(got - count * share) <= 1


def test_another_seed_is_another_split() -> None:
    first, second = (split(100, validation=0.2, test=0.2, seed=seed)[0] for seed in (0, 1))
    assert set(first) != set(second)


def test_rows_of_a_sorted_table_are_mixed_within_each_part() -> None:
    t = np.repeat([0, 1], 50)
    train, _, _ = split(100, validation=0.2, test=0.2, seed=0, classes=t)
    assert 10 < np.count_nonzero(t[train][:30]) < 20


@pytest.mark.parametrize(
    ("validation", "test"), [(0, 0.2), (0.2, 0), (0.5, 0.5), (-0.1, 0.2), (0.2, "0.2"), (None, 0.2)]
)
def test_shares_that_are_no_shares_are_refused(validation: Any, test: Any) -> None:
    with pytest.raises(SettingError, match="shares above 0"):
        split(100, validation=validation, test=test, seed=0)


@pytest.mark.parametrize("classes", [None, np.array([0, 1])])
def test_too_few_rows_are_refused(classes: Array | None) -> None:
    with pytest.raises(DataError, match="2 rows are too few"):
        split(2, validation=0.2, test=0.2, seed=0, classes=classes)
