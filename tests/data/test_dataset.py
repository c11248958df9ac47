from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from glassnet.data.dataset import Dataset
from glassnet.data.meaning import Classes, Features, Images, Outputs, Values
from glassnet.data.pixels import Pixels
from glassnet.data.rows import Rows
from glassnet.errors import DataError

X = np.random.default_rng(0).normal(size=(40, 2))
T = np.arange(40) % 2
XY = Features(("x", "y"))
SIDES = Classes(("left", "right"))


def made(x: Any = X, t: Any = T, outputs: Outputs = SIDES, **settings: Any) -> Dataset:
    return Dataset.split("sides", x, t, inputs=XY, outputs=outputs, **settings)


def test_split_keeps_rows_and_targets_together() -> None:
    data = made(x=np.column_stack([T, np.arange(40)]))
    for part in (data.train, data.validation, data.test):
        np.testing.assert_array_equal(part.x[:, 0], part.t)
    assert [len(part) for part in (data.train, data.validation, data.test)] == [28, 6, 6]


def test_split_is_stratified_on_request_only() -> None:
    t = (np.arange(40) >= 36).astype(int)
    assert made(t=t).test.t.sum() == 1
    counts = {int(made(t=t, stratify=False, seed=seed).test.t.sum()) for seed in range(9)}
    assert len(counts) > 1


def test_a_single_value_becomes_a_column() -> None:
    data = made(t=X[:, 0], outputs=Values(("height",)))
    assert data.train.t.shape == (28, 1)


def test_bytes_stay_bytes() -> None:
    pixels = Pixels(np.zeros((40, 4), np.uint8), maximum=16)
    data = Dataset.split("grey", pixels, T, inputs=Images(2, 2, maximum=16), outputs=SIDES)
    assert isinstance(data.train.x, Pixels)


class Frame:
    """A table with named columns, as far as pandas' goes here."""

    def __init__(self, **columns: Any) -> None:
        self.held = columns
        self.columns = list(columns)

    def __getitem__(self, names: list[str]) -> Any:
        return Frame(**{name: self.held[name] for name in names})

    def __len__(self) -> int:
        return len(next(iter(self.held.values())))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.column_stack(list(self.held.values()))


def test_the_columns_of_a_table_are_matched_by_name() -> None:
    swapped, numbered = Frame(y=X[:, 1], x=X[:, 0]), Frame(y=X[:, 0], x=X[:, 1])
    numbered.columns = [0, 1]  # type: ignore[list-item]
    for table in (swapped, numbered):
        assert made(x=table).fingerprint == made().fingerprint


def test_a_table_of_other_columns_is_refused() -> None:
    for columns, lacks in (
        ({"x": 0, "z": 1}, r"lacks \['y'\]"),
        ({"x": 0, "y": 1, "z": 0}, "expected"),
    ):
        table = Frame(**{name: X[:, k] for name, k in columns.items()})
        with pytest.raises(DataError, match=lacks):
            made(x=table)


@pytest.mark.parametrize(
    ("x", "t", "outputs", "message"),
    [
        (X[:0], T[:0], SIDES, "at least one row"),
        (X, T * 0, SIDES, "every training row is of the class 'left'"),
        (X, T * 2, SIDES, r"20 targets lie outside the classes 0\.\.1"),
        (X, T - 1, SIDES, "row 0: -1"),
        (X, T * 0.5, SIDES, "whole numbers"),
        (X[:2], T[:2], SIDES, "too few"),
        (X[:, :1], T, SIDES, r"inputs ask for x of shape \(28, 2\), got \(28, 1\)"),
        (X, X, Values(("height",)), r"outputs ask for t of shape \(28, 1\), got \(28, 2\)"),
    ],
)
def test_data_that_cannot_be_learnt_from_is_refused(
    x: Any, t: Any, outputs: Outputs, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        made(x=x, t=t, outputs=outputs)


def test_the_fingerprint_is_that_of_the_data_alone() -> None:
    data = made()
    assert len(data.fingerprint) == 64
    assert replace(data, name="other").fingerprint == data.fingerprint == made().fingerprint
    assert made(seed=1).fingerprint != data.fingerprint
    changed = data.test.x[...].copy()
    changed[0, 0] += 1e-12
    assert replace(data, test=Rows(changed, data.test.t)).fingerprint != data.fingerprint


def test_the_fingerprint_of_pixels_covers_their_scale() -> None:
    def grey(maximum: int) -> Dataset:
        pixels = Pixels(np.ones((40, 4), np.uint8), maximum)
        return Dataset.split("grey", pixels, T, inputs=Images(2, 2), outputs=SIDES)

    assert grey(16).fingerprint == grey(16).fingerprint != grey(255).fingerprint


def test_parts_that_teach_one_class_only() -> None:
    same, both = (
        Rows(np.zeros((4, 2)), np.ones(4, int)),
        Rows(np.zeros((4, 2)), np.array([0, 1] * 2)),
    )
    with pytest.raises(DataError, match="every training row is of the class 'yes'"):
        Dataset("same", same, both, both, Features(("a", "b")), Classes(("no", "yes")))
