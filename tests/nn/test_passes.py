"""One pass: what it holds by name, what it leaves alone, and its random numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from glassnet import nn
from glassnet.data import permutation
from glassnet.errors import SettingError, ShapeError
from glassnet.nn.frame import ForgetfulFrame
from glassnet.nn.passes import Pass
from glassnet.types import Array

X = np.random.default_rng(0).normal(size=(6, 3))
T = np.random.default_rng(1).normal(size=(6, 2))
MSE = nn.MeanSquaredError()


def network() -> nn.Network:
    layers = [nn.Dense(4), nn.BatchNorm(), nn.ReLU(), nn.Dropout(0.5), nn.Dense(2)]
    return nn.Sequential(layers, 3, seed=5, dtype="float64")


def test_run_and_call_compute_the_same() -> None:
    net = network()
    np.testing.assert_array_equal(net.run(X, T, MSE)["dense_2"].y, net(X))


def test_every_value_has_a_name() -> None:
    p = network().run(X, T, MSE)
    assert list(p) == ["input_1", "dense_1", "batchnorm_1", "relu_1", "dropout_1", "dense_2"]
    assert p.gradients.keys() == p.network.parameters().keys()
    np.testing.assert_allclose(p["dense_2"].dy, (p["dense_2"].y - T) / 6)
    np.testing.assert_array_equal(p["dense_2"].dx, p["dropout_1"].dy)
    np.testing.assert_array_equal(p["input_1"].y, X)
    np.testing.assert_array_equal(p["input_1"].dy, p["dense_1"].dx)
    np.testing.assert_array_equal(p["dense_2"]["x"], p["dropout_1"].y)
    np.testing.assert_array_equal(p.gradients["dense_2.W"], p["dense_2"].gradients["W"])


def test_a_run_changes_nothing_in_the_network() -> None:
    net = network()
    before = {name: array.copy() for name, array in net.arrays().items()}
    net.run(X, T, MSE, training=True)
    for name, array in net.arrays().items():
        np.testing.assert_array_equal(array, before[name])


def test_running_statistics_move_when_updates_are_applied() -> None:
    net = network()
    mean = net.buffers()["batchnorm_1.running_mean"]
    p = net.run(X, T, MSE, training=True)
    assert not mean.any()
    p.apply_updates()
    np.testing.assert_allclose(mean, 0.1 * p["dense_1"].y.mean(axis=0))
    evaluated = net.run(X, T, MSE)
    evaluated.apply_updates()
    np.testing.assert_allclose(mean, 0.1 * p["dense_1"].y.mean(axis=0))


def mask(seed: int = 5, step: int = 0, dtype: nn.network.DType = "float64") -> Array:
    net = nn.Sequential([nn.Dropout(), nn.Dropout()], 3, seed=seed, dtype=dtype)
    x = np.ones((6, 3))
    m: Array = net.run(x, x, MSE, training=True, step=step)["dropout_1"]["m"]
    return m


def test_dropout_is_the_same_for_the_same_seed_and_step() -> None:
    np.testing.assert_array_equal(mask(), mask())
    np.testing.assert_array_equal(mask(), mask(dtype="float32"))
    assert not np.array_equal(mask(step=0), mask(step=1))
    assert not np.array_equal(mask(seed=5), mask(seed=6))


def test_two_dropouts_of_one_network_drop_differently() -> None:
    net = nn.Sequential([nn.Dropout(), nn.Dropout()], 30, seed=5)
    p = net.run(np.ones((6, 30)), np.ones((6, 30)), MSE, training=True)
    assert not np.array_equal(p["dropout_1"]["m"], p["dropout_2"]["m"])


def test_gradients_are_not_carried_back_to_the_data_unless_asked() -> None:
    net = network()
    p = Pass(net, inputs_too=False)
    p.forward({"input_1": X})
    p.measure({"dense_2": MSE}, {"dense_2": T}, None)
    p.backward()
    assert p["input_1"].dy is None
    assert p["dense_1"].dx is None
    for name, dw in net.run(X, T, MSE).gradients.items():
        np.testing.assert_array_equal(p.gradients[name], dw)


def test_a_forward_pass_forgets_what_no_later_node_needs() -> None:
    net = network()
    p = Pass(net, forget=True)
    p.forward({"input_1": X})
    assert list(p) == ["dense_2"]
    assert isinstance(p["dense_2"], ForgetfulFrame)
    assert not p["dense_2"].kept


def test_a_batch_in_which_no_row_counts_moves_nothing() -> None:
    p = Pass(network())
    p.forward({"input_1": X})
    p.measure({"dense_2": MSE}, {"dense_2": T}, np.zeros(6))
    p.backward()
    assert p.loss == 0
    assert not any(dw.any() for dw in p.gradients.values())


def test_random_numbers_depend_on_seed_step_and_node_only() -> None:
    draws = {
        source: float(nn.Frame(source=source).rng.random())
        for source in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]
    }
    assert len(set(draws.values())) == 4
    frame = nn.Frame(source=(0, 1, 0))
    assert frame.rng.random() == frame.rng.random() == draws[0, 1, 0]


def branched(seed: int = 0) -> nn.Network:
    """A layer that two nodes share, both kinds of merge, and a value that is used twice."""
    x = nn.Input(3, name="x")
    shared = nn.Dense(3, name="shared")
    a = nn.Tanh()(shared(x))
    b = nn.Tanh()(shared(a))
    both = nn.Concatenate()(nn.Add()(a, b), b)
    return nn.Network(x, nn.Dense(2, name="out")(both), seed=seed, dtype="float64")


def test_gradients_add_up_where_values_and_layers_are_shared() -> None:
    net = branched()
    p, h = net.run(X, T, MSE), 1e-6
    for name, w in net.parameters().items():
        measured = np.zeros_like(w)
        for place in np.ndindex(w.shape):
            value = w[place]
            w[place] = value + h
            above = net.run(X, T, MSE).loss
            w[place] = value - h
            measured[place] = (above - net.run(X, T, MSE).loss) / (2 * h)
            w[place] = value
        np.testing.assert_allclose(p.gradients[name], measured, rtol=1e-6, atol=1e-9, err_msg=name)


def test_gradients_of_the_data_are_carried_back_on_request_only() -> None:
    net = nn.Sequential([nn.LayerNorm(), nn.Dense(2)], 3, seed=0, dtype="float64")
    for inputs_too in (True, False):
        p = Pass(net, inputs_too=inputs_too)
        p.forward({"input_1": X})
        p.measure({"dense_1": MSE}, {"dense_1": T}, None)
        p.backward()
        assert (p["input_1"].dy is not None) is inputs_too


def test_a_merge_gives_one_gradient_for_each_input() -> None:
    class Half(nn.Add):
        def backward(self, dy: Array, frame: nn.Frame) -> tuple[Array, ...]:
            return super().backward(dy, frame)[:1]

    x = nn.Input(3)
    net = nn.Network(x, nn.Dense(2)(Half()(x, nn.Tanh()(x))), seed=0)
    with pytest.raises(ValueError, match="shorter"):
        net.run(X, T, MSE)


def test_dropout_and_shuffling_draw_apart() -> None:
    own = nn.Frame(source=(7, 0, 3)).rng.permutation(20)
    assert list(own) != list(permutation(20, 7, 3))


@dataclass(eq=False)
class Broken(nn.Layer):
    """A scale, whose backward forgets, or mistakes, one thing."""

    fault: str = ""

    params = ("s",)

    def build(self, shape: tuple[int, ...], declare: nn.Declare) -> tuple[int, ...]:
        declare("s", shape, nn.ones)
        return shape

    def forward(self, x: Array, frame: nn.Frame) -> Array:
        frame.keep(x=x)
        y: Array = x * self.s
        return y.astype(np.float64) if self.fault == "float64" else y

    def backward(self, dy: Array, frame: nn.Frame) -> Array | None:
        ds = np.sum(dy * frame["x"], axis=0)
        if self.fault == "name":
            frame.grad(z=ds)
        elif self.fault == "shape":
            frame.grad(s=ds.sum())
        if self.fault != "gradient":
            frame.grad(s=frame.gradients.get("s", ds))
        return None if self.fault == "dx" else dy * self.s


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ("dx", r"backward: dx is expected to have shape \(6, 3\), got nothing. Return it"),
        (
            "gradient",
            r"ds is expected to have shape \(3,\), got nothing. Set it by frame.grad\(s=…",
        ),
        ("shape", r"backward: ds is expected to have shape \(3,\), got float32 of shape \(\)"),
        ("name", r"sets gradients of \['z'\], which are not among its params, \['s'\]"),
        ("float64", r"Broken.*forward: y: the network computes in float32, got float64.*float\(np"),
    ],
)
def test_a_layer_that_breaks_the_contract_is_named(fault: str, text: str) -> None:
    net = nn.Sequential([nn.Dense(3), Broken(fault), nn.Dense(2)], 3, seed=0)
    p = net.run(X, T, MSE)
    with pytest.raises(ShapeError, match=text):
        p.expect_sound()


def test_sound_layers_are_let_be() -> None:
    net = nn.Sequential([nn.Dense(3), Broken(), nn.Dense(2)], 3, seed=0)
    net.run(X, T, MSE).expect_sound()


def test_a_name_that_was_not_kept() -> None:
    frame = nn.Frame()
    frame.keep(x=1)
    with pytest.raises(SettingError, match=r"There is no kept value 'y'\. Known: x"):
        frame["y"]
    net = nn.Sequential([nn.Dense(1)], 1, seed=0)
    with pytest.raises(SettingError, match=r"There is no node 'dens_1'\. Did you mean 'dense_1'"):
        net.run([[1]], [[1]], nn.MeanSquaredError())["dens_1"]
