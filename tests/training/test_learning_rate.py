"""The learning-rate finder: a useful rate, and no trace left."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.types import Array
from tests.training.setups import bits, classifier, line, quiet, restless, rows


@pytest.fixture(scope="module")
def digits() -> gn.Dataset:
    return gn.datasets.load("digits")


def digits_trainer(rate: float) -> gn.Trainer:
    layers = [gn.Dense(32), gn.ReLU(), gn.Dense(10)]
    return classifier(
        gn.Sequential(layers, input_shape=64, seed=0), optimizer=gn.Adam(rate), metrics="accuracy"
    )


def test_the_suggestion_trains_well(digits: gn.Dataset) -> None:
    found = gn.find_learning_rate(digits_trainer(1e-3), digits.train)
    assert 1e-3 < found.suggestion < 0.1
    assert found.suggestion == found.rates[int(np.argmin(found.losses))] / 10
    assert len(found.rates) == len(found.losses)
    assert np.all(np.diff(found.rates) > 0)
    trainer = digits_trainer(found.suggestion)
    quiet(trainer, digits.train, epochs=5)
    assert trainer.evaluate(digits.test)["accuracy"] > 0.93


def everything(trainer: gn.Trainer) -> Any:
    slots = trainer.runner.state().slots
    state = {f"{name}/{slot}": a.tobytes() for name, s in slots.items() for slot, a in s.items()}
    return bits(trainer.network), state, trainer.step, trainer.epoch


def test_it_leaves_no_trace() -> None:
    trainer = classifier(restless())
    quiet(trainer, rows(), epochs=2)
    before = everything(trainer)
    gn.find_learning_rate(trainer, rows(), batch_size=4, steps=40)
    assert everything(trainer) == before


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_it_leaves_no_trace_when_it_is_broken_off(error: type[BaseException]) -> None:
    class Breaks(gn.Layer):
        calls = 0

        def forward(self, x: Array, frame: gn.Frame) -> Array:  # noqa: ARG002
            self.calls += 1
            if self.calls == 7:
                raise error
            return x

        def backward(self, dy: Array, frame: gn.Frame) -> Array:  # noqa: ARG002
            return dy

    layers = [gn.Dense(4), gn.BatchNorm(), Breaks(), gn.Dense(3)]
    trainer = classifier(gn.Sequential(layers, input_shape=2, seed=0))
    before = everything(trainer)
    with pytest.raises(error):
        gn.find_learning_rate(trainer, rows())
    assert everything(trainer) == before


def test_it_stops_where_the_loss_explodes() -> None:
    trainer = gn.Trainer(line(), gn.MeanSquaredError(), gn.SGD(0.1))
    x, t = rows(40)
    found = gn.find_learning_rate(trainer, (x, t[:, None]), batch_size=8)
    assert found.rates[-1] < 10
    assert found.suggestion < found.rates[-1]
    assert found.losses[-1] > 4 * min(found.losses) or found.losses[-1] > found.losses[0]


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"lowest": 0.0}, gn.SettingError, "0 < lowest < highest"),
        ({"lowest": 1.0, "highest": 0.1}, gn.SettingError, "got 1.0 and 0.1"),
        ({"steps": 5}, gn.SettingError, "10 steps or more, got 5"),
        ({"batch_size": 0}, gn.SettingError, "batch_size is a whole number"),
        ({"batch_size": 22}, gn.DataError, "larger than the data"),
    ],
)
def test_settings_that_cannot_be(
    settings: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        gn.find_learning_rate(classifier(), rows(), **settings)


def test_data_on_which_every_rate_is_too_large() -> None:
    trainer = gn.Trainer(line(), gn.MeanSquaredError(), gn.SGD(0.1))
    with pytest.raises(gn.DataError, match=r"after \d batches, from the rate 1\.0 on"):
        gn.find_learning_rate(trainer, ([[1e9, 1e9]], [[0.0]]), lowest=1.0)


def test_a_loss_that_is_none_before_the_first_step() -> None:
    trainer = classifier()
    trainer.network.arrays()[next(iter(trainer.network.arrays()))][...] = np.nan
    with pytest.raises(gn.DataError, match=r"nan before the first step: gn\.diagnose"):
        gn.find_learning_rate(trainer, rows())


def test_a_curve_that_still_falls_at_its_end_is_not_taken_by_its_lowest_point() -> None:
    layers = [gn.Dense(32), gn.ReLU(), gn.Dense(3)]
    trainer = classifier(gn.Sequential(layers, input_shape=13, seed=0), optimizer=gn.Adam())
    found = gn.find_learning_rate(trainer, gn.datasets.load("wine").train)
    assert int(np.argmin(found.losses)) == len(found.losses) - 1
    assert 1e-4 < found.suggestion < 0.1
