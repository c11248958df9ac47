"""Measuring a whole set."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from tests.training.setups import classifier, line, plain, rows, values


def test_dropout_and_batch_statistics_are_off() -> None:
    trainer = classifier()
    assert trainer.evaluate(rows()) == trainer.evaluate(rows())
    x, t = rows()
    assert trainer.evaluate((x[:1], t[:1]))["loss"] > 0


def test_rows_weigh_what_they_are_given() -> None:
    trainer = gn.Trainer(plain(), gn.MeanSquaredError(), metrics=["mae"])
    x, t = values(4)
    twice = trainer.evaluate((x[[0, 0, 3]], t[[0, 0, 3]]))
    assert trainer.evaluate((x, t), sample_weight=[2, 0, 0, 1]) == pytest.approx(twice)


def test_what_is_too_large_shows_in_the_figures() -> None:
    trainer = gn.Trainer(line("float32"), gn.MeanSquaredError())
    assert trainer.evaluate(([[1e38, -1e38]], [[0.0]]))["loss"] == np.inf


def test_figures_are_plain_floats() -> None:
    class Own(gn.Metric):
        name = "own"
        better = "lower"

        def __call__(self, y: object, t: object, weights: object = None) -> float:  # noqa: ARG002
            return np.float32(0.5)  # type: ignore[return-value]

    figures = classifier(metrics=[Own(), "accuracy"]).evaluate(rows())
    assert {type(value) for value in figures.values()} == {float}
