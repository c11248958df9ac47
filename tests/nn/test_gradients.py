"""Every backward method against the numerical Jacobian of its forward method, number by number."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np
import pytest

from glassnet import nn
from glassnet.types import Array
from tests.cases import LAYERS, LOSSES, MERGES, LayerCase, LossCase
from tests.jacobian import assert_close, jacobian
from tests.nn.calls import backward, built, forward, frame_for, inputs, strided

layers = pytest.mark.parametrize("case", [*LAYERS, *MERGES], ids=str)
losses = pytest.mark.parametrize("case", LOSSES, ids=str)
batches = pytest.mark.parametrize("rows", [1, 3])
layouts = pytest.mark.parametrize(
    "layout",
    [pytest.param(np.ascontiguousarray, id="contiguous"), pytest.param(strided, id="strided")],
)
Layout = Callable[[Array], Array]


def directions(shape: tuple[int, ...]) -> Iterator[Array]:
    """Give each basis vector of that shape, then a random one."""
    yield from np.eye(int(np.prod(shape))).reshape(-1, *shape)
    yield np.random.default_rng(6).normal(size=shape)


@layers
@batches
@layouts
def test_the_gradients_of_inputs(case: LayerCase, rows: int, layout: Layout) -> None:
    layer, xs, frame = built(case), [layout(x) for x in inputs(case, rows)], frame_for(case)
    y = forward(layer, xs, frame)
    for k, x in enumerate(xs):

        def as_function_of(x: Array, k: int = k) -> Array:
            return forward(layer, [*xs[:k], x, *xs[k + 1 :]], frame_for(case))

        slopes = jacobian(as_function_of, x)
        for dy in directions(y.shape):
            dxs = backward(layer, layout(dy), frame)
            assert len(dxs) == len(xs)
            assert_close(dxs[k], (dy.ravel() @ slopes).reshape(x.shape))


@layers
@batches
@layouts
def test_the_gradients_of_parameters(case: LayerCase, rows: int, layout: Layout) -> None:
    layer, xs, frame = built(case), [layout(x) for x in inputs(case, rows)], frame_for(case)
    y = forward(layer, xs, frame)
    slopes = {}
    for name in set(layer.params) & layer.arrays().keys():
        value = getattr(layer, name)

        def as_function_of(w: Array, name: str = name) -> Array:
            setattr(layer, name, w)
            return forward(layer, xs, frame_for(case))

        slopes[name] = jacobian(as_function_of, value)
        setattr(layer, name, value)
    for dy in directions(y.shape):
        layer.backward(layout(dy), frame)
        assert frame.gradients.keys() == slopes.keys()
        for name, dw in frame.gradients.items():
            assert_close(dw, (dy.ravel() @ slopes[name]).reshape(getattr(layer, name).shape))


@layers
def test_parameters_learn_the_same_where_nobody_wants_dx(case: LayerCase) -> None:
    layer, xs = built(case), inputs(case, 3)
    frame, without_dx = frame_for(case), frame_for(case, wants_dx=False)
    dy = forward(layer, xs, frame)
    forward(layer, xs, without_dx)
    layer.backward(dy, frame)
    layer.backward(dy, without_dx)
    for name, dw in frame.gradients.items():
        np.testing.assert_array_equal(dw, without_dx.gradients[name])


class Counted(np.ndarray[Any, Any]):
    """An array that counts the matrix products that it, and what comes of it, goes into."""

    made: ClassVar[list[str]] = []

    def __array_ufunc__(self, ufunc: Any, method: str, *xs: Any, **how: Any) -> Any:
        if ufunc is np.matmul:
            self.made.append("matmul")
        plain = (x.view(np.ndarray) if isinstance(x, Counted) else x for x in xs)
        if "out" in how:  # as NumPy's own mean gives it
            how["out"] = tuple(np.asarray(one) for one in how["out"])
        return np.asarray(getattr(ufunc, method)(*plain, **how)).view(Counted)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if func in (np.dot, np.tensordot, np.einsum, np.inner):
            self.made.append(func.__name__)
        found = super().__array_function__(func, types, args, kwargs)
        return found.view(Counted) if isinstance(found, np.ndarray) else found


def products(case: LayerCase, wants_dx: bool) -> tuple[int, int, Any]:
    """Return how many products a backward makes, how many matrices it gives gradients, and dx.

    An array of more axes, (in, K, out), is K matrices.
    """
    layer, frame = built(case), frame_for(case, wants_dx)
    dy = forward(layer, inputs(case, 3), frame).copy().view(Counted)
    Counted.made.clear()
    dx = layer.backward(dy, frame)
    whole = (dw.shape for dw in frame.gradients.values() if dw.ndim > 1)
    return len(Counted.made), sum(math.prod(shape[1:-1]) for shape in whole), dx


@layers
def test_no_product_is_made_for_a_dx_that_nobody_wants(case: LayerCase) -> None:
    made, matrices, dx = products(case, wants_dx=False)
    assert made <= matrices
    if products(case, wants_dx=True)[0] > made:
        assert dx is None


@pytest.mark.parametrize("case", [case for case in LAYERS if case.kinks], ids=str)
def test_the_slope_taken_at_a_kink(case: LayerCase) -> None:
    layer, frame, xs = built(case), frame_for(case), np.array([[*case.kinks]])
    layer.forward(xs, frame)
    np.testing.assert_array_equal(layer.backward(np.ones_like(xs), frame), [[*case.kinks.values()]])


@losses
@batches
@layouts
def test_the_gradients_of_losses(case: LossCase, rows: int, layout: Layout) -> None:
    loss, (y, t) = case.make(), case.draw(np.random.default_rng(2), rows)
    y, t, frame = layout(y), layout(t), nn.Frame()
    slopes = jacobian(lambda y: loss.forward(y, t, nn.Frame()), y)
    loss.forward(y, t, frame)
    for dl in directions((rows,)):
        assert_close(loss.backward(layout(dl[:, None]), frame), (dl @ slopes).reshape(y.shape))
    equal = loss.backward(1 / rows, frame)
    assert_close(equal, (np.full(rows, 1 / rows) @ slopes).reshape(y.shape))


@pytest.mark.parametrize("case", [case for case in LOSSES if case.kinks], ids=str)
def test_the_slope_of_a_loss_at_a_kink(case: LossCase) -> None:
    loss, frame, t = case.make(), nn.Frame(), np.full((1, 1), 0.3)
    for e, slope in case.kinks.items():
        loss.forward(t + e, t, frame)
        np.testing.assert_array_equal(loss.backward(1.0, frame), [[slope]])


@pytest.mark.parametrize(
    ("cls", "call"),
    [
        (nn.Layer, lambda one: one.forward(np.ones((1, 1)), nn.Frame())),
        (nn.Layer, lambda one: one.backward(np.ones((1, 1)), nn.Frame())),
        (nn.Merge, lambda one: one.build([(1,), (1,)], print)),
        (nn.Merge, lambda one: one.forward([np.ones((1, 1))] * 2, nn.Frame())),
        (nn.Merge, lambda one: one.backward(np.ones((1, 1)), nn.Frame())),
        (nn.Loss, lambda one: one.forward(np.ones((1, 1)), np.ones((1, 1)), nn.Frame())),
        (nn.Loss, lambda one: one.backward(1.0, nn.Frame())),
    ],
)
def test_a_layer_or_loss_of_ones_own_is_told_what_it_still_needs(
    cls: type, call: Callable[[object], object]
) -> None:
    class Mine(cls):  # type: ignore[misc]
        pass

    with pytest.raises(NotImplementedError, match=r"Mine needs a (build|forward|backward)\(self, "):
        call(Mine())
