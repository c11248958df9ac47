from collections.abc import Callable

import numpy as np
import pytest

from glassnet.data import toy
from glassnet.data.dataset import Dataset
from glassnet.errors import SettingError

PLANES: list[Callable[..., Dataset]] = [toy.circle, toy.moons, toy.spirals, toy.blobs]
DRAWN = [toy.line, *PLANES]


@pytest.mark.parametrize(
    ("load", "rule"),
    [
        (toy.logic_and, np.logical_and),
        (toy.logic_or, np.logical_or),
        (toy.logic_xor, np.logical_xor),
    ],
)
def test_truth_tables_are_true(load: Callable[[], Dataset], rule: np.ufunc) -> None:
    data = load()
    x = np.asarray(data.train.x)
    np.testing.assert_array_equal(data.train.t, rule(x[:, 0], x[:, 1]))
    assert len(data.train) == 4
    assert data.train is data.validation is data.test


@pytest.mark.parametrize("load", DRAWN)
def test_seed_fixes_the_draws_and_each_part_is_another(load: Callable[..., Dataset]) -> None:
    data = load(rows=30, seed=3)
    assert data.fingerprint == load(rows=30, seed=3).fingerprint
    assert data.fingerprint != load(rows=30, seed=4).fingerprint
    drawn = [(part.x.shape, part.t.tolist()) for part in (data.train, data.validation, data.test)]
    assert {shape[0] for shape, _ in drawn} == {30}
    assert not np.array_equal(
        np.column_stack([data.train.x, data.train.t]), np.column_stack([data.test.x, data.test.t])
    )


@pytest.mark.parametrize("load", PLANES)
def test_classes_are_even(load: Callable[..., Dataset]) -> None:
    counts = np.bincount(load(rows=30).train.t)
    assert np.all(counts == counts[0])


@pytest.mark.parametrize("load", DRAWN)
def test_noise_adds_what_it_says(load: Callable[..., Dataset]) -> None:
    clear, noisy = load(rows=2000, noise=0, seed=0).train, load(rows=2000, noise=0.5, seed=0).train
    before, after = (clear.t, noisy.t) if load is toy.line else (clear.x, noisy.x)
    assert np.std(np.asarray(after) - np.asarray(before)) == pytest.approx(0.5, rel=0.05)


def test_the_line_has_a_hundred_points_on_0_to_3() -> None:
    data = toy.line(noise=0)
    np.testing.assert_allclose(data.train.t, 2.3 * np.asarray(data.train.x) + 4.7)
    assert (data.train.x[0, 0], data.train.x[-1, 0], len(data.train)) == (0, 3, 100)


def test_shapes_without_noise_are_what_they_are_called() -> None:
    circle = toy.circle(noise=0).train
    radius = np.linalg.norm(circle.x, axis=1)
    assert radius[circle.t == 0].max() < 0.5 < 0.7 < radius[circle.t == 1].min()
    moons = toy.moons(noise=0).train
    np.testing.assert_allclose(np.linalg.norm(moons.x[moons.t == 0], axis=1), 1)
    np.testing.assert_allclose(np.linalg.norm(moons.x[moons.t == 1] - [1, 0.5], axis=1), 1)
    spirals = toy.spirals(noise=0).train
    x = np.asarray(spirals.x)
    radius, angle = np.linalg.norm(x, axis=1), np.arctan2(x[:, 1], x[:, 0])
    turns = (angle - np.pi * spirals.t) / (2 * np.pi) - 1.75 * radius
    np.testing.assert_allclose(turns, np.round(turns), atol=1e-9)
    blobs = toy.blobs(noise=0, classes=5).train
    assert len(np.unique(np.round(np.asarray(blobs.x), 9), axis=0)) == 5


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rows": 2}, "rows is a whole number from 3, got 2"),
        ({"noise": -1}, "noise expects"),
        ({"noise": float("nan")}, "noise expects"),
        ({"noise": "a"}, "noise expects a finite number of at least 0, got 'a'"),
        ({"rows": 10.5}, "rows is a whole number from 3, got 10.5"),
        ({"classes": "4"}, "classes is a whole number from 2, got '4'"),
        ({"seed": "x"}, "A seed is a whole number from 0 .* got 'x'"),
        ({"seed": -1}, "A seed is a whole number"),
        ({"classes": 1}, "classes is a whole number from 2, got 1"),
    ],
)
def test_settings_outside_their_range_are_refused(settings: dict[str, float], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        toy.blobs(**settings)  # type: ignore[arg-type]
