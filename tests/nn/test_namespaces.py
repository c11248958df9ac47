"""Layers, losses and a pass with the arrays of other libraries: the numbers are NumPy's."""

from __future__ import annotations

import copy
import types
from typing import Any

import numpy as np
import pytest

from glassnet import nn
from glassnet.errors import SettingError
from glassnet.nn.passes import Pass
from tests.cases import LAYERS, LOSSES, MERGES, LayerCase, LossCase
from tests.namespaces import by_namespace, by_precision, computed, expect_alike, in_dtype
from tests.nn.calls import backward, built, forward, inputs


@by_namespace
@by_precision
@pytest.mark.parametrize("case", [*LAYERS, *MERGES], ids=str)
def test_layer(case: LayerCase, dtype: str, namespace: str) -> None:
    layer = built(case)

    def both_ways(xp: Any, arrays: Any, xs: Any, dy: Any) -> Any:
        own, frame = copy.copy(layer), nn.Frame(case.training, source=(3, 4, 5), xp=xp)
        for name, array in arrays.items():
            setattr(own, name, array)
        y = forward(own, xs, frame)
        return y, backward(own, y if dy is None else dy, frame), frame.gradients, frame.updates

    arrays, xs = in_dtype(dtype, (layer.arrays(), inputs(case, 3)))
    y = both_ways(np, arrays, xs, None)[0]
    dy = np.random.default_rng(0).normal(size=y.shape).astype(dtype)
    found = computed(namespace, both_ways, arrays, xs, dy)
    expect_alike(found, both_ways(np, arrays, xs, dy), dtype)


@by_namespace
@by_precision
@pytest.mark.parametrize("case", LOSSES, ids=str)
def test_loss(case: LossCase, dtype: str, namespace: str) -> None:
    loss = case.make()

    def both_ways(xp: Any, y: Any, t: Any, dl: Any) -> Any:
        frame = nn.Frame(xp=xp)
        return loss.forward(y, t, frame), loss.backward(dl, frame), loss.backward(1 / 3, frame)

    dl = np.array([[0.5], [0.25], [0.25]])
    given = in_dtype(dtype, (*case.draw(np.random.default_rng(0), 3), dl))
    expect_alike(computed(namespace, both_ways, *given), both_ways(np, *given), dtype)


@by_namespace
@by_precision
@pytest.mark.parametrize("weights", [None, [1.0, 0.0, 2.0], [0.0, 0.0, 0.0]])
def test_pass(weights: list[float] | None, dtype: Any, namespace: str) -> None:
    x = nn.Input(4)
    shared = nn.Dense(4, name="shared")
    h = nn.Dropout(0.5)(nn.BatchNorm()(shared(nn.GELU()(shared(x)))))
    network = nn.Network(x, nn.Dense(2, name="out")(nn.Add()(h, x)), seed=0, dtype=dtype)

    def passed(xp: Any, arrays: Any, x: Any, t: Any, weights: Any) -> Any:
        p = Pass(network.holding(arrays), training=True, step=3, xp=xp)
        p.forward({"input_1": x})
        p.measure({"out": nn.MeanSquaredError()}, {"out": t}, weights)
        p.backward()
        return p.rows, p.L, p.gradients, p.updates

    rng = np.random.default_rng(0)
    drawn = network.arrays(), rng.normal(size=(3, 4)), rng.normal(size=(3, 2))
    given = in_dtype(dtype, (*drawn, weights and np.array(weights)))
    expect_alike(computed(namespace, passed, *given), passed(np, *given), dtype)


def test_the_loss_is_a_plain_number_of_what_a_trace_carries() -> None:
    net = nn.Sequential([nn.Dense(2)], 3, seed=0, dtype="float64")
    rng = np.random.default_rng(0)
    for weights in (None, [1.0, 0.0, 2.0]):
        p = net.run(rng.normal(size=(3, 3)), rng.normal(size=(3, 2)), nn.MeanSquaredError(),
                    sample_weight=weights)  # fmt: skip
        assert p.L.shape == ()
        assert p.loss == p.L


def test_without_special_functions_a_layer_says_so() -> None:
    theirs = types.ModuleType("their.arrays")
    with pytest.raises(SettingError, match=r"for arrays of their\.arrays, only .*numpy and jax"):
        nn.GELU().forward(np.zeros((1, 1)), nn.Frame(xp=theirs))
