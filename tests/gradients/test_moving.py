"""all_parameters_move: what stands still is named, with its reason."""

from __future__ import annotations

import json

import numpy as np
import pytest

import glassnet as gn
from tests import own_layers as own
from tests.gradients.broken import BadW, Forgetful
from tests.training.setups import bits, rows


def network(*layers: gn.Layer) -> gn.Network:
    return gn.Sequential([*layers, gn.Dense(3)], input_shape=2, seed=0)


def moved(net: gn.Network, **settings: object) -> gn.Movement:
    return gn.all_parameters_move(net, *rows(), gn.SoftmaxCrossEntropy(), **settings)  # type: ignore[arg-type]


def why(movement: gn.Movement, name: str) -> str:
    return next(one.why for one in movement.parameters if one.name == name)


def test_everything_moves() -> None:
    net = network(gn.Dense(8), gn.BatchNorm(), gn.Tanh())
    before = bits(net)
    movement = moved(net)
    assert movement.passed
    assert all(one.moved == one.numbers and not one.why for one in movement.parameters)
    assert bits(net) == before


def test_units_that_are_dead() -> None:
    net = network(gn.Dense(8), gn.ReLU())
    net.load_parameters({"dense_1.b": [-50.0] * 6 + [0, 0]})
    movement = moved(net)
    assert not movement.passed
    assert "6 units are never active" in why(movement, "dense_1.W")
    net.load_parameters({"dense_1.b": [-50.0] + [0] * 7})
    assert moved(net).passed


def test_layers_of_ones_own_say_where_they_are_flat_and_what_they_weigh() -> None:
    x, t = rows()
    net = gn.Sequential([own.Sums(4), own.Clipped(), gn.Dense(3)], input_shape=3, seed=0)
    net.load_parameters({"sums_1.W": np.full((3, 4), [-9.0, 0.1, 0.1, 0.1])})
    movement = gn.all_parameters_move(
        net, np.c_[np.abs(x), 0 * x[:, 0]], t, gn.SoftmaxCrossEntropy()
    )
    told = why(movement, "sums_1.W")
    assert "1 inputs are 0 in every row" in told
    assert "1 units are never active, so that their Clipped lets nothing back" in told


def test_inputs_that_are_always_zero_are_told_and_excused() -> None:
    x, t = rows()
    x = np.concatenate([x, np.zeros((len(x), 6))], axis=1)
    net = gn.Sequential([gn.Dense(4), gn.Tanh(), gn.Dense(3)], input_shape=8, seed=0)
    movement = gn.all_parameters_move(net, x, t, gn.SoftmaxCrossEntropy())
    assert movement.passed
    assert "24 of 32 numbers hold still: 6 inputs are 0 in every row." in why(movement, "dense_1.W")


def test_a_gradient_that_nobody_sets() -> None:
    with pytest.raises(gn.ShapeError, match=r"Forgetful\(4\).backward: dW .* got nothing"):
        moved(network(Forgetful(4), gn.Tanh()))


def test_a_gradient_that_is_zero() -> None:
    movement = moved(network(BadW(4, change=lambda dW, _: 0 * dW), gn.Tanh()))
    assert not movement.passed
    assert "the gradient of 8 numbers is 0" in why(movement, "badw_1.W")


def test_steps_that_are_lost_in_rounding() -> None:
    net = network(gn.Dense(4), gn.Tanh())
    movement = moved(net, optimizer=gn.Adam(1e-12))
    assert not movement.passed
    assert "smaller than the precision" in why(movement, "dense_1.W")


def test_in_print_and_as_json() -> None:
    movement = moved(network(BadW(4, change=lambda dW, _: 0 * dW), gn.Tanh()))
    lines = str(movement).splitlines()
    assert lines[0].split() == ["parameter", "numbers", "moved"]
    assert lines[1].split() == ["badw_1.W", "STILL", "8", "0"]
    assert max(map(len, lines)) <= 100
    assert json.loads(json.dumps(movement.to_json()))["passed"] is False


def test_steps_that_are_none() -> None:
    with pytest.raises(gn.SettingError, match="expects steps"):
        moved(network(gn.Dense(2)), steps=0)
