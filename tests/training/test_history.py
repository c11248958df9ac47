"""History: figures over the epochs, and how people read them."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.training.history import describe

EPOCHS = [
    {"epoch": 1.0, "loss": 0.5, "validation_accuracy": 0.9, "seconds": 1.0},
    {"epoch": 2.0, "loss": 0.123456, "validation_accuracy": 0.972, "seconds": 1.0},
]


def test_a_figure_over_the_epochs_by_name() -> None:
    history = gn.History(EPOCHS)
    assert history["loss"] == [0.5, 0.123456]
    assert history.last is EPOCHS[-1]
    assert (len(history), list(history)) == (2, EPOCHS)
    with pytest.raises(gn.SettingError, match="Did you mean 'loss'"):
        history["los"]


def test_before_the_first_epoch_it_is_empty() -> None:
    history = gn.History()
    assert (len(history), history.last, history["loss"]) == (0, {}, [])
    assert repr(history) == "<History: 0 epochs>"


def test_it_reads_well() -> None:
    history = gn.History(EPOCHS, ended="finished")
    figures = "loss 0.1235  validation: accuracy 97.2 %"
    assert repr(history) == f"<History: 2 epochs, finished, {figures}>"


def test_shares_are_written_in_per_cent() -> None:
    figures = {"top-5": 0.5, "kind_f1": 1.0, "r2": 0.25, "learning_rate": 0.1, "epoch": 3.0}
    assert describe(figures) == "top-5 50.0 %  kind f1 100.0 %  r2 0.25"


def test_what_was_not_measured_in_every_epoch_is_not_a_number_there() -> None:
    history = gn.History([{"epoch": 1.0, "loss": 2.0}, *EPOCHS, {"epoch": 4.0, "loss": 0.1}])
    assert np.array_equal(
        history["validation_accuracy"], [np.nan, 0.9, 0.972, np.nan], equal_nan=True
    )
    assert history["loss"] == [2.0, 0.5, 0.123456, 0.1]
    with pytest.raises(gn.SettingError, match="Known: epoch, loss, validation_accuracy, seconds"):
        history["r2"]
