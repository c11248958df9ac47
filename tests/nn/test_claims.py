"""What a layer says of itself is true: rows × claims."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from glassnet import nn
from glassnet.nn import initializers
from glassnet.nn.config import known_layers, layer_from_config
from glassnet.types import Array
from tests import own_layers as own
from tests.cases import LAYERS, MERGES, LayerCase
from tests.jacobian import jacobian
from tests.nn.calls import built, forward, inputs

MINE = [
    LayerCase("own, clipped", own.Clipped, "is not PyTorch's"),
    LayerCase("own, arctan", own.Arctan, "is not PyTorch's"),
    LayerCase("own, scale", own.Scale, "is not PyTorch's"),
    LayerCase("own, scaler", own.Scaler, "is not PyTorch's"),
    LayerCase("own, sums", lambda: own.Sums(3), "is not PyTorch's"),
    LayerCase("own, shares", own.Shares, "is not PyTorch's"),
]
ALL = [*LAYERS, *MERGES, *MINE]


def those(claim: str) -> pytest.MarkDecorator:
    """The rows whose layers say something."""
    return pytest.mark.parametrize("case", [c for c in ALL if getattr(c.make(), claim)], ids=str)


def curve(layer: nn.Layer, x: Array) -> tuple[Array, Array]:
    """An elementwise layer's y and slopes at some x."""
    frame = nn.Frame()
    frame.y = layer.forward(x, frame)
    return frame.y, layer.slopes(frame)


def wide(rows: int = 4001, reach: float = 200.0) -> Array:
    """Numbers of any size, 0 among them: (rows, 1)."""
    middle, far = np.linspace(-5, 5, rows), np.linspace(-reach, reach, rows)
    return np.concatenate([middle, far])[:, None]


def slopes_in_all(layer: nn.Layer, xs: list[Array]) -> Iterator[Array]:
    """Give ∂y/∂x for each input, one row, as it is outside training."""
    for k, x in enumerate(xs):

        def as_function_of(x: Array, k: int = k) -> Array:
            return forward(layer, [*xs[:k], x, *xs[k + 1 :]], nn.Frame())

        yield jacobian(as_function_of, x)


@pytest.mark.parametrize("case", ALL, ids=str)
def test_affine_is_what_has_the_same_slopes_everywhere(case: LayerCase) -> None:
    layer = built(case)
    here, *there = ([*slopes_in_all(layer, inputs(case, 1, seed))] for seed in range(2, 7))
    pairs = ((a, b) for other in there for a, b in zip(here, other, strict=True))
    assert all(np.allclose(a, b, atol=1e-6) for a, b in pairs) == layer.affine


@those("weighted_sum")
def test_a_weighted_sum_has_its_weights_for_slopes(case: LayerCase) -> None:
    layer = built(case)
    (slopes,) = slopes_in_all(layer, inputs(case, 1))
    np.testing.assert_allclose(slopes, layer.arrays()["W"].T, atol=1e-7)
    assert set(layer.params) <= {"W", "b"}


def by_themselves(case: LayerCase) -> bool:
    layer = case.make()
    return layer.elementwise or layer.unit_by_unit


@pytest.mark.parametrize("case", [c for c in ALL if by_themselves(c)], ids=str)
def test_where_units_go_by_themselves(case: LayerCase) -> None:
    layer = built(case)
    (slopes,) = slopes_in_all(layer, inputs(case, 1))
    np.testing.assert_allclose(slopes * (1 - np.eye(*slopes.shape)), 0, atol=1e-9)
    if layer.elementwise:
        x = wide(101)
        y, _ = curve(layer, x)
        np.testing.assert_array_equal(layer.forward(x[::-1, [0, 0]], nn.Frame()), y[::-1, [0, 0]])


@those("standardizes")
def test_what_standardises_goes_by_its_buffers(case: LayerCase) -> None:
    layer, (x,) = built(case), inputs(case, 3)
    assert {"mean", "std"} <= set(layer.buffers)
    mean, std = (layer.arrays()[name] for name in ("mean", "std"))
    np.testing.assert_allclose(layer.forward(x, nn.Frame()), (x - mean) / std)


@those("bounds")
def test_y_lies_within_its_bounds_and_fills_them(case: LayerCase) -> None:
    layer = built(case)
    assert layer.bounds is not None
    low, high = layer.bounds
    x = wide() if layer.elementwise else np.repeat(wide(), 2, axis=1) * [1, 0] + [0, 0.1]
    y = layer.forward(x, nn.Frame())
    assert low <= y.min() <= low + 0.01
    assert y.max() <= high
    assert y.max() >= min(high - 0.01, 200)


@pytest.mark.parametrize("case", [c for c in ALL if c.make().elementwise], ids=str)
def test_slopes_kinks_flat_stretches_and_the_steepest_place(case: LayerCase) -> None:
    layer = built(case)
    x = wide()
    y, slopes = curve(layer, x)
    still = {*np.round(y[:-1][(np.diff(y, axis=0) == 0) & (np.abs(x[:-1]) < 8)], 9).tolist()}
    assert still == set(layer.flat_at)
    for value in layer.flat_at:
        np.testing.assert_array_equal(slopes[y == value], 0)
    if layer.steepest is not None:
        assert np.abs(slopes).max() == pytest.approx(layer.steepest)
        assert np.abs(slopes[[len(x) // 2, -1]]).max() < 1e-3 * layer.steepest
    h, grid = 1e-6, np.arange(-8.0, 8.25, 0.25)[:, None]
    left, middle, right = (layer.forward(grid + d, nn.Frame()) for d in (-h, 0, h))
    jumps = np.abs((right - middle) - (middle - left)) / h > 1e-3
    assert {*grid[jumps].tolist()} == set(layer.kinks())


@pytest.mark.parametrize("case", LAYERS, ids=str)
def test_the_row_has_a_slope_for_each_kink(case: LayerCase) -> None:
    assert {*case.kinks} == {*case.make().kinks()}


@pytest.mark.parametrize("case", ALL, ids=str)
def test_what_suits_is_an_initialiser_and_fields_are_fields(case: LayerCase) -> None:
    layer = case.make()
    assert layer.suits in initializers.FUNCTIONS
    assert all(callable(getattr(layer, name)) for name in layer.initializers)


def test_a_silent_unit_lets_nothing_back_in_any_row() -> None:
    layer, frame = own.Clipped(), nn.Frame()
    x = np.array([[-1.0, 3.0, 9.0], [7.0, -2.0, 6.5], [-4.0, -2.0, 8.0]])
    frame.y = layer.forward(x, frame)
    assert layer.silent(frame.y).tolist() == [True, False, True]
    assert nn.Tanh().silent(np.zeros((2, 2))).tolist() == [False, False]


def test_a_field_of_any_name_holds_an_initialiser_if_the_layer_says_so() -> None:
    layer = own.Sums(3, nn.Uniform(0.5))
    assert layer.config()["start"]["name"] == "uniform"
    assert str(layer) == "Sums(3)"
    again = layer_from_config(layer.config(), known_layers(own.Sums))
    assert again.start == layer.start


@pytest.mark.parametrize("loss", [nn.SigmoidCrossEntropy(), nn.SoftmaxCrossEntropy()], ids=str)
def test_a_loss_has_inside_what_it_says(loss: nn.Loss) -> None:
    """Its slope is p - t, with p what the activation makes of the outputs."""
    assert loss.inside is not None
    y, t, frame = np.array([[0.3, -1.2, 2.0]]), np.array([[0.0, 1.0, 0.0]]), nn.Frame()
    loss.forward(y, t, frame)
    np.testing.assert_allclose(loss.backward(1.0, frame), loss.inside().forward(y, frame) - t)
