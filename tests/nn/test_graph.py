"""How nodes become a network: their order, their names, and what keeps them from it."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from glassnet import nn
from glassnet.errors import GlassnetError, GraphError, ShapeError
from glassnet.nn.config import network_from_config
from glassnet.nn.wiring import topological_order
from tests.waiting import at_most


def names(network: nn.Network) -> list[str]:
    return [node.name for node in network.nodes]


# ---- order ---------------------------------------------------------------------------------------


def test_each_node_comes_after_its_inputs() -> None:
    x = nn.Input(3)
    a, b = nn.ReLU()(x), nn.Tanh()(x)
    c = nn.Add()(b, a)
    d = nn.Add()(c, a)
    order = topological_order([d, b])
    assert set(order) == {x, a, b, c, d}
    for node in order:
        assert all(order.index(before) < order.index(node) for before in node.inputs)


def test_a_chain_of_5000_nodes_needs_no_recursion_and_no_time() -> None:
    x = nn.Input(2)
    y: nn.Node = x
    with at_most(2):
        for _ in range(5000):
            y = nn.Identity()(y)
        net = nn.Network(x, y)
        again = network_from_config(net.config(), {})
    np.testing.assert_array_equal(again(np.eye(2)), np.eye(2))
    assert len(net.run(np.eye(2), np.zeros((2, 2)), nn.MeanSquaredError()).frames) == 5001


def test_shortcuts_do_not_multiply_the_work() -> None:
    y: nn.Node = nn.Input(2, name="x")
    x = y
    for _ in range(60):
        y = nn.Add()(y, y)
    assert nn.Network(x, y, dtype="float64")(np.ones((1, 2))).tolist() == [[2.0**60] * 2]


def test_the_order_of_writing_does_not_matter() -> None:
    nodes: list[tuple[str, tuple[nn.Layer, list[str]]]] = [
        ("wide", (nn.Dense(3), ["x"])),
        ("bent", (nn.Tanh(), ["wide"])),
        ("sum", (nn.Add(), ["wide", "bent"])),
        ("y", (nn.Dense(1), ["sum"])),
    ]
    expected = None
    for written in itertools.permutations(nodes):
        fresh = {name: (copy.copy(layer), feeds) for name, (layer, feeds) in written}
        net = nn.Network.wire({"x": 2}, fresh, "y", seed=3)
        assert names(net) == ["wide", "bent", "sum", "y"]
        y = net(np.eye(2))
        expected = y if expected is None else expected
        np.testing.assert_array_equal(y, expected)


# ---- names ---------------------------------------------------------------------------------------


def test_names_are_the_class_and_a_running_number() -> None:
    net = nn.Sequential([nn.Dense(4), nn.ReLU(), nn.Dense(4), nn.LeakyReLU(), nn.Dense(2)], 3)
    assert names(net) == ["dense_1", "relu_1", "dense_2", "leakyrelu_1", "dense_3"]
    assert list(net.inputs) == ["input_1"]
    assert list(net.parameters())[:2] == ["dense_1.W", "dense_1.b"]


def test_names_of_ones_own() -> None:
    x = nn.Input(3, name="pixels")
    net = nn.Network(x, nn.Dense(2, name="head")(nn.Dense(4)(x)))
    assert (list(net.inputs), names(net), net.outputs) == (
        ["pixels"],
        ["dense_1", "head"],
        ("head",),
    )


def test_the_second_use_of_a_shared_layer_is_numbered() -> None:
    x, shared = nn.Input(3), nn.Dense(3)
    net = nn.Network(x, shared(shared(shared(x))))
    assert names(net) == ["dense_1", "dense_1@2", "dense_1@3"]
    assert list(net.parameters()) == ["dense_1.W", "dense_1.b"]
    assert names(network_from_config(net.config(), net.arrays())) == names(net)


# ---- what is wrong -------------------------------------------------------------------------------


def cycle() -> nn.Network:
    nodes: dict[str, tuple[nn.Layer, list[str]]] = {
        "a": (nn.Add(), ["x", "c"]),
        "b": (nn.ReLU(), ["a"]),
        "c": (nn.Tanh(), ["b"]),
    }
    return nn.Network.wire({"x": 2}, nodes, "c")


def itself() -> nn.Network:
    return nn.Network.wire({"x": 2}, {"a": (nn.ReLU(), "a")}, "a")


def two(first: str, second: str) -> nn.Network:
    return nn.Sequential([nn.Dense(2, name=first), nn.Dense(2, name=second)], 2)


def shared_at_two_shapes() -> nn.Network:
    x, shared = nn.Input(3), nn.Dense(2)
    return nn.Network(x, shared(shared(x)))


@dataclass(eq=False)
class Builds(nn.Layer):
    """Says something about its shape."""

    what: Any

    def build(self, shape: Any, declare: nn.Declare) -> Any:  # noqa: ARG002
        return self.what


used = nn.Dense(2)
nn.Sequential([used], 2)
x, z = nn.Input(2, name="x"), nn.Input(2, name="z")
tables = nn.Input((2, 3), name="tables")

WRONG: list[tuple[Callable[[], object], type[GlassnetError], str]] = [
    (cycle, GraphError, "in a circle: <Node c> <- <Node b> <- <Node a> <- <Node c>. .*take one of"),
    (itself, GraphError, "in a circle: <Node a> <- <Node a>"),
    (
        lambda: nn.Network(x, nn.Add()(x, z)),
        GraphError,
        "<Input z.2,.> feeds the network but is not",
    ),
    (lambda: nn.Network([x, z], nn.ReLU()(x)), GraphError, "no output depends on. Leave it out"),
    (lambda: nn.Network(nn.ReLU()(x), nn.ReLU()(x)), GraphError, r"made by gn.Input\(shape\), got"),
    (lambda: nn.Network(x, nn.Node(nn.ReLU())), GraphError, r"<Input x.* no output depends on"),
    (
        lambda: nn.Network(x, [nn.ReLU()(x), nn.Node(nn.Tanh(), name="loose")]),
        GraphError,
        "<Node loose> has no input. Connect it",
    ),
    (lambda: nn.Network(x, nn.Add()(x, nn.Node(None))), GraphError, "has no layer and is no input"),
    (
        lambda: nn.Network(x, []),
        GraphError,
        r"its outputs as a node or a list of nodes, got an empty list",
    ),
    (lambda: nn.Network(x, nn.ReLU()), GraphError, "its outputs as a node"),  # type: ignore[arg-type]
    (lambda: nn.Network("x", x), GraphError, "its inputs as a node or a list"),  # type: ignore[arg-type]
    (lambda: nn.Network([x, x], nn.ReLU()(x)), GraphError, "inputs name the same node twice"),
    (
        lambda: two("a", "a"),
        GraphError,
        "Several nodes are called 'a'. Give each a name of its own",
    ),
    (lambda: two("a", "b.c"), GraphError, "'b.c' has a dot, which separates layer and parameter"),
    (
        shared_at_two_shapes,
        ShapeError,
        r"is shared, and its W has shape \(3, 2\); here it would need \(2, 2\)",
    ),
    (lambda: nn.Sequential([], 2), GraphError, r"a list of one layer or more, got \[\]"),
    (lambda: nn.Sequential(nn.Dense(2), 2), GraphError, "a list of one layer or more, got Dense"),  # type: ignore[arg-type]
    (
        lambda: nn.Sequential([nn.Dense(2), nn.ReLU], 2),  # type: ignore[list-item]
        GraphError,
        r"Entry 1 of Sequential's list is expected to be a layer .*ReLU'>. Write ReLU\(...\)",
    ),
    (lambda: nn.Sequential([nn.Dense(2), 3], 2), GraphError, r"such as gn.Dense\(64\), got 3"),  # type: ignore[list-item]
    (lambda: nn.Network(np.zeros((2, 2)), x), GraphError, "its inputs .* got a ndarray"),  # type: ignore[arg-type]
    (
        lambda: nn.Sequential([used], 2),
        GraphError,
        r"Dense\(2\), entry 0, belongs to another network",
    ),
    (
        lambda: nn.Sequential([Builds(None)], 2),
        ShapeError,
        r"Builds.*to return the shape .* got None",
    ),
    (lambda: nn.Sequential([Builds(3)], 2), ShapeError, "got 3"),
    (
        lambda: nn.Sequential([Builds((2**41,))], 2),
        ShapeError,
        "more than 1,099,511,627,776 numbers",
    ),
    (lambda: nn.Sequential([nn.Add()], 2), GraphError, r"Add\(\) joins two inputs or more, got 1"),
    (lambda: nn.Network(tables, nn.Dense(2)(tables)), ShapeError, r"\(2, 3\) per row. Add Flatten"),
    (
        lambda: nn.Input((8, 0)),
        GraphError,
        r"positive whole numbers, such as \(64,\), got \(8, 0\)",
    ),
    (lambda: nn.Input(()), GraphError, r"got \(\). Leave out the number of rows"),
    (lambda: nn.Input(2.5), GraphError, "got 2.5"),  # type: ignore[arg-type]
    (lambda: nn.Input((None, 3)), GraphError, r"got \(None, 3\). Leave out"),  # type: ignore[arg-type]
    (
        lambda: nn.Network.wire({"x": 2}, {"h": (nn.Dense(2), "y")}, "h"),
        GraphError,
        "Node 'h' takes its input from 'y', which does not exist. Known: 'x', 'h'",
    ),
    (
        lambda: nn.Network.wire({"x": 2}, {"h": (nn.Dense(2), "x")}, "y"),
        GraphError,
        "The network's output is 'y', which does not exist",
    ),
    (
        lambda: nn.Network.wire({"x": 2}, {"h": (nn.Dense(2), "x"), "i": (nn.ReLU(), "x")}, "h"),
        GraphError,
        "'i' leads to no output. Connect it, or take it out",
    ),
    (
        lambda: nn.Network.wire({"x": 2}, {"x": (nn.Dense(2), "x")}, "x"),
        GraphError,
        "'x' is the name of an input and of a node",
    ),
    (
        lambda: nn.Network.wire({"x": 2}, {"h": (nn.Dense(2), ["x", "x"])}, "h"),
        GraphError,
        r"Dense\(2\) takes one input, got 2",
    ),
    (
        lambda: nn.Network.wire({"x": 2}, {"h": (nn.ReLU, "x")}, "h"),  # type: ignore[dict-item]
        GraphError,
        r"Node 'h' is expected to be a layer .*Write ReLU\(...\)",
    ),
]


@pytest.mark.parametrize(("make", "error", "text"), WRONG)
def test_what_is_wrong_is_said(
    make: Callable[[], object], error: type[GlassnetError], text: str
) -> None:
    with pytest.raises(error, match=text):
        make()


def test_a_long_circle_is_told_in_short() -> None:
    nodes = {f"n{i}": (nn.ReLU(), f"n{(i + 1) % 100}") for i in range(100)}
    with pytest.raises(GraphError, match=r"… 91 more … <- <Node n0>") as caught:
        nn.Network.wire({"x": 2}, nodes, "n0")
    assert len(str(caught.value)) < 500


def test_layers_can_be_shared_by_networks_on_purpose() -> None:
    inside = nn.Input(2)
    encoded = nn.Dense(3)(inside)
    encoder, whole = nn.Network(inside, encoded), nn.Network(inside, nn.Dense(1)(encoded))
    assert encoder.parameters()["dense_1.W"] is whole.parameters()["dense_1.W"]


def test_a_shape_may_be_written_in_several_ways() -> None:
    assert nn.Input(3).shape == nn.Input((3,)).shape == nn.Input([np.int64(3)]).shape == (3,)  # type: ignore[arg-type]
