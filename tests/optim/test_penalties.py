"""Each penalty: by hand, its gradient against differences, its projection within bounds."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet import optim
from glassnet.types import Array
from tests.cases import PENALTIES, PenaltyCase

rows = pytest.mark.parametrize("case", PENALTIES, ids=str)


def differences(penalty: optim.Penalty, w: Array, h: float = 1e-5) -> Array:
    """dR/dw by central differences."""
    dw = np.empty(w.shape)
    for i in np.ndindex(w.shape):
        moved = [w.copy(), w.copy()]
        moved[0][i] -= h
        moved[1][i] += h
        low, high = (penalty.value(m) for m in moved)
        dw[i] = (high - low) / (2 * h)
    return dw


@rows
def test_value_and_projection_by_hand(case: PenaltyCase) -> None:
    penalty, w = case.make(), np.array([[3.0, -1.0], [-4.0, 0.0]])
    assert penalty.value(w) == case.value
    np.testing.assert_allclose(penalty.projected(w), case.projected, rtol=1e-15)


@rows
@pytest.mark.parametrize("layout", ["contiguous", "strided"])
def test_gradient_is_the_slope_of_the_value(case: PenaltyCase, layout: str) -> None:
    penalty, whole = case.make(), np.random.default_rng(0).normal(size=(8, 6))
    w = whole[::2, 1:5].T if layout == "strided" else whole
    np.testing.assert_allclose(penalty.gradient(w), differences(penalty, w), rtol=1e-6, atol=1e-9)


@rows
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_are_only_read_and_dtypes_kept(case: PenaltyCase, dtype: type[np.floating]) -> None:
    penalty, w = case.make(), np.full((3, 2), -7, dtype)
    w.flags.writeable = False
    gradient = penalty.gradient(w)
    assert type(penalty.value(w)) is float
    assert gradient.dtype == penalty.projected(w).dtype == dtype
    assert not np.shares_memory(gradient, w)


@rows
def test_to_project_once_is_enough(case: PenaltyCase) -> None:
    penalty, whole = case.make(), np.random.default_rng(0).normal(0, 5, (8, 3)).astype(np.float32)
    once = penalty.projected(whole[::2])
    np.testing.assert_allclose(penalty.projected(once), once, rtol=1e-6)


def test_max_norm_holds_each_column_and_leaves_short_ones_alone() -> None:
    w = np.random.default_rng(0).normal(size=(4, 5, 6))
    w[..., 0] = 0
    inside = optim.MaxNorm(4.0).projected(w)
    norms, norms_before = (np.sqrt(np.sum(a**2, axis=(0, 1))) for a in (inside, w))
    short = norms_before <= 4
    assert 1 < np.sum(short) < 6
    np.testing.assert_array_equal(inside[..., short], w[..., short])
    np.testing.assert_allclose(norms[~short], 4.0)


def test_l1_leaves_a_weight_at_zero_alone() -> None:
    np.testing.assert_array_equal(optim.L1(0.5).gradient(np.array([-2.0, 0, 3])), [-0.5, 0, 0.5])


@rows
def test_only_matrices_are_meant(case: PenaltyCase) -> None:
    penalty = case.make()
    assert penalty.applies_to("dense_1.W", np.zeros((2, 3)))
    assert not penalty.applies_to("dense_1.b", np.zeros(3))


def test_a_penalty_by_itself_costs_and_forbids_nothing() -> None:
    penalty, w = optim.Penalty(), np.full((2, 2), 9.0)
    assert penalty.value(w) == 0
    np.testing.assert_array_equal(penalty.gradient(w), np.zeros((2, 2)))
    assert penalty.projected(w) is w
