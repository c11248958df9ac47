from collections.abc import Callable

import numpy as np
import pytest

from glassnet.data import bundled
from glassnet.data.dataset import Dataset
from glassnet.data.meaning import Classes, Features, Images, Values
from glassnet.data.pixels import Pixels

TABLES = [
    (bundled.iris, 150, 4, ("sepal length", "cm"), ("setosa", "versicolor", "virginica")),
    (bundled.wine, 178, 13, ("alcohol", None), ("grower 1", "grower 2", "grower 3")),
    (bundled.breast_cancer, 569, 30, ("mean radius", None), ("malignant", "benign")),
]


def parts(data: Dataset) -> list[int]:
    return [len(part) for part in (data.train, data.validation, data.test)]


@pytest.mark.parametrize(("load", "count", "columns", "first", "labels"), TABLES)
def test_tables_keep_raw_values_and_readable_names(
    load: Callable[..., Dataset],
    count: int,
    columns: int,
    first: tuple[str, str | None],
    labels: tuple[str, ...],
) -> None:
    data = load()
    assert sum(parts(data)) == count
    assert isinstance(data.inputs, Features)
    assert data.inputs.size == columns
    assert (data.inputs.names[0], (data.inputs.units or (None,))[0]) == first
    assert data.outputs == Classes(labels)
    assert load(seed=1).fingerprint != data.fingerprint == load(seed=0).fingerprint


def test_digits_are_bytes_split_alike_by_class() -> None:
    data = bundled.digits()
    assert isinstance(data.train.x, Pixels)
    assert data.inputs == Images(8, 8, maximum=16)
    assert isinstance(data.inputs, Images)
    assert data.inputs.framing == "blocks"
    np.testing.assert_allclose(np.array(parts(data)) / 1797, [0.7, 0.1, 0.2], atol=2e-3)
    for part in (data.train, data.validation, data.test):
        assert np.bincount(part.t).min() > 0.09 * len(part)
    assert bundled.digits().fingerprint == data.fingerprint


def test_diabetes_is_raw_and_says_its_unit() -> None:
    data = bundled.diabetes()
    assert sum(parts(data)) == 442
    assert data.inputs.size == 10
    assert isinstance(data.outputs, Values)
    assert data.outputs.units == ("score",)
    t = np.concatenate([data.train.t, data.validation.t, data.test.t])
    assert (t.min(), t.max()) == (25, 346)
    x = np.asarray(data.train.x)
    assert 19 <= x[:, 0].min() < x[:, 0].max() <= 79
