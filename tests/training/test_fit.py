"""Fit: what can be watched, what is better, and who is told."""

from __future__ import annotations

from typing import Any

import pytest

import glassnet as gn
from tests.training.setups import Moments, classifier, quiet, rows


def begin(**settings: Any) -> Any:
    """Return the Fit of a short training."""
    fits: list[Any] = []
    x, t = rows()
    trainer = classifier(metrics=["accuracy"])
    note = Moments("start", fits.append)
    quiet(trainer, (x, t), epochs=1, callbacks=[note], **settings)
    return fits[0]


def test_every_figure_can_be_watched() -> None:
    fit = begin(validation=rows())
    names = ["loss", "accuracy", "validation_loss", "validation_accuracy"]
    assert list(fit.better) == names
    assert list(fit.better.values()) == ["lower", "higher"] * 2
    assert [fit.watch(name) for name in names] == names


def test_what_is_not_measured_cannot() -> None:
    with pytest.raises(gn.SettingError, match=r"without validation data.*validation=data\.validat"):
        begin().watch("validation_loss")
    with pytest.raises(gn.SettingError, match=r"no figure 'validation_acuracy'\. Did you mean"):
        begin(validation=rows()).watch("validation_acuracy")


NAN = float("nan")


@pytest.mark.parametrize(
    ("monitor", "before", "now", "by", "improved"),
    [
        ("loss", None, 0.5, 0.0, True),
        ("loss", 0.5, 0.4, 0.0, True),
        ("loss", 0.5, 0.5, 0.0, False),
        ("loss", 0.5, 0.4, 0.2, False),
        ("accuracy", 0.5, 0.6, 0.0, True),
        ("accuracy", 0.5, 0.4, 0.0, False),
        ("loss", 0.5, NAN, 0.0, False),
        ("loss", NAN, 0.5, 0.0, True),
        ("loss", NAN, NAN, 0.0, False),
        ("loss", None, NAN, 0.0, True),
    ],
)
def test_better_is_what_the_figure_says(
    monitor: str, before: float | None, now: float, by: float, improved: bool
) -> None:
    fit = begin()
    fit.history.epochs.append({"epoch": 2, monitor: now})
    assert fit.improved(monitor, before, by) is improved


def test_the_first_reason_to_stop_is_kept() -> None:
    fit = begin()
    fit.stop("one")
    fit.stop("two", now=True)
    assert (fit.stopped, fit.now) == ("one", True)


@pytest.mark.parametrize("at", ["start", "chunk", "epoch", "end"])
def test_a_callback_that_fails_leaves_no_other_open(at: str) -> None:
    def fail(fit: Any) -> None:  # noqa: ARG001
        raise RuntimeError("mine")

    before, failing, after = Moments(), Moments(at, fail), Moments()
    with pytest.raises(RuntimeError, match="mine"):
        quiet(classifier(), rows(), epochs=2, callbacks=[before, failing, after])
    assert before.seen[-1] == failing.seen[-1] == "end"
    assert ("end" in after.seen) == ("start" in after.seen) == (at != "start")


def test_moments_come_in_order() -> None:
    note = Moments()
    quiet(classifier(), rows(), epochs=2, batch_size=21, callbacks=[note])
    assert note.seen == ["start", "chunk", "epoch", "chunk", "epoch", "end"]


def test_stopping_now_leaves_the_epoch_out() -> None:
    history = quiet(
        classifier(),
        rows(),
        epochs=9,
        callbacks=[Moments("chunk", lambda fit: fit.stop("enough", now=True))],
    )
    assert (len(history), history.ended) == (0, "enough")
