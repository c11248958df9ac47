"""The compiled engine, row by row: every line of tests/cases.py runs on both engines and agrees."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.engines import Job
from glassnet.engines.lowering import refusal
from glassnet.nn import Node
from glassnet.optim import Clipping, Penalty
from glassnet.types import Shape
from tests import cases
from tests.engines.both import Problem, expect_agreement, needs_native, restless

pytestmark = needs_native

PRECISIONS = {"float64": 1e-12, "float32": 1e-5}
WIDTHS = (1, 2, 15, 16, 17, 31, 33, 65)
PLACES = ("first", "between", "last", "beside")

by_precision = pytest.mark.parametrize("dtype", PRECISIONS)


def network_of(case: cases.LayerCase, shapes: tuple[Shape, ...], place: str, dtype: Any) -> Any:
    """Make a network around a layer: on its inputs, between two layers that learn, at its end, or
    beside others that take the same value and give it gradients before and after.

    Nothing that learns gives tables: they come from the inputs alone.
    """

    def make() -> gn.Network:
        inputs = [gn.Input(shape) for shape in shapes]
        lead = place != "first"
        layer = case.make()
        bias = not isinstance(layer, gn.BatchNorm)  # which takes it away: its gradient is noise
        feeds: list[Node] = [
            gn.Dense(shape[0], bias=bias)(x) if lead and len(shape) == 1 else x
            for x, shape in zip(inputs, shapes, strict=True)
        ]
        y = layer(*feeds)
        if place == "beside" and len(shapes[0]) == 1:
            y = gn.Concatenate()(y, gn.Tanh()(feeds[0]), case.make()(*feeds))
        if len(shapes[0]) > 1:
            y = gn.Flatten()(y)
        if place != "last" or len(shapes[0]) > 1:
            y = gn.Dense(2)(y)
        return restless(gn.Network(inputs, y, seed=3, dtype=dtype))

    return make


def around(case: cases.LayerCase, shapes: tuple[Shape, ...], place: str, dtype: str) -> Problem:
    rng = np.random.default_rng(2)
    make = network_of(case, shapes, place, dtype)
    xs = [rng.normal(size=(24, *shape)) for shape in shapes]
    t = rng.normal(size=(24, *next(iter(make().output_shapes.values()))))
    x = xs if len(xs) > 1 else xs[0]
    wide = sum(shape[-1] for shape in shapes) / 10  # and the steeper, the smaller the steps
    rule = gn.SGD(0.02 / max(1, wide))
    return Problem(make, x, t, gn.MeanSquaredError(), rule, epochs=25)


ALL = cases.LAYERS + cases.MERGES
LAYERS = [case for case in ALL if case.native is True]
LOSSES = [case for case in cases.LOSSES if case.native is True]
by_layer = pytest.mark.parametrize("case", LAYERS, ids=str)


@by_precision
@pytest.mark.parametrize("place", PLACES)
@by_layer
def test_layer(case: cases.LayerCase, place: str, dtype: str) -> None:
    expect_agreement(around(case, case.shapes, place, dtype), PRECISIONS[dtype])


@by_precision
@by_layer
def test_layer_of_odd_widths(case: cases.LayerCase, dtype: str) -> None:
    differ = len({shape[-1] for shape in case.shapes}) > 1
    for width in WIDTHS:
        shapes = tuple(
            (*shape[:-1], width + differ * place) for place, shape in enumerate(case.shapes)
        )
        problem = replace(around(case, shapes, "between", dtype), epochs=2)
        expect_agreement(problem, PRECISIONS[dtype])


def small(dtype: Any, outputs: int = 2) -> Any:
    def make() -> gn.Network:
        layers = [gn.Dense(5), gn.Tanh(), gn.Dense(outputs)]
        return restless(gn.Sequential(layers, input_shape=3, seed=3, dtype=dtype))

    return make


def regression(dtype: str, **rules: Any) -> Problem:
    rng = np.random.default_rng(4)
    x, t = rng.normal(size=(24, 3)), rng.normal(size=(24, 2))
    return Problem(small(dtype), x, t, gn.MeanSquaredError(), epochs=25, **rules)


@by_precision
@pytest.mark.parametrize("case", LOSSES, ids=str)
def test_loss(case: cases.LossCase, dtype: str) -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(24, 3))
    for columns in (case.columns, *(WIDTHS if case.columns > 1 else ())):
        if columns == 1 < case.columns and isinstance(case.make(), gn.SoftmaxCrossEntropy):
            continue
        t = case.targets(rng, (24, columns))
        epochs = 25 if columns == case.columns else 3
        problem = Problem(small(dtype, columns), x, t, case.make(), gn.SGD(0.02), epochs=epochs)
        expect_agreement(problem, PRECISIONS[dtype])
        weights = np.arange(24) % 4 / 2
        expect_agreement(replace(problem, weights=weights, epochs=3), PRECISIONS[dtype])


@by_precision
@pytest.mark.parametrize("case", cases.OPTIMIZERS, ids=str)
def test_optimizer(case: cases.OptimizerCase, dtype: str) -> None:
    rule = replace(case.make(), learning_rate=0.01)  # the steps by hand are of 0.1, which wanders
    problem = regression(dtype, optimizer=rule)
    if case.native is True:
        expect_agreement(problem, PRECISIONS[dtype])
        return
    with pytest.raises(gn.SettingError, match=f"cannot run this: {case.native}. Use engine="):
        problem.trainer("native")
    history = problem.trainer("auto").fit((problem.x, problem.t), epochs=1, progress=False)
    assert history.engine == f"numpy: the native engine cannot: {case.native}"


@by_precision
@pytest.mark.parametrize("case", cases.SCHEDULES, ids=str)
def test_schedule(case: cases.ScheduleCase, dtype: str) -> None:
    rule = gn.SGD(case.make(), momentum=0.5)
    expect_agreement(regression(dtype, optimizer=rule), PRECISIONS[dtype], chunk=3)


@by_precision
@pytest.mark.parametrize("momentum", [0.0, 0.5])
@pytest.mark.parametrize("case", cases.PENALTIES, ids=str)
def test_penalty(case: cases.PenaltyCase, momentum: float, dtype: str) -> None:
    penalty = case.make()
    if isinstance(penalty, gn.MaxNorm):
        penalty = gn.MaxNorm(0.7)  # so that it is met
    if isinstance(penalty, gn.L1):
        penalty = gn.L1(0.002)  # so that no weight goes to and fro about 0, each way by chance
    rule = gn.SGD(0.05, momentum=momentum)
    problem = regression(dtype, optimizer=rule, penalties=[penalty])
    expect_agreement(problem, PRECISIONS[dtype])
    several = replace(problem, penalties=[gn.L2(0.01), penalty, gn.L1(0.001)])
    expect_agreement(several, PRECISIONS[dtype])


@by_precision
@pytest.mark.parametrize("momentum", [0.0, 0.5])
@pytest.mark.parametrize("case", cases.CLIPPINGS, ids=str)
def test_clipping(case: cases.ClippingCase, momentum: float, dtype: str) -> None:
    rule = gn.SGD(0.05, momentum=momentum)
    for limit in (case.make().limit, 0.1, 0.01):  # some that none meets, and some that all meet
        clipping = replace(case.make(), limit=limit)
        problem = regression(dtype, optimizer=rule, clipping=clipping, penalties=[gn.L2(0.01)])
        expect_agreement(problem, PRECISIONS[dtype])


def kind_of(made: object) -> str:
    return "optimiser" if isinstance(made, gn.Optimizer) else "loss"


def unknown(case: cases.LayerCase) -> str:
    """How compiled code says that it does not know a layer."""
    return f"it does not know the layer {type(case.make()).__name__} "


def test_the_rows_say_what_compiled_code_knows_and_what_it_refuses_by_name() -> None:
    for case in ALL:
        why = refusal(network_of(case, case.shapes, "between", "float32")())
        if case.native is True:
            assert why is None, case.name
        else:
            assert (why or "").startswith(unknown(case)), case.name
    network = small("float32")()
    rows: list[Any] = [*cases.LOSSES, *cases.OPTIMIZERS, *cases.PENALTIES, *cases.CLIPPINGS]
    for row in rows:
        made = row.make()
        loss = made if isinstance(made, gn.Loss) else gn.MeanSquaredError()
        rule = made if isinstance(made, gn.Optimizer) else gn.SGD(0.1)
        penalties = [made] if isinstance(made, Penalty) else []
        clipping = made if isinstance(made, Clipping) else None
        known = getattr(row, "native", True)
        said = (
            None if known is True else f"it does not know the {kind_of(made)} {type(made).__name__}"
        )
        why = refusal(Job(network, {"dense_2": loss}, rule, penalties, clipping))
        assert why == said, row.name


@pytest.mark.parametrize("case", [case for case in ALL if case.native is not True], ids=str)
def test_what_it_does_not_know_the_reference_trains(case: cases.LayerCase) -> None:
    problem = around(case, case.shapes, "between", "float32")
    with pytest.raises(gn.SettingError, match=f"cannot run this: {unknown(case)}"):
        problem.trainer("native")
    history = problem.trainer("auto").fit((problem.x, problem.t), epochs=1, progress=False)
    assert history.engine.startswith(f"numpy: the native engine cannot: {unknown(case)}")
