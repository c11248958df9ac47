"""Three ways to measure a gradient, which have to agree with each other and with backward."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.data.toy import moons
from glassnet.types import Array
from tests.cases import LAYERS, LOSSES, MERGES, LayerCase, LossCase
from tests.training.setups import bits


def batch(rows: int = 5, columns: int = 4, seed: int = 3) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, columns)), rng.integers(3, size=rows)


def assert_equal(a: Mapping[str, Array], b: Mapping[str, Array], tolerance: float) -> None:
    assert a.keys() == b.keys()
    for name in a:
        assert a[name].dtype == np.float64
        np.testing.assert_allclose(a[name], b[name], rtol=0, atol=tolerance, err_msg=name)


def assert_ways_agree(
    net: gn.Network, x: Any, t: Any, loss: Any, *, smooth: bool = True, **settings: Any
) -> None:
    """Hold the fast way to the plain, the complex step to backward, and all to each other."""
    backward = net.astype("float64").run(x, t, loss, **settings).gradients
    plain = gn.numerical_gradient(net, x, t, loss, method="plain", **settings)
    assert_equal(plain, backward, 1e-8)
    assert_equal(gn.numerical_gradient(net, x, t, loss, **settings), plain, 1e-9)
    if smooth:
        exact = gn.numerical_gradient(net, x, t, loss, method="complex", **settings)
        assert_equal(exact, backward, 1e-13)


def around(case: LayerCase) -> gn.Network:
    """A network with the row's layer in its midst, or first where it takes tables."""
    layer = case.make()
    if case.shapes == ((4,),):
        layers = [gn.Dense(4), layer, gn.Dense(3)]
        return gn.Sequential(layers, input_shape=4, seed=1, dtype="float64")
    flat = [] if isinstance(layer, gn.Flatten) else [gn.Flatten()]
    return gn.Sequential(
        [layer, *flat, gn.Dense(3)], input_shape=case.shapes[0], seed=1, dtype="float64"
    )


@pytest.mark.parametrize("case", LAYERS, ids=str)
def test_every_layer(case: LayerCase) -> None:
    net = around(case)
    x = np.random.default_rng(3).normal(size=(5, *case.shapes[0]))
    t = np.array([0, 1, 2, 1, 0])
    loss = gn.SoftmaxCrossEntropy()
    assert_ways_agree(net, x, t, loss, smooth=case.analytic, training=case.training, step=7)


@pytest.mark.parametrize("case", MERGES, ids=str)
def test_every_merge(case: LayerCase) -> None:
    inputs = [gn.Input(shape) for shape in case.shapes]
    bent = [gn.Tanh()(x) for x in inputs]
    y = gn.Dense(3)(gn.Flatten()(case.make()(*bent)))
    net = gn.Network(inputs, y, seed=1, dtype="float64")
    rng = np.random.default_rng(3)
    xs = [rng.normal(size=(5, *shape)) for shape in case.shapes]
    assert_ways_agree(net, xs, np.array([0, 1, 2, 1, 0]), gn.SoftmaxCrossEntropy())


@pytest.mark.parametrize("case", LOSSES, ids=str)
def test_every_loss(case: LossCase) -> None:
    layers = [gn.Dense(4), gn.Tanh(), gn.Dense(case.columns)]
    net = gn.Sequential(layers, input_shape=4, seed=1, dtype="float64")
    x, _ = batch()
    t = case.targets(np.random.default_rng(2), (5, case.columns))
    assert_ways_agree(net, x, t, case.make(), smooth=case.analytic)


def shortcut() -> gn.Network:
    x = gn.Input(4)
    h = gn.Sigmoid()(gn.Dense(5)(x))
    h = gn.Add()(h, gn.Tanh()(gn.Dense(5)(h)))
    return gn.Network(x, gn.Dense(3)(gn.Concatenate()(h, x)), seed=2, dtype="float64")


def shared() -> gn.Network:
    x, again = gn.Input(4), gn.Dense(4)
    y = gn.Dense(3)(again(gn.Tanh()(again(x))))
    return gn.Network(x, y, seed=2, dtype="float64")


def restless() -> gn.Network:
    layers = [gn.Dense(6), gn.BatchNorm(), gn.Tanh(), gn.Dropout(0.3), gn.Dense(3)]
    return gn.Sequential(layers, input_shape=4, seed=2, dtype="float64")


def unbiased() -> gn.Network:
    layers = [gn.Dense(5, bias=False), gn.Sigmoid(), gn.Dense(3, bias=False)]
    return gn.Sequential(layers, input_shape=4, seed=2, dtype="float64")


@pytest.mark.parametrize("make", [shortcut, shared, restless, unbiased])
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_networks(make: Any, training: bool, weighted: bool) -> None:
    x, t = batch()
    weights = [2.0, 0.0, 1.0, 0.5, 3.0] if weighted else None
    loss = gn.SoftmaxCrossEntropy()
    assert_ways_agree(make(), x, t, loss, training=training, step=4, sample_weight=weights)


def test_several_inputs_and_outputs() -> None:
    a, b = gn.Input(2, name="a"), gn.Input(3, name="b")
    h = gn.Tanh()(gn.Dense(4)(gn.Concatenate()(a, b)))
    outputs = [gn.Dense(3, name="kind")(h), gn.Dense(1, name="size")(gn.Tanh()(gn.Dense(2)(b)))]
    net = gn.Network([a, b], outputs, seed=0, dtype="float64")
    rng = np.random.default_rng(0)
    x = {"a": rng.normal(size=(5, 2)), "b": rng.normal(size=(5, 3))}
    t = {"kind": np.array([0, 1, 2, 1, 0]), "size": rng.normal(size=(5, 1))}
    losses = {"kind": gn.SoftmaxCrossEntropy(), "size": gn.MeanSquaredError()}
    assert_ways_agree(net, x, t, losses)


def test_an_output_that_feeds_another() -> None:
    x = gn.Input(4)
    first = gn.Dense(2, name="first")(x)
    second = gn.Dense(1, name="second")(gn.Tanh()(first))
    net = gn.Network(x, [first, second], seed=0, dtype="float64")
    rows, t = batch()
    losses = [gn.SoftmaxCrossEntropy(), gn.MeanSquaredError()]
    assert_ways_agree(net, rows, [t % 2, t[:, None] / 3], losses)


@pytest.mark.parametrize(
    "x",
    [np.zeros((5, 4)), np.ones((5, 4)), np.tile([0, 1, 1, 0.5], (5, 1)), np.eye(5, 4)],
    ids=["zeros", "ones", "the same rows", "one each"],
)
def test_numbers_that_come_up_again_and_again(x: Array) -> None:
    layers = [gn.Dense(6, gn.Normal(0, 1)), gn.Sigmoid(), gn.Dense(3)]
    net = gn.Sequential(layers, input_shape=4, seed=1, dtype="float64")
    assert_ways_agree(net, x, np.array([0, 1, 2, 1, 0]), gn.SoftmaxCrossEntropy())


def test_relu_where_no_number_is_within_the_step_of_its_kink() -> None:
    layers = [gn.Dense(8), gn.ReLU(), gn.Dense(8), gn.ReLU(), gn.Dense(3)]
    net = gn.Sequential(layers, input_shape=4, seed=1, dtype="float64")
    assert_ways_agree(net, *batch(), gn.SoftmaxCrossEntropy(), smooth=False)


# -- layers of one's own -----------------------------------------------------------------------


@dataclass(eq=False)
class Scale(gn.Layer):
    """y = s x, with one s for each number."""

    params = ("s",)

    def build(self, shape: Any, declare: Any) -> Any:
        declare("s", shape, gn.Uniform(0.5, 2))
        return shape

    def forward(self, x: Array, frame: gn.Frame) -> Array:
        frame.keep(x=x)
        y: Array = x * self.s
        return y

    def backward(self, dy: Array, frame: gn.Frame) -> Array:
        frame.grad(s=(dy * frame["x"]).sum(axis=0))
        dx: Array = dy * self.s
        return dx


@dataclass(eq=False)
class Centre(gn.Layer):
    """y = x - the mean over the rows."""

    def mixes_rows(self, training: bool) -> bool:  # noqa: ARG002
        return True

    def forward(self, x: Array, frame: gn.Frame) -> Array:
        y: Array = x - frame.xp.mean(x, axis=0)
        return y

    def backward(self, dy: Array, frame: gn.Frame) -> Array:
        dx: Array = dy - frame.xp.mean(dy, axis=0)
        return dx


@dataclass(eq=False)
class Doubled(gn.Dense):
    """y = 2 (x W + b)."""

    def forward(self, x: Array, frame: gn.Frame) -> Array:
        return 2 * super().forward(x, frame)

    def backward(self, dy: Array, frame: gn.Frame) -> Any:
        return super().backward(2 * dy, frame)


@dataclass(eq=False)
class OneWay(gn.Dense):
    """Dense whose backward nobody has written yet."""

    def backward(self, dy: Array, frame: gn.Frame) -> Array:
        raise NotImplementedError


@pytest.mark.parametrize("layer", [Scale, Centre, lambda: Doubled(5)])
def test_layers_of_one_s_own(layer: Any) -> None:
    layers = [gn.Dense(4), gn.Tanh(), layer(), gn.Sigmoid(), gn.Dense(3)]
    net = gn.Sequential(layers, input_shape=4, seed=1, dtype="float64")
    assert_ways_agree(net, *batch(), gn.SoftmaxCrossEntropy())


@pytest.mark.parametrize("method", ["plain", "fast", "complex"])
def test_no_backward_is_needed(method: Any) -> None:
    x, t = batch()
    loss = gn.SoftmaxCrossEntropy()
    net = gn.Sequential([OneWay(3)], input_shape=4, seed=1, dtype="float64")
    twin = gn.Sequential([gn.Dense(3, name="oneway_1")], input_shape=4, seed=1, dtype="float64")
    measured = gn.numerical_gradient(net, x, t, loss, method=method)
    assert_equal(measured, twin.run(x, t, loss).gradients, 1e-9)


# -- what it promises --------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["plain", "fast", "complex"])
def test_a_float32_network_is_measured_in_float64_and_left_alone(method: Any) -> None:
    net = gn.Sequential([gn.Dense(5), gn.Tanh(), gn.Dense(3)], input_shape=4, seed=1)
    before = bits(net)
    x, t = batch()
    measured = gn.numerical_gradient(net, x, t, gn.SoftmaxCrossEntropy(), method=method)
    exact = net.astype("float64").run(x, t, gn.SoftmaxCrossEntropy()).gradients
    assert_equal(measured, exact, 1e-9)
    assert bits(net) == before
    assert net.dtype == np.float32


@pytest.mark.parametrize("bend", [gn.ReLU, gn.LeakyReLU, gn.ELU])
def test_the_complex_step_refuses_a_kink(bend: Any) -> None:
    net = gn.Sequential([gn.Dense(5), bend(), gn.Dense(3)], input_shape=4, seed=1)
    with pytest.raises(gn.SettingError, match=r"has a kink.*Use method='fast'"):
        gn.numerical_gradient(net, *batch(), gn.SoftmaxCrossEntropy(), method="complex")


@pytest.mark.parametrize("loss", [gn.MeanAbsoluteError(), gn.Huber()], ids=str)
def test_the_complex_step_refuses_a_loss_with_a_kink(loss: gn.Loss) -> None:
    net = gn.Sequential([gn.Dense(1)], input_shape=4, seed=1)
    x, t = batch()
    with pytest.raises(gn.SettingError, match="has a kink"):
        gn.numerical_gradient(net, x, t, loss, method="complex")


@pytest.mark.parametrize("h", [0, -1e-5, 2, np.nan, "small", True])
def test_a_step_that_is_none(h: Any) -> None:
    net = gn.Sequential([gn.Dense(3)], input_shape=4, seed=1)
    with pytest.raises(gn.SettingError, match="expects a small h above 0, got"):
        gn.numerical_gradient(net, *batch(), gn.SoftmaxCrossEntropy(), h=h)


def test_a_method_that_does_not_exist() -> None:
    net = gn.Sequential([gn.Dense(3)], input_shape=4, seed=1)
    with pytest.raises(gn.SettingError, match="Did you mean 'plain'"):
        gn.numerical_gradient(net, *batch(), gn.SoftmaxCrossEntropy(), method="plane")  # type: ignore[arg-type]


def test_rows_that_do_not_fit() -> None:
    net = gn.Sequential([gn.Dense(3)], input_shape=5, seed=1)
    with pytest.raises(gn.ShapeError, match="expects rows of 5 numbers"):
        gn.numerical_gradient(net, *batch(), gn.SoftmaxCrossEntropy())


def test_a_real_batch() -> None:
    data = moons(40)
    layers = [gn.Dense(16), gn.ReLU(), gn.Dense(2)]
    net = gn.Sequential(layers, input_shape=2, seed=0, dtype="float64")
    x, t = np.asarray(data.train.x), data.train.t
    assert_ways_agree(net, x, t, gn.SoftmaxCrossEntropy(), smooth=False)


W6 = """
import json, resource
import numpy as np
import glassnet as gn

rows = gn.datasets.load("mnist").train.take(slice(0, 100))
layers = [gn.Dense(50, gn.Normal(0, 1), gn.Normal(0, 1)), gn.Sigmoid()]
layers += [gn.Dense(10, gn.Normal(0, 1), gn.Normal(0, 1))]
net = gn.Sequential(layers, input_shape=784, seed=0, dtype="float64")
x, t, loss = np.asarray(rows.x), rows.t, gn.SoftmaxCrossEntropy()
measured = gn.numerical_gradient(net, x, t, loss, h=1e-4)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

def measure(w, index):
    value, losses = w[index], []
    for moved in (value + 1e-4, value - 1e-4):
        w[index] = moved
        losses.append(net.measure(x, t, loss).loss)
    w[index] = value
    return (losses[0] - losses[1]) / 2e-4

rng, worst = np.random.default_rng(0), 0.0
for name, w in net.parameters().items():
    for place in rng.choice(w.size, min(w.size, 120), replace=False):
        index = np.unravel_index(place, w.shape)
        worst = max(worst, abs(measured[name][index] - measure(w, index)))
print(json.dumps({"worst": worst, "peak": peak}))
"""


@pytest.mark.data("mnist")
def test_w6_on_real_mnist() -> None:
    done = subprocess.run([sys.executable, "-c", W6], capture_output=True, check=True, text=True)
    found = json.loads(done.stdout)
    assert found["worst"] < 1e-7
    assert found["peak"] < 1e9
