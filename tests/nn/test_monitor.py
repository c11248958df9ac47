from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.nn.monitor import Visit, watched

X = np.random.default_rng(0).normal(size=(6, 3))
T = np.array([0, 1, 1, 0, 1, 0])
LOSS = gn.SoftmaxCrossEntropy()


def network() -> gn.Network:
    layers = [gn.Dense(4), gn.BatchNorm(), gn.ReLU(), gn.Dropout(), gn.Dense(2)]
    return gn.Sequential(layers, 3, seed=1, dtype="float64")


def visits(net: gn.Network, **how: Any) -> list[Visit]:
    seen: list[Visit] = []
    gn.monitor(net, X, T, LOSS, tell=seen.append, **how)
    return seen


def test_each_node_is_told_forward_then_backward() -> None:
    seen = visits(network())
    order = ["dense_1", "batchnorm_1", "relu_1", "dropout_1", "dense_2", "loss"]
    assert [(visit.way, visit.node) for visit in seen] == [
        *(("forward", name) for name in order),
        *(("backward", name) for name in reversed(order)),
    ]
    assert [visit.layer for visit in seen[:3]] == ["Dense(4)", "BatchNorm()", "ReLU()"]


@pytest.mark.parametrize("training", [True, False])
def test_the_figures_are_those_of_the_pass(training: bool) -> None:
    net = network()
    p = net.run(X, T, LOSS, training=training)
    for visit in visits(net, training=training):
        if visit.node == "loss":
            continue
        frame = p[visit.node]
        values = frame.y if visit.way == "forward" else frame.dx
        assert visit.shape == values.shape
        np.testing.assert_allclose(
            [visit.mean, visit.std, visit.least, visit.most],
            [values.mean(), values.std(), values.min(), values.max()],
        )


def test_it_returns_the_pass_and_leaves_the_network_alone() -> None:
    net = network()
    before = {name: array.copy() for name, array in net.arrays().items()}
    p = gn.monitor(net, X, T, LOSS, training=True, step=3, tell=lambda _: None)
    expected = net.run(X, T, LOSS, training=True, step=3)
    for name, dw in expected.gradients.items():
        np.testing.assert_array_equal(p.gradients[name], dw)
    for name, array in net.arrays().items():
        np.testing.assert_array_equal(array, before[name])
    assert type(net.nodes[0].layer) is gn.Dense


def test_it_prints_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    gn.monitor(network(), X, T, LOSS)
    heading, first, *others = capsys.readouterr().out.splitlines()
    assert heading.split() == ["way", "node", "shape", "mean", "std", "min", "max", "ms"]
    assert first.startswith("forward   dense_1 Dense(4)")
    assert "6 x 4" in first
    assert {len(line) for line in (heading, first, *others)} == {len(heading)}
    assert len(heading) <= 100


def test_nan_is_seen() -> None:
    net = network()
    net.parameters()["dense_1.W"][0, 2] = np.nan
    first = visits(net)[0]
    assert first.lost == 6
    assert str(first).endswith("6 not finite")


def test_time_is_that_of_the_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("time.perf_counter", lambda: now)

    class Slow(gn.ReLU):
        def forward(self, x: Any, frame: gn.Frame) -> Any:
            nonlocal now
            now += 2
            return super().forward(x, frame)

    net = gn.Sequential([gn.Dense(2), Slow()], 3, seed=0)
    quick, slow, *_ = visits(net)
    assert (quick.seconds, slow.seconds) == (0, 2)


def test_merges_and_several_outputs() -> None:
    x = gn.Input(3)
    h = gn.Dense(3)(x)
    outputs = [gn.Dense(2)(gn.Add()(h, x)), gn.Dense(2)(h)]
    net = gn.Network(x, outputs, seed=0)
    seen: list[Visit] = []
    gn.monitor(net, X, [T, T], [LOSS, LOSS], tell=seen.append)
    (back,) = [visit for visit in seen if visit.node == "add_1" and visit.way == "backward"]
    assert back.shape == (6, 3)


def test_a_watched_network_can_be_trained_and_tells_of_every_step() -> None:
    plain, net = network(), network()
    seen: list[Visit] = []
    for one in (plain, watched(net, seen.append)):
        trainer = gn.Trainer(one, LOSS, gn.SGD(0.1), engine="numpy")
        trainer.fit((X, T), epochs=2, batch_size=3, shuffle=False, progress=False)
    for name, array in plain.arrays().items():
        np.testing.assert_array_equal(net.arrays()[name], array)
    steps = [v for v in seen if v.node == "dense_1" and v.way == "forward" and v.shape[0] == 3]
    assert len(steps) >= 4


def test_a_copy_in_another_precision_is_watched_too() -> None:
    seen: list[Visit] = []
    twin = watched(network(), seen.append).astype("float32")
    twin.parameters()["dense_1.W"][...] = 0
    assert not twin(X).astype(bool).all()
    assert len(seen) == 5
