"""ReduceOnPlateau: the rates, for figures that are made up."""

from __future__ import annotations

from typing import Any

import pytest

import glassnet as gn
from tests.training.callbacks.figures import scripted


@pytest.mark.parametrize(
    ("figures", "better", "settings", "rates"),
    [
        # The rate of an epoch is that with which it was trained: it falls in the epoch after.
        ([5, 6, 7, 8, 9, 9], "lower", {"patience": 2}, [0.8, 0.8, 0.8, 0.4, 0.4, 0.2]),
        ([5, 6, 4, 6, 6, 6], "lower", {"patience": 2}, [0.8, 0.8, 0.8, 0.8, 0.8, 0.4]),
        ([1, 2, 3, 3, 3, 3], "higher", {"patience": 1}, [0.8, 0.8, 0.8, 0.8, 0.4, 0.2]),
        ([1, 1.1, 1.2], "higher", {"patience": 1, "by": 0.5}, [0.8, 0.8, 0.4]),
        ([1] * 4, "lower", {"patience": 1, "factor": 0.1, "lowest": 0.05}, [0.8, 0.8, 0.08, 0.04]),
    ],
)
def test_the_rates(
    figures: list[float], better: str, settings: dict[str, Any], rates: list[float]
) -> None:
    reduce = gn.ReduceOnPlateau(monitor="validation_score", **settings)
    history, _, _ = scripted(figures, reduce, better=better, optimizer=gn.SGD(0.8))
    assert history["learning_rate"] == pytest.approx(rates)


def test_it_multiplies_a_schedule() -> None:
    reduce = gn.ReduceOnPlateau(1, monitor="validation_score")
    optimizer = gn.SGD(lambda step: 1 / (step + 1))
    history, _, _ = scripted([1, 1, 1], reduce, optimizer=optimizer)
    assert history["learning_rate"] == pytest.approx([1, 1 / 2, 1 / 6])


@pytest.mark.parametrize(
    "settings",
    [
        {"factor": 1.0},
        {"factor": 0.0},
        {"factor": "0.5"},
        {"patience": 0},
        {"patience": 1.5},
        {"lowest": 2},
    ],
)
def test_settings_that_cannot_be(settings: dict[str, Any]) -> None:
    with pytest.raises(gn.SettingError, match="ReduceOnPlateau expects"):
        gn.ReduceOnPlateau(**settings)
