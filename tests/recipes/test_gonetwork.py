from __future__ import annotations

import re

import numpy as np
import pytest

import glassnet as gn
from glassnet.recipes import Options
from glassnet.recipes.gonetwork import (
    CROSS_ENTROPY,
    IMAGES,
    LAMBDA,
    QUADRATIC,
    better_network,
    learn,
    network,
    run,
)


def test_sizes() -> None:
    small = network([2, 3, 1], seed=0)
    assert {name: w.shape for name, w in small.parameters().items()} == {
        "dense_1.W": (2, 3),
        "dense_1.b": (3,),
        "dense_2.W": (3, 1),
        "dense_2.b": (1,),
    }


def test_embedded_digits(capsys: pytest.CaptureFixture[str]) -> None:
    data = gn.datasets.load("digits")
    right = learn(network([64, 30, 10], 0), QUADRATIC, 3.0, data.train, data.test, epochs=30)
    assert max(right) >= 0.8 * 359
    shown = re.findall(r"Epoch (\d+) : (\d+) / 359", capsys.readouterr().out)
    assert [(int(epoch), int(n)) for epoch, n in shown] == list(enumerate(right))
    net = better_network([64, 30, 10], 0)
    right = learn(net, CROSS_ENTROPY, 0.5, data.train, data.test, 15, LAMBDA / IMAGES, show=False)
    assert max(right) >= 0.95 * 359
    for rate in (0.001, 100.0):
        right = learn(
            network([64, 100, 10], 0), QUADRATIC, rate, data.train, data.test, 3, show=False
        )
        assert max(right) < 0.25 * 359


@pytest.mark.usefixtures("embedded")
def test_the_four_equations_hold(quick: Options, capsys: pytest.CaptureFixture[str]) -> None:
    run(quick)
    rows = [row for row in capsys.readouterr().out.splitlines() if re.match(r"[1-4]  ", row)]
    assert len(rows) == 4
    assert all(float(row.split()[-1]) < 1e-6 for row in rows)
    assert gn.load(quick.folder / "gonetwork.safetensors").outputs.size == 10


@pytest.mark.data("mnist")
@pytest.mark.slow
def test_published_accuracies() -> None:
    data = gn.datasets.load("mnist")
    right = learn(network([784, 30, 10], 0), QUADRATIC, 3.0, data.train, data.test, 30, show=False)
    assert right[0] >= 9000  # published, the best of three runs: 9129
    assert max(right) >= 9450  # and 9542


@pytest.mark.data("mnist")
@pytest.mark.slow
def test_published_accuracy_of_a_hundred_hidden_units() -> None:
    """Published, the best of three runs: 96.59 %. Most runs leave a digit or two unread, whose
    outputs saturated early; which ones, the last bit of a product decides."""
    data = gn.datasets.load("mnist")
    net = network([784, 100, 10], 1)
    learn(net, QUADRATIC, 3.0, data.train, data.test, 30, show=False)
    right = net(data.test.x).argmax(axis=1) == data.test.t
    read = [digit for digit in range(10) if right[data.test.t == digit].mean() > 0.5]
    assert len(read) >= 6
    assert right[np.isin(data.test.t, read)].mean() >= 0.96


@pytest.mark.data("mnist")
@pytest.mark.slow
def test_published_bad_rates() -> None:
    data = gn.datasets.load("mnist")
    crawls, stays = (
        learn(network([784, 100, 10], 0), QUADRATIC, rate, data.train, data.test, 3, show=False)
        for rate in (0.001, 100.0)
    )
    assert 900 <= crawls[0] < crawls[-1] <= 2200  # published: 1139 at first, 2142 at last
    assert max(stays) <= 1200


@pytest.mark.data("mnist")
@pytest.mark.slow
@pytest.mark.parametrize(
    ("hidden", "rate", "epochs", "least"),
    [
        (30, 0.5, 30, 9600),  # published: 96.49 %
        (100, 0.1, 15, 9700),  # published: 98.04 %, after 60 epochs
    ],
)
def test_published_cross_entropy(hidden: int, rate: float, epochs: int, least: int) -> None:
    data = gn.datasets.load("mnist")
    net, l2 = better_network([784, hidden, 10], 0), LAMBDA / IMAGES
    right = learn(net, CROSS_ENTROPY, rate, data.train, data.validation, epochs, l2, show=False)
    assert max(right) >= least


@pytest.mark.data("mnist")
@pytest.mark.slow
def test_ninety_eight_per_cent() -> None:
    data = gn.datasets.load("mnist")
    model = gn.train(data, dropout=0.2, epochs=20, progress=False)
    assert model.evaluate(data.test)["accuracy"] >= 0.98
