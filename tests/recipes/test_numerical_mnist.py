from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from benchmarks.contenders import glassnet_numpy, nudging
from benchmarks.data import rows_and_targets
from benchmarks.workloads import WORKLOADS

import glassnet as gn
from glassnet.recipes.datasets import mnist_or_digits
from glassnet.recipes.numerical_mnist import WAYS, Trial, difference, network, train


def trials(data: gn.Dataset, hidden: int, rows: int) -> list[Trial]:
    x, t = data.train.batch(slice(rows), np.float64)
    return [train(way, network(data.inputs.size, hidden, 0), x, t) for way in WAYS.values()]


@pytest.mark.usefixtures("embedded")
@pytest.mark.parametrize("rows", [1, 100])
def test_three_ways_one_gradient(rows: int) -> None:
    written, fast, exact = trials(mnist_or_digits(download=False), hidden=10, rows=rows)
    assert difference(written.gradients, exact.gradients) < 1e-8
    assert difference(fast.gradients, exact.gradients) < 1e-8
    for nudged in (written, fast):
        np.testing.assert_allclose(nudged.losses, exact.losses, rtol=1e-7)
    assert exact.losses[0] > exact.losses[1] > exact.losses[2]


@pytest.mark.data("mnist")
@pytest.mark.slow
def test_on_mnist() -> None:
    data = mnist_or_digits(download=False)
    assert network(784, 50, 0).size() == 39_760
    written, fast, exact = trials(data, hidden=3, rows=100)
    assert difference(written.gradients, exact.gradients) < 1e-8
    assert difference(fast.gradients, exact.gradients) < 1e-8
    assert fast.seconds < written.seconds


@pytest.mark.data("mnist")
@pytest.mark.slow
def test_nudging_fast_is_a_hundred_times_faster() -> None:
    """As `make bench` has it: the tutorial's loop on a part of the parameters, and scaled."""
    w = WORKLOADS["W6"]
    x, t = rows_and_targets(w.rows)
    fast, written = (contender.gradient(w, x, t) for contender in (glassnet_numpy, nudging))
    assert 100 * seconds(fast) < seconds(written) / nudging.PART


def seconds(work: Callable[[], object]) -> float:
    """Seconds of the processor, in whatever thread."""
    start = time.process_time()
    work()
    return time.process_time() - start
