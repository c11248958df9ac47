"""Networks in use: inputs and outputs, shared layers, layers of one's own, seeds, arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import DataError, GlassnetError, GraphError, SettingError, ShapeError
from glassnet.nn.config import network_from_config
from glassnet.types import Array, Shape
from tests.jacobian import assert_close, jacobian

X = np.random.default_rng(0).normal(size=(6, 3))
T = np.random.default_rng(1).normal(size=(6, 2))
MSE = gn.MeanSquaredError()


# ---- layers of one's own, written as a person would ----------------------------------------------


@dataclass(eq=False)
class Scale(gn.Layer):
    """y = s x, with one s for all."""

    start: float = 1.0

    params = ("s",)

    def build(self, shape: Shape, declare: gn.nn.Declare) -> Shape:
        declare("s", (1,), gn.Constant(self.start))
        return shape

    def forward(self, x: Array, frame: gn.Frame) -> Array:
        frame.keep(x=x)
        y: Array = self.s * x
        return y

    def backward(self, dy: Array, frame: gn.Frame) -> Array:
        frame.grad(s=np.sum(dy * frame["x"]).reshape(1))
        dx: Array = self.s * dy
        return dx


@dataclass(eq=False)
class Multiply(gn.Merge):
    """y = x1 x2, number by number."""

    def build(self, shape: Sequence[Shape], declare: gn.nn.Declare) -> Shape:  # noqa: ARG002
        return shape[0]

    def forward(self, xs: Sequence[Array], frame: gn.Frame) -> Array:
        frame.keep(x1=xs[0], x2=xs[1])
        return xs[0] * xs[1]

    def backward(self, dy: Array, frame: gn.Frame) -> tuple[Array, ...]:
        return dy * frame["x2"], dy * frame["x1"]


def gated(seed: int = 0) -> gn.Network:
    """A network with both of them, and a shared layer."""
    x = gn.Input(3)
    shared = gn.Dense(3)
    gate = gn.Sigmoid()(shared(x))
    return gn.Network(
        x, gn.Dense(2)(Scale(2.0)(Multiply()(gate, shared(gate)))), seed=seed, dtype="float64"
    )


def test_layers_of_ones_own_learn_in_a_network() -> None:
    net = gated()
    gradients = net.run(X, T, MSE).gradients
    assert gradients.keys() == net.parameters().keys()
    for name, w in net.parameters().items():

        def loss(value: Array, name: str = name) -> Array:
            net.load_parameters({name: value})
            return np.array(net.run(X, T, MSE).loss)

        before = w.copy()
        expected = jacobian(loss, before).reshape(w.shape)
        net.load_parameters({name: before})
        assert_close(gradients[name], expected)


def test_layers_of_ones_own_come_back_from_a_description() -> None:
    net = gated()
    again = network_from_config(net.config(), net.arrays(), own_layers=[Scale, Multiply])
    np.testing.assert_array_equal(again(X), net(X))
    assert isinstance(again.layers["scale_1"], Scale)
    assert again.layers["scale_1"].start == 2.0


def test_layers_of_ones_own_have_to_be_handed_over() -> None:
    net = gated()
    with pytest.raises(
        GlassnetError, match=r"layer 'Multiply'.*gn.load\(path, layers=\[Multiply\]"
    ):
        network_from_config(net.config(), net.arrays(), own_layers=[Scale])
    with pytest.raises(SettingError, match=r"derived from gn\.Layer, got 'Scale'"):
        network_from_config(net.config(), net.arrays(), own_layers=["Scale"])


# ---- several inputs and outputs, shared layers ---------------------------------------------------


def two_by_two() -> gn.Network:
    a, b = gn.Input(3, name="a"), gn.Input(2, name="b")
    both = gn.Tanh()(gn.Dense(4)(gn.Concatenate()(a, b)))
    outputs = [gn.Dense(2, name="value")(both), gn.Dense(3, name="kind")(both)]
    return gn.Network([a, b], outputs, seed=0, dtype="float64")


def test_several_inputs_and_outputs_by_place_and_by_name() -> None:
    net, b, kinds = two_by_two(), T, np.arange(6) % 3
    by_place, by_name = net([X, b]), net({"b": b, "a": X})
    assert [y.shape for y in by_place] == [(6, 2), (6, 3)]
    for one, other in zip(by_place, by_name, strict=True):
        np.testing.assert_array_equal(one, other)
    losses = [MSE, gn.SoftmaxCrossEntropy()]
    p = net.run((X, b), [T, kinds], losses)
    q = net.run((X, b), {"kind": kinds, "value": T}, dict(zip(net.outputs, losses, strict=True)))
    assert p.loss == q.loss
    assert p.gradients.keys() == net.parameters().keys()


def test_the_losses_of_several_outputs_are_added_up() -> None:
    net, kinds = two_by_two(), np.arange(6) % 3
    losses = [MSE, gn.SoftmaxCrossEntropy()]
    p = net.run([X, T], [T, kinds], losses)
    alone = []
    for k, (output, t, loss) in enumerate(zip(net.outputs, (T, kinds), losses, strict=True)):
        frame = gn.Frame()
        alone.append(
            loss.forward(net([X, T])[k], loss.targets(t, p[output].y.shape[1:], float), frame)
        )
    np.testing.assert_allclose(p.rows, alone[0] + alone[1])


def test_an_output_may_also_feed_another() -> None:
    x = gn.Input(3)
    hidden = gn.Dense(2)(x)
    net = gn.Network(x, [hidden, gn.ReLU()(hidden)], seed=0, dtype="float64")
    h, y = net(X)
    np.testing.assert_array_equal(y, np.maximum(h, 0))
    p = net.run(X, [T, T], [MSE, MSE])
    np.testing.assert_allclose(p["dense_1"].dy, (h - T) / 6 + (y - T) / 6 * (h > 0))


def test_a_shared_layer_gets_the_gradients_of_its_copies_added_up() -> None:
    x, shared = gn.Input(3), gn.Dense(3)
    once = gn.Network(x, shared(gn.Tanh()(shared(x))), seed=0, dtype="float64")
    copies = gn.Sequential([gn.Dense(3), gn.Tanh(), gn.Dense(3)], 3, dtype="float64")
    for name, value in once.parameters().items():
        copies.load_parameters({name: value, name.replace("_1", "_2"): value})
    np.testing.assert_array_equal(once(X), copies(X))
    ours, theirs = (net.run(X, X, MSE).gradients for net in (once, copies))
    assert ours.keys() == {"dense_1.W", "dense_1.b"}
    for name, dw in ours.items():
        np.testing.assert_allclose(dw, theirs[name] + theirs[name.replace("_1", "_2")], rtol=1e-14)


def test_a_layer_without_arrays_may_stand_at_several_shapes() -> None:
    x, bend = gn.Input(3), gn.Tanh()
    net = gn.Network(x, bend(gn.Dense(2)(bend(x))), seed=0)
    assert net(X).shape == (6, 2)


# ---- seeds and dtypes ----------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_weights_bit_for_bit() -> None:
    one, same, other = (two_of(seed).parameters() for seed in (1, 1, 2))
    for name, w in one.items():
        np.testing.assert_array_equal(w, same[name])
    assert not np.array_equal(one["dense_1.W"], other["dense_1.W"])


def test_float32_weights_are_the_rounded_float64_weights() -> None:
    single, double = two_of(1), two_of(1, "float64")
    for name, w in double.parameters().items():
        assert w.dtype == np.float64
        np.testing.assert_array_equal(single.parameters()[name], w.astype(np.float32))


def test_a_layer_cannot_be_part_of_networks_of_two_dtypes() -> None:
    x, shared, bend = gn.Input(3), gn.Dense(2), gn.Tanh()
    gn.Network(x, bend(shared(x)))
    gn.Network(x, bend(x), dtype="float64")
    with pytest.raises(GraphError, match=r"Dense\(2\) \(dense_1\) is part of .* in float32; this"):
        gn.Network(x, shared(x), dtype="float64")


def test_a_network_can_show_the_inside_of_another() -> None:
    x, dense = gn.Input(3), gn.Dense(2)
    hidden = dense(x)
    whole = gn.Network(x, gn.ReLU()(hidden), seed=0)
    inside = gn.Network(x, hidden)
    whole.load_parameters({"dense_1.b": [1, 2]})
    np.testing.assert_array_equal(np.maximum(inside(X), 0), whole(X))


def test_a_seed_that_was_not_given_is_kept() -> None:
    net = gn.Sequential([gn.Dense(2)], 3)
    again = gn.Sequential([gn.Dense(2)], 3, seed=net.seed)
    np.testing.assert_array_equal(net.parameters()["dense_1.W"], again.parameters()["dense_1.W"])


@pytest.mark.parametrize("seed", [-1, 1.5, "0", 2**63])
def test_what_is_no_seed(seed: Any) -> None:
    with pytest.raises(SettingError, match=r"whole number from 0 to 2\*\*63 - 1, got"):
        gn.Sequential([gn.Dense(2)], 3, seed=seed)


@pytest.mark.parametrize("dtype", ["float16", "single-ish", None, int, ["float32"]])
def test_what_is_no_dtype(dtype: Any) -> None:
    with pytest.raises(SettingError, match="computes in 'float32' or 'float64', got"):
        gn.Sequential([gn.Dense(2)], 3, dtype=dtype)


def two_of(seed: int, dtype: Any = "float32") -> gn.Network:
    return gn.Sequential([gn.Dense(4), gn.Tanh(), gn.Dense(2)], 3, seed=seed, dtype=dtype)


# ---- arrays --------------------------------------------------------------------------------------


def test_parameters_are_the_arrays_themselves() -> None:
    net = two_of(0)
    net.parameters()["dense_1.W"][...] = 0
    assert not net.layers["dense_1"].arrays()["W"].any()
    assert net.size() == 3 * 4 + 4 + 4 * 2 + 2


def test_loading_copies_and_leaves_the_rest() -> None:
    net, W = two_of(0), np.ones((3, 4))
    b = net.parameters()["dense_2.b"].copy()
    net.load_parameters({"dense_1.W": W})
    W[...] = 2
    np.testing.assert_array_equal(net.parameters()["dense_1.W"], np.ones((3, 4)))
    np.testing.assert_array_equal(net.parameters()["dense_2.b"], b)


@pytest.mark.parametrize(
    ("wrong", "error", "text"),
    [
        (
            {"dense_9.W": np.ones(1)},
            ShapeError,
            "no parameter 'dense_9.W'. It has: dense_1.W, dense_",
        ),
        (
            {"dense_2.W": np.ones((2, 4))},
            ShapeError,
            r"dense_2.W has shape \(4, 2\), got .*\(2, 4\)",
        ),
        ({"dense_2.b": 1.0}, ShapeError, r"dense_2.b has shape \(2,\), got values of shape \(\)"),
        ({"dense_2.b": ["a", "b"]}, DataError, "dense_2.b expects numbers"),
        ({"dense_2.b": [[1], [2, 3]]}, DataError, "dense_2.b expects numbers"),
    ],
)
def test_loading_what_does_not_fit_changes_nothing(
    wrong: dict[str, Any], error: type[GlassnetError], text: str
) -> None:
    net = two_of(0)
    before = {name: w.copy() for name, w in net.parameters().items()}
    with pytest.raises(error, match=text):
        net.load_parameters({"dense_1.W": np.ones((3, 4)), **wrong})
    for name, w in net.parameters().items():
        np.testing.assert_array_equal(w, before[name])


# ---- inputs and targets --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "error", "text"),
    [
        (
            np.ones((5, 4)),
            ShapeError,
            r"Dense\(4\) expects rows of 3 numbers, got .*\(5, 4\). Each row",
        ),
        (np.ones(3), ShapeError, r"For one row, give a batch of one: x\[None\]"),
        (np.ones((5, 3, 1)), ShapeError, r"Add Flatten\(\) before it, or reshape .* \(5, 3\)"),
        (2.0, ShapeError, r"got an array of shape \(\)"),
        ([["a", "b", "c"]], DataError, "Input 'input_1' expects numbers: could not convert"),
        ([[1, 2, 3], [4]], DataError, "Input 'input_1' expects numbers: setting an array"),
        ({"x": X}, ShapeError, "The inputs are called 'input_1', got 'x'"),
    ],
)
def test_inputs_that_do_not_fit(x: Any, error: type[GlassnetError], text: str) -> None:
    with pytest.raises(error, match=text):
        two_of(0)(x)


def test_a_single_column_needs_its_axis() -> None:
    with pytest.raises(
        ShapeError, match=r"rows of 1 numbers, .*For a single column, give x\[:, None"
    ):
        gn.Sequential([gn.Dense(2)], 1)(np.ones(5))


@pytest.mark.parametrize(
    ("x", "text"),
    [
        ([X], "The network has 2 inputs: give a list of 2 or a dict .*'a', 'b', got a list of 1"),
        (X, "'a', 'b', got a ndarray"),
        ([X, T[:5]], "different numbers of rows: {'a': 6, 'b': 5}"),
        ({"a": X}, "The inputs are called 'a', 'b', got 'a'"),
    ],
)
def test_several_inputs_that_do_not_fit(x: Any, text: str) -> None:
    with pytest.raises(ShapeError, match=text):
        two_by_two()(x)


@pytest.mark.parametrize(
    ("x", "t", "loss", "error", "text"),
    [
        (X, T[:5], MSE, ShapeError, "6 rows came with 5 targets for 'dense_2'"),
        (X[:0], T[:0], MSE, DataError, "t expects at least one row"),
        (
            X,
            T,
            "mse",
            SettingError,
            "loss of 'dense_2' .* such as gn.SoftmaxCrossEntropy.., got 'mse'",
        ),
        (X, T, gn.MeanSquaredError, SettingError, "such as gn.SoftmaxCrossEntropy.., got <class"),
        (X, {"y": T}, MSE, ShapeError, "The targets are called 'dense_2', got 'y'"),
    ],
)
def test_runs_that_do_not_fit(
    x: Any, t: Any, loss: Any, error: type[GlassnetError], text: str
) -> None:
    with pytest.raises(error, match=text):
        two_of(0).run(x, t, loss)


def test_whole_numbers_and_lists_are_rows_too() -> None:
    net = two_of(0)
    np.testing.assert_array_equal(net([[1, 2, 3]]), net(np.array([[1.0, 2.0, 3.0]])))


def test_no_rows_give_no_rows() -> None:
    assert two_of(0)(X[:0]).shape == (0, 2)


def test_a_network_is_shown_as_its_chain() -> None:
    assert repr(two_of(0)) == "<Sequential [(3,)]: Dense(4) -> Tanh() -> Dense(2)>"


# -- its arrays ------------------------------------------------------------------------------------


def test_a_copy_has_arrays_of_its_own() -> None:
    net = gated()
    twin = net.copy()
    for name, array in net.arrays().items():
        np.testing.assert_array_equal(twin.arrays()[name], array)
        twin.arrays()[name][...] = 0
    assert net.run(X, T, MSE).loss == gated().run(X, T, MSE).loss
    assert not twin(X).any()


def test_a_layer_that_is_shared_is_shared_in_a_copy() -> None:
    twin = gated().copy()
    uses = [node.layer for node in twin.nodes if node.owner == "dense_1"]
    assert len(uses) == 2
    assert uses[0] is uses[1] is twin.layers["dense_1"]


def test_the_same_network_around_other_arrays() -> None:
    net = gated()
    other = 2 * net.arrays()["dense_2.W"]
    twin = net.holding({"dense_2.W": other})
    assert twin.arrays()["dense_2.W"] is other
    assert twin.arrays()["dense_1.W"] is net.arrays()["dense_1.W"]
    b = net.arrays()["dense_2.b"]
    np.testing.assert_allclose(twin(X) - b, 2 * (net(X) - b))


def test_a_network_around_given_arrays_copies_them() -> None:
    arrays = {"dense_1.W": np.ones((2, 1)), "dense_1.b": np.zeros(1)}
    x = gn.Input(2)
    net = gn.Network(x, gn.Dense(1)(x), arrays=arrays, dtype="float64")
    arrays["dense_1.W"][...] = 9
    np.testing.assert_array_equal(net([[1.0, 2.0]]), [[3.0]])


@pytest.mark.parametrize(
    ("arrays", "text"),
    [
        ({"dense_1.W": np.ones((2, 1))}, r"Dense\(1\) needs dense_1\.b, which is not there"),
        (
            {"dense_1.W": np.ones((1, 2)), "dense_1.b": np.zeros(1)},
            r"needs dense_1\.W of shape \(2, 1\), got \(1, 2\)",
        ),
        (
            {"dense_1.W": np.ones((2, 1)), "dense_1.b": np.zeros(1), "c": np.ones(1)},
            "No layer has 'c'",
        ),
    ],
)
def test_given_arrays_that_do_not_fit(arrays: dict[str, Array], text: str) -> None:
    x = gn.Input(2)
    with pytest.raises(gn.ShapeError, match=text):
        gn.Network(x, gn.Dense(1)(x), arrays=arrays)


# -- layers of one's own declare them --------------------------------------------------------------


def test_what_a_layer_declares_is_among_its_params_or_buffers() -> None:
    class Stray(gn.Layer):
        params = ("a",)

        def build(self, shape: Shape, declare: gn.nn.Declare) -> Shape:
            declare("b", shape)
            return shape

    with pytest.raises(gn.GraphError, match=r"declares 'b', which is not among its params, \['a'"):
        gn.Sequential([Stray()], 2)


def test_an_initialiser_gives_the_shape_that_it_is_asked_for() -> None:
    def wrong(shape: Shape, rng: Any) -> Array:  # noqa: ARG001
        return np.zeros(7)

    with pytest.raises(gn.ShapeError, match=r"needs dense_1\.W of shape \(2, 3\), got \(7,"):
        gn.Sequential([gn.Dense(3, init=wrong)], 2)


def test_an_attribute_that_a_layer_does_not_have_cannot_be_set() -> None:
    layer = gn.Dense(3)
    with pytest.raises(AttributeError, match=r"no attribute 'trainble'\. Did you mean 'trainable'"):
        layer.trainble = False
    with pytest.raises(gn.SettingError, match="Known: start, s, name, trainable"):
        Scale().scale = 2.0
    layer.bias = False
    assert str(layer) == "Dense(3, bias=False)"


def test_a_layer_that_is_no_dataclass_names_its_attributes_in_the_class() -> None:
    class Shift(gn.Layer):
        by: float

        def __init__(self, by: float) -> None:
            super().__init__()
            self.by = by

        def forward(self, x: Array, frame: gn.Frame) -> Array:  # noqa: ARG002
            y: Array = x + self.by
            return y

    np.testing.assert_array_equal(gn.Sequential([Shift(2.0)], 2)([[1.0, 2.0]]), [[3.0, 4.0]])


def test_a_layer_has_no_arrays_before_it_is_part_of_a_network() -> None:
    with pytest.raises(AttributeError, match="Dense has no W before it is part of a network"):
        _ = gn.Dense(3).W
    with pytest.raises(AttributeError, match="no attribute 'V'"):
        _ = gn.Dense(3).V
