"""can_overfit: yes for what can learn, no for what cannot."""

from __future__ import annotations

import json

import numpy as np
import pytest

import glassnet as gn
from glassnet.types import Array
from tests.gradients.broken import BadW
from tests.training.setups import bits, rows, values


def network(*last: gn.Layer, outputs: int = 3) -> gn.Network:
    layers = [gn.Dense(32), gn.ReLU(), gn.Dense(outputs), *last]
    return gn.Sequential(layers, input_shape=2, seed=0)


def test_classes() -> None:
    net = network()
    before = bits(net)
    overfit = gn.can_overfit(net, *rows(), gn.SoftmaxCrossEntropy())
    assert overfit.passed
    assert overfit.after < overfit.bar < overfit.before
    assert str(overfit).startswith("Yes: loss ")
    assert bits(net) == before


@pytest.mark.parametrize("scale", [1, 150])
def test_values(scale: float) -> None:
    x, t = values()
    assert gn.can_overfit(network(outputs=1), x, scale * t, gn.MeanSquaredError()).passed


def test_what_is_trained_already() -> None:
    x, t = rows()
    net = network()
    gn.Trainer(net, gn.SoftmaxCrossEntropy(), gn.Adam(0.01)).fit((x, t), epochs=200, progress=False)
    assert gn.can_overfit(net, x, t, gn.SoftmaxCrossEntropy()).passed


def test_dropout_and_batch_norm() -> None:
    layers = [gn.Dense(64), gn.BatchNorm(), gn.ReLU(), gn.Dropout(0.2), gn.Dense(3)]
    net = gn.Sequential(layers, input_shape=2, seed=0)
    assert gn.can_overfit(net, *rows(), gn.SoftmaxCrossEntropy()).passed


def test_the_same_row_with_two_labels_cannot_be_learnt_and_is_allowed_for() -> None:
    x = np.array([[0.0, 1], [0, 1], [1, 0], [1, 1]])
    overfit = gn.can_overfit(network(), x, np.array([0, 1, 2, 0]), gn.SoftmaxCrossEntropy())
    assert overfit.least == pytest.approx(np.log(2) / 2)
    assert overfit.passed


@pytest.mark.parametrize(
    ("net", "t"),
    [
        (network(gn.Softmax(), gn.Sigmoid()), rows()[1]),
        (network(gn.Dense(3, init=gn.zeros, bias=False), gn.ReLU()), rows()[1]),
        (gn.Sequential([BadW(3, bias=False, change=lambda dW, _: -dW)], 2, seed=0), rows()[1]),
    ],
    ids=["squeezed", "no gradient", "uphill"],
)
def test_what_cannot_learn(net: gn.Network, t: Array) -> None:
    overfit = gn.can_overfit(net, rows()[0], t, gn.SoftmaxCrossEntropy(), steps=100)
    assert not overfit.passed
    assert str(overfit).startswith("No: loss ")
    assert "inputs and targets are about -1..1; ask gn.diagnose" in str(overfit)
    assert max(map(len, str(overfit).splitlines())) <= 100
    assert json.loads(json.dumps(overfit.to_json()))["passed"] is False


def test_a_loss_that_is_none_before_the_first_step() -> None:
    net = network()
    net.parameters()["dense_1.W"][0, 0] = np.nan
    with pytest.raises(gn.DataError, match=r"nan before the first step: gn\.diagnose"):
        gn.can_overfit(net, *rows(), gn.SoftmaxCrossEntropy())


@pytest.mark.parametrize("steps", [0, -1, 1.5])
def test_steps_that_are_none(steps: int) -> None:
    with pytest.raises(gn.SettingError, match="expects steps, a whole number from 1"):
        gn.can_overfit(network(), *rows(), gn.SoftmaxCrossEntropy(), steps=steps)
