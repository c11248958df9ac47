"""Each clipping: by hand, within its limit, and never writing to what it was given."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet import optim
from tests.cases import CLIPPINGS, ClippingCase

rows = pytest.mark.parametrize("case", CLIPPINGS, ids=str)


@rows
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_by_hand(case: ClippingCase, dtype: type[np.floating]) -> None:
    gradients = {"a": np.array([3, -1], dtype), "b": np.array([[-4, 0]], dtype)}
    for g in gradients.values():
        g.flags.writeable = False
    clipped = case.make()(gradients)
    assert list(clipped) == ["a", "b"]
    np.testing.assert_allclose(clipped["a"], case.a, rtol=1e-6)
    np.testing.assert_allclose(clipped["b"], case.b, rtol=1e-6)
    assert {g.dtype for g in clipped.values()} == {np.dtype(dtype)}


@rows
def test_no_gradients_are_no_trouble(case: ClippingCase) -> None:
    assert case.make()({}) == {}


def test_the_norm_is_that_of_all_arrays_and_the_direction_stays() -> None:
    rng = np.random.default_rng(0)
    gradients = {"W": rng.normal(size=(6, 4))[::2], "b": rng.normal(size=4), "s": np.array(3.0)}
    clipped = optim.ClipNorm(0.5)(gradients)
    vectors = [np.concatenate([g.ravel() for g in d.values()]) for d in (gradients, clipped)]
    assert np.linalg.norm(vectors[1]) == pytest.approx(0.5)
    np.testing.assert_allclose(vectors[1] / 0.5, vectors[0] / np.linalg.norm(vectors[0]))


@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_a_norm_that_is_no_number_leaves_the_gradients_as_they_are(odd: float) -> None:
    gradients = {"a": np.array([1.0, odd]), "b": np.array([100.0])}
    clipped = optim.ClipNorm(1.0)(gradients)
    np.testing.assert_array_equal(clipped["a"], [1.0, odd])
    np.testing.assert_array_equal(clipped["b"], [100.0])


@pytest.mark.parametrize(
    ("dtype", "size"),
    [(np.float32, 1e19), (np.float32, 3e38), (np.float64, 1e308), (np.float32, 1e-30)],
)
def test_squares_that_are_too_large_or_too_small_are_no_trouble(
    dtype: type[np.floating], size: float
) -> None:
    limit = size / 2
    gradients = {"a": np.full(99, size, dtype), "b": np.full((1, 1), -size, dtype)}
    clipped = optim.ClipNorm(limit)(gradients)
    for name, sign in (("a", 1), ("b", -1)):
        np.testing.assert_allclose(clipped[name] / dtype(size), sign / 20, rtol=1e-5)
        assert clipped[name].dtype == dtype
