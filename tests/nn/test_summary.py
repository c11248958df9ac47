import numpy as np

import glassnet as gn
from glassnet.nn.summary import summarize, summary


def test_counts_what_each_node_holds() -> None:
    net = gn.Sequential([gn.Dense(5), gn.BatchNorm(), gn.ReLU(), gn.Dense(2)], input_shape=(3,))
    nodes = {node.name: node for node in summarize(net)}
    assert nodes["dense_1"].parameters == 3 * 5 + 5
    assert nodes["dense_1"].bytes == 4 * 20
    assert nodes["batchnorm_1"].parameters == 2 * 5
    assert nodes["batchnorm_1"].bytes == 4 * 4 * 5  # two of them are kept, not trained
    assert nodes["relu_1"].parameters == 0
    assert nodes["dense_2"].shape == (2,)
    assert sum(node.parameters for node in nodes.values()) == net.size()


def test_a_shared_layer_counts_once() -> None:
    x, twice = gn.Input((4,)), gn.Dense(4)
    net = gn.Network(x, twice(twice(x)))
    assert [node.parameters for node in summarize(net)] == [20, 0]


def test_a_chain_as_text() -> None:
    net = gn.Sequential([gn.Dense(10), gn.ReLU(), gn.Dense(1)], input_shape=(99,))
    assert summary(net).splitlines() == [
        "name     layer      output  parameters  bytes",
        "input_1  input      99",
        "dense_1  Dense(10)  10           1,000  4,000",
        "relu_1   ReLU()     10               0      0",
        "dense_2  Dense(1)   1               11     44",
        "total                            1,011  4,044",
    ]


def test_a_graph_says_what_feeds_each_node() -> None:
    x = gn.Input((4,), "x")
    net = gn.Network(x, gn.Add()(x, gn.Dense(4)(x)))
    lines = summary(net).splitlines()
    assert lines[0].split() == ["name", "layer", "from", "output", "parameters", "bytes"]
    assert lines[3].split() == ["add_1", "Add()", "x", "dense_1", "4", "0", "0"]


def test_images_have_two_sides() -> None:
    net = gn.Sequential([gn.Flatten(), gn.Dense(1)], input_shape=(2, 3))
    assert "2 x 3" in summary(net)
    assert net(np.zeros((1, 2, 3))).shape == (1, 1)
