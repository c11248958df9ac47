"""Training that is left, by whatever: nothing that was learnt is lost."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.training.checkpoint import read_checkpoint
from tests.training.setups import Moments, bits, classifier, quiet, restless, rows

PLAN: dict[str, Any] = {"batch_size": 4}
"""21 rows make six batches an epoch."""


class Fails(gn.Callback):
    """Raises an error at one moment of one epoch, and steps through it batch by batch."""

    def __init__(self, at: str, epoch: int, error: BaseException) -> None:
        self.at, self.epoch, self.error = at, epoch, error

    def on_start(self, fit: Any) -> None:
        fit.pauses |= set(range(100))

    def _moment(self, at: str, fit: Any) -> None:
        if self.at == at and len(fit.history) == self.epoch:
            raise self.error

    def on_chunk(self, fit: Any, chunk: Any) -> None:
        if chunk.done == 3:
            self._moment("chunk", fit)

    def on_epoch(self, fit: Any, figures: Any) -> None:  # noqa: ARG002
        self._moment("epoch", fit)

    def after_epoch(self, fit: Any, figures: Any) -> None:  # noqa: ARG002
        self._moment("after", fit)

    def on_end(self, fit: Any) -> None:
        self._moment("end", fit)


@pytest.fixture
def never_stopped() -> gn.Trainer:
    trainer = classifier(restless(), optimizer=gn.Adam(0.05))
    callbacks = [gn.ReduceOnPlateau(1, by=0.1, monitor="loss"), gn.EarlyStopping(9, "loss")]
    quiet(trainer, rows(), until=5, callbacks=callbacks, **PLAN)
    return trainer


@pytest.mark.parametrize("error", [RuntimeError("mine"), OSError("full"), KeyboardInterrupt()])
@pytest.mark.parametrize("at", ["chunk", "epoch", "after"])
@pytest.mark.parametrize("first", [True, False])
def test_an_error_of_a_callback_leaves_what_training_goes_on_from(
    tmp_path: Path, never_stopped: gn.Trainer, at: str, error: BaseException, first: bool
) -> None:
    def callbacks() -> list[gn.Callback]:
        return [
            gn.Checkpoint(tmp_path / "kept", monitor="loss"),
            gn.ReduceOnPlateau(1, by=0.1, monitor="loss"),
            gn.EarlyStopping(9, "loss", restore=False),
            gn.JSONLog(tmp_path / "log.jsonl", steps=True),
        ]

    fails = Fails(at, 2, error)
    trainer = classifier(restless(), optimizer=gn.Adam(0.05))
    order = [fails, *callbacks()] if first else [*callbacks(), fails]
    with pytest.raises(type(error)) as caught:
        quiet(trainer, rows(), until=5, callbacks=order, **PLAN)
    assert caught.value is error
    history: gn.History = vars(error)["history"]
    assert (history.ended, len(history)) == ("error", 2)
    last = read_checkpoint(tmp_path / "kept" / "last.safetensors")
    assert (last.epoch, last.step) == ((2, 15) if at == "chunk" else (2, 12))
    assert bits(trainer.network) == {name: w.tobytes() for name, w in last.state.arrays.items()}
    again = classifier(restless(seed=9), optimizer=gn.Adam(0.05))
    again.resume(tmp_path / "kept" / "last.safetensors")
    quiet(again, rows(), until=5, callbacks=callbacks(), **PLAN)
    assert [one["loss"] for one in again.history] == never_stopped.history["loss"]
    assert [one["learning_rate"] for one in again.history] == never_stopped.history["learning_rate"]
    own, other = again.runner.state(), never_stopped.runner.state()
    for name, slots in own.slots.items():
        for slot, array in slots.items():
            assert array.tobytes() == other.slots[name][slot].tobytes()


def test_every_callback_is_told_though_one_fails() -> None:
    before, after = Moments(), Moments()
    failing = Moments("epoch", lambda fit: 1 / 0)  # noqa: ARG005
    with pytest.raises(ZeroDivisionError):
        quiet(classifier(), rows(), callbacks=[before, failing, after])
    assert before.seen == after.seen == ["start", "chunk", "epoch", "end"]


def test_an_error_at_the_end_leaves_the_network_and_the_history() -> None:
    network = restless()
    fails = Fails("end", 2, RuntimeError("mine"))
    with pytest.raises(RuntimeError) as caught:
        quiet(classifier(network), rows(), epochs=2, callbacks=[fails])
    assert vars(caught.value)["history"].ended == "finished"
    assert bits(network) != bits(restless())


@pytest.mark.parametrize("error", [MemoryError(), KeyboardInterrupt()])
def test_a_chunk_that_is_broken_off_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    trainer, note = classifier(engine="numpy"), []
    run = trainer.runner.run

    def broken(*asked: Any) -> Any:
        losses = run(*asked)
        if trainer.step == 8:
            for w in trainer.network.arrays().values():
                w += 1
            raise error
        note.append(bits(trainer.network))
        return losses

    monkeypatch.setattr(trainer.runner, "run", broken)
    fails, keep = Fails("", 0, error), gn.Checkpoint(tmp_path)
    with pytest.raises(type(error)):
        quiet(trainer, rows(), epochs=3, callbacks=[fails, keep], **PLAN)
    assert (trainer.step, len(note)) == (8, 8)
    assert bits(trainer.network) == note[-1]
    last = read_checkpoint(keep.last)
    assert (last.step, last.met) == (8, 8)


def test_measuring_that_fails_leaves_the_whole_epoch_to_go_on_from(tmp_path: Path) -> None:
    class Breaks(gn.Metric):
        name, better = "breaks", "higher"
        broken = True

        def __call__(self, *_: Any) -> float:
            if trainer.epoch == 2 and Breaks.broken:
                raise MemoryError
            return 1.0

    trainer, keep = classifier(metrics=Breaks()), gn.Checkpoint(tmp_path)
    with pytest.raises(MemoryError):
        quiet(trainer, rows(), until=4, callbacks=[keep], **PLAN)
    Breaks.broken = False
    again, never_stopped = classifier(metrics=Breaks()), classifier(metrics=Breaks())
    again.resume(keep.last)
    assert (again.epoch, again.step, again.met) == (2, 18, 21)
    for one in (again, never_stopped):
        quiet(one, rows(), until=4, callbacks=[], **PLAN)
    assert again.history["loss"] == never_stopped.history["loss"]
    assert bits(again.network) == bits(never_stopped.network)


def test_until_is_how_many_epochs_there_are_to_be() -> None:
    trainer = classifier()
    assert quiet(trainer, rows(), until=3)["epoch"] == [1, 2, 3]
    assert quiet(trainer, rows(), until=5)["epoch"] == [4, 5]
    done = quiet(trainer, rows(), until=5, callbacks=[note := Moments()])
    assert (len(done), done.ended, note.seen) == (0, "finished", ["start", "end"])
    with pytest.raises(gn.SettingError, match="until is a whole number from 1, got 0"):
        quiet(trainer, rows(), until=0)


class Gone(io.StringIO):
    """A standard error stream that nobody reads any more."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal

    def write(self, text: str) -> int:  # noqa: ARG002
        raise OSError(5, "Input/output error")


@pytest.mark.parametrize("terminal", [True, False])
def test_what_cannot_be_shown_does_not_end_training(
    monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    monkeypatch.setattr(sys, "stderr", Gone(terminal))
    stop = gn.EarlyStopping(1, "loss", by=10)
    history = classifier().fit(rows(), epochs=5, callbacks=[stop, gn.Doctor(every=1)])
    assert history.ended == "loss was best in epoch 1"
    assert np.isfinite(history["loss"]).all()
