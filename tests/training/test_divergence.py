"""A loss that stops being a number: where, why, and with which weights one goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.data import Batches
from glassnet.optim import Rate
from glassnet.training import trainer as trainer_module
from glassnet.types import Array
from tests.training.setups import Moments, bits, line, quiet, rows, values

PLAN: dict[str, Any] = {"epochs": 4, "batch_size": 7}  # three batches an epoch


@dataclass(eq=False)
class NotANumberAt(gn.Layer):
    """Passes rows on until training has made so many updates; then gives NaN."""

    updates: int = 0

    def forward(self, x: Array, frame: gn.Frame) -> Array:
        return x * np.nan if frame.training and frame.source[1] == self.updates else x

    def backward(self, dy: Array, frame: gn.Frame) -> Array:  # noqa: ARG002
        return dy


@pytest.fixture(params=[1, 2, 100])
def together(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many batches run at once."""
    monkeypatch.setattr(trainer_module, "_adapt", lambda chunk, seconds: chunk)  # noqa: ARG005
    return int(request.param)


def poisoned(updates: int, together: int, rate: Rate = 0.01) -> gn.Trainer:
    layers = [gn.Dense(4), gn.BatchNorm(), NotANumberAt(updates), gn.Dropout(0.2), gn.Dense(3)]
    network = gn.Sequential(layers, input_shape=2, seed=0)
    trainer = gn.Trainer(network, gn.SoftmaxCrossEntropy(), gn.Adam(rate))
    trainer._chunk = together
    return trainer


@pytest.mark.parametrize("made", range(8))
def test_the_weights_are_those_before_the_last_update(made: int, together: int) -> None:
    trainer = poisoned(made, together)
    with pytest.raises(gn.DivergenceError) as caught:
        quiet(trainer, rows(), **PLAN)
    kept = max(made - 1, 0)
    same = poisoned(999, together)
    batches = Batches(np.concatenate([_epoch(same, e).order for e in range(4)]), 7)[:kept]
    same.runner.run(same.examples(rows()), batches, np.full(kept, 0.01), 0)
    assert bits(trainer.network) == bits(same.network)
    for name, slots in trainer.runner.state().slots.items():
        for slot, array in slots.items():
            assert np.array_equal(array, same.runner.state().slots[name][slot])
    assert trainer.step == kept
    error = caught.value
    assert (error.step, error.layer) == (made + 1, "notanumberat_1")
    assert f"Training stopped at step {made + 1}: the loss became nan." in str(error)
    assert f"The weights after step {kept} were kept." in str(error)
    assert "the output of notanumberat_1, NotANumberAt(" in str(error)
    assert "smaller learning rate (it was 0.01)" in str(error)
    assert len(error.history) == trainer.epoch == made // 3
    assert error.history.ended == "diverged"


def _epoch(trainer: gn.Trainer, epoch: int) -> Batches:
    trainer.epoch = epoch
    return trainer._batches(21, 7, shuffle=True)


def test_too_large_a_rate_is_found_and_a_smaller_one_goes_on(together: int) -> None:
    network = line("float32")
    trainer = gn.Trainer(network, gn.MeanSquaredError(), gn.SGD(1e6))
    trainer._chunk = together
    with pytest.raises(gn.DivergenceError, match="learning rate") as caught:
        quiet(trainer, values(), **PLAN)
    assert caught.value.step > 1
    assert all(np.isfinite(w).all() for w in network.arrays().values())
    network.load_parameters(line().parameters())
    again = gn.Trainer(network, gn.MeanSquaredError(), gn.SGD(0.05))
    history = quiet(again, values(), **PLAN)
    assert history.last["loss"] < history["loss"][0]


def test_a_weight_that_leaves_all_bounds_in_an_epochs_last_update_is_noticed() -> None:
    network = line("float32")
    before = bits(network)
    noted = Moments()
    trainer = gn.Trainer(network, gn.MeanSquaredError(), gn.SGD(1e38))
    with pytest.raises(gn.DivergenceError) as caught:
        quiet(trainer, ([[1.0, 2.0]], [[-25.0]]), epochs=1, callbacks=[noted])
    error = caught.value
    assert (error.step, error.layer) == (1, "line")
    assert "step 1: it left weights that are no numbers" in str(error)
    assert "The first that is not finite is line.W." in str(error)
    assert "The weights after step 0 were kept." in str(error)
    assert bits(network) == before
    assert (trainer.epoch, trainer.step, len(error.history)) == (0, 0, 0)
    assert noted.seen == ["start", "end"]  # nobody is shown what is no number


def test_a_weight_that_is_not_finite_is_named_before_what_it_leads_to() -> None:
    network = line("float32")
    trainer = gn.Trainer(network, gn.MeanSquaredError(), gn.SGD(1e38))
    trainer._chunk = 2
    two = ([[1.0, 2.0]] * 2, [[-25.0]] * 2)
    with pytest.raises(gn.DivergenceError, match=r"not finite is line\.W") as caught:
        quiet(trainer, two, epochs=1, batch_size=1)
    assert caught.value.step == 2
    assert trainer.step == 0


def test_outputs_that_are_only_too_large_for_the_loss_are_told_apart() -> None:
    trainer = gn.Trainer(line("float32"), gn.MeanSquaredError())
    with pytest.raises(gn.DivergenceError, match="too large for the loss") as caught:
        quiet(trainer, ([[1e30, 0]], [[0.0]]), epochs=1)
    assert caught.value.layer == ""


def test_the_rate_that_the_error_names_is_that_of_the_last_update(together: int) -> None:
    trainer = poisoned(4, together, rate=lambda step: 0.01 * (step + 1))
    with pytest.raises(gn.DivergenceError, match=r"it was 0\.04"):
        quiet(trainer, rows(), **PLAN)


def test_a_plateau_shows_in_the_rate_that_the_error_names() -> None:
    trainer = poisoned(4, together=1)

    def halve(fit: Any) -> None:
        fit.rate_factor = 0.5

    with pytest.raises(gn.DivergenceError, match=r"it was 0\.005"):
        quiet(trainer, rows(), callbacks=[Moments("epoch", halve)], **PLAN)


def test_the_error_can_be_caught_as_one_of_arithmetic() -> None:
    with pytest.raises(ArithmeticError):
        quiet(poisoned(0, together=1), rows(), **PLAN)
