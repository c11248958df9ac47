"""The reference engine: its states, and where it stops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import glassnet as gn
from glassnet.data import Batches
from glassnet.engines import Examples
from glassnet.engines import numpy as reference
from glassnet.types import Array
from tests.training.setups import bits, classifier, line, quiet, restless, rows


def batches(count: int) -> Batches:
    return Batches(np.arange(count * 4) % 21, 4)


def level(rate: float, count: int) -> NDArray[np.float64]:
    return np.full(count, rate)


def test_from_a_state_on_everything_repeats() -> None:
    network = restless()
    trainer = classifier(network, optimizer=gn.Adam(0.01), metrics=["accuracy"])
    examples, runner = trainer.examples(rows()), trainer.runner
    runner.run(examples, batches(3), level(0.01, 3), 0)
    kept = runner.state().copy()
    losses = runner.run(examples, batches(5), level(0.01, 5), 3).tolist()
    end = bits(network)
    runner.restore(kept)
    assert bits(network) != end
    assert runner.run(examples, batches(2), level(0.01, 2), 3).tolist() == losses[:2]
    assert runner.run(examples, batches(5)[2:], level(0.01, 3), 5).tolist() == losses[2:]
    assert bits(network) == end


def test_a_state_is_the_network_and_what_the_optimizer_remembers() -> None:
    network = restless()
    state = classifier(network, optimizer="adam").runner.state()
    assert state.arrays.keys() == network.arrays().keys()
    assert state.slots.keys() == network.parameters().keys()
    assert set(state.slots["dense_1.W"]) == {"m", "v"}


def test_a_loss_that_is_not_finite_makes_no_update_and_is_the_last() -> None:
    network = line()
    trainer = gn.Trainer(network, gn.MeanSquaredError(), gn.SGD(0.1, momentum=0.9))
    x = np.array([[1.0, 0], [1, 1], [1e200, 0], [1, 0]])
    examples = Examples({"input_1": x}, {"line": np.zeros((4, 1))})
    one_each = Batches(np.arange(4), 1)
    losses = trainer.runner.run(examples, one_each, level(0.1, 4), 0)
    after_three = bits(network)
    assert len(losses) == 3
    assert losses[-1] == np.inf
    again = gn.Trainer(line(), gn.MeanSquaredError(), gn.SGD(0.1, momentum=0.9))
    again.runner.run(examples, one_each[:2], level(0.1, 2), 0)
    assert bits(again.network) == after_three
    velocity = trainer.runner.state().slots["line.W"]["v"]
    assert np.array_equal(velocity, again.runner.state().slots["line.W"]["v"])


def test_the_rates_are_those_of_each_batch() -> None:
    network = line()
    trainer = gn.Trainer(network, gn.MeanSquaredError(), gn.SGD(99.0))
    examples = trainer.examples(([[1.0, 2.0]] * 2, [[-2.5]] * 2))
    trainer.runner.run(examples, Batches(np.arange(2), 1), np.array([0.1, 0.0]), 0)
    np.testing.assert_allclose(network.parameters()["line.W"], [[1.4], [-2.2]])


def test_the_optimizer_is_told_its_step() -> None:
    """Adam's corrections depend on it: the same by the optimiser's rule, called here by hand."""
    network, adam = line(), gn.Adam(0.1)
    x, t = np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([[-2.5], [1.0]])
    weights = {name: w.copy() for name, w in network.parameters().items()}
    slots = {name: adam.start(w) for name, w in weights.items()}
    by_hand = line()
    for step in (5, 6, 7):
        by_hand.load_parameters(weights)
        gradients = by_hand.run(x, t, gn.MeanSquaredError()).gradients
        for name, dw in gradients.items():
            weights[name], slots[name] = adam.moved(weights[name], dw, slots[name], 0.1, step)
    trainer = gn.Trainer(network, gn.MeanSquaredError(), adam)
    three = Batches(np.array([0, 1] * 3), 2)
    trainer.runner.run(trainer.examples((x, t)), three, level(0.1, 3), 4)
    for name, w in network.parameters().items():
        np.testing.assert_allclose(w, weights[name], rtol=1e-12)


def test_running_statistics_follow_the_batches() -> None:
    layers = [gn.BatchNorm(momentum=0.9, name="norm"), gn.Dense(3)]
    network = gn.Sequential(layers, input_shape=2, seed=0, dtype="float64")
    trainer = classifier(network, optimizer="sgd")
    x, t = rows()
    trainer.runner.run(trainer.examples((x, t)), Batches(np.arange(21), 21), level(0.1, 1), 0)
    running = network.buffers()
    np.testing.assert_allclose(running["norm.running_mean"], 0.1 * x.mean(axis=0))
    np.testing.assert_allclose(running["norm.running_var"], 0.9 + 0.1 * x.var(axis=0, ddof=1))
    before = bits(network)
    trainer.evaluate((x, t))
    assert bits(network) == before


def test_the_optimizer_is_given_plain_floats() -> None:
    """A NumPy float64 rate would turn float32 weights into float64 on the way."""
    kinds = set()

    class Noting(gn.SGD):
        def moved(self, w: Array, dw: Array, state: Any, rate: float, step: int) -> Any:
            kinds.add(type(rate))
            return super().moved(w, dw, state, rate, step)

    trainer = classifier(optimizer=Noting(0.1))
    trainer.runner.run(trainer.examples(rows()), batches(2), level(0.1, 2), 0)
    assert kinds == {float}


@pytest.mark.parametrize(
    ("broken", "came"),
    [
        (lambda w, v: {}, "{}"),  # noqa: ARG005
        (lambda w, v: {"v": v.astype(np.float64)}, "{'v': 'float64 of shape (2, 3)'}"),  # noqa: ARG005
        (lambda w, v: {"v": v.sum(axis=0)}, "{'v': 'float32 of shape (3,)'}"),  # noqa: ARG005
        (lambda w, v: {"v": w}, "{'v': 'float32 of shape (2, 3), which is w itself'}"),  # noqa: ARG005
    ],
)
def test_a_state_that_does_not_stay_as_it_began_is_named(broken: Any, came: str) -> None:
    class Broken(gn.SGD):
        def moved(self, w: Array, dw: Array, state: Any, rate: float, step: int) -> Any:
            moved, after = super().moved(w, dw, state, rate, step)
            return moved, broken(w, after["v"])

    layers = [gn.Dense(3, bias=False)]
    trainer = gn.Trainer(
        gn.Sequential(layers, input_shape=2, seed=0),
        gn.MeanSquaredError(),
        Broken(0.1, momentum=0.5),
    )
    with pytest.raises(gn.ShapeError) as error:
        quiet(trainer, (np.ones((2, 2)), np.ones((2, 3))), epochs=1)
    wanted = "dense_1.W is expected to keep the state {'v': 'float32 of shape (2, 3)'}"
    assert f".moved: {wanted}, got {came}." in str(error.value)


def test_outputs_are_those_of_the_network_as_it_is_now(monkeypatch: pytest.MonkeyPatch) -> None:
    network = restless()
    trainer = classifier(network)
    x, t = rows(50)
    examples = trainer.examples((x, t))
    quiet(trainer, (x, t), epochs=1)
    before = bits(network)
    for at_once in (4096, 7):
        monkeypatch.setattr(reference, "ROWS_AT_ONCE", at_once)
        ys = trainer.runner.outputs(examples)
        assert list(ys) == list(network.outputs)
        np.testing.assert_allclose(ys["dense_2"], network(x), rtol=1e-5)
    assert bits(network) == before
