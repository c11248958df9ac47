"""Ctrl-C, sent for real: the first ends training cleanly, the second insists."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.training import trainer as trainer_module
from glassnet.training.checkpoint import read_checkpoint
from glassnet.training.interrupt import held_back, on_interrupt, uninterrupted
from tests.training.setups import Moments, bits, classifier, quiet, restless, rows


def send(times: int = 1) -> Any:
    for _ in range(times):
        os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture(autouse=True)
def handler() -> Any:
    """Python's own handler, which has to be back in its place after the test."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    now = signal.signal(signal.SIGINT, before)
    assert now is signal.default_int_handler


def interrupt_in_epoch(epoch: int, times: int = 1) -> Moments:
    def act(fit: Any) -> None:
        if len(fit.history) == epoch - 1:
            send(times)

    return Moments("chunk", act)


def test_the_first_ends_training_with_history_and_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer_module, "_adapt", lambda chunk, seconds: chunk)  # noqa: ARG005
    network = restless()
    trainer = classifier(network)
    note = interrupt_in_epoch(3)
    history = quiet(trainer, rows(), epochs=1000, batch_size=4, callbacks=[note])
    assert history.ended == "interrupted"
    assert history["epoch"] == [1, 2]
    assert note.seen[-2:] == ["chunk", "end"]
    assert all(np.isfinite(w).all() for w in network.arrays().values())
    assert bits(network) != bits(restless())
    assert trainer.step == 13  # two epochs of six batches, and the one after which it came


def test_between_epochs_it_is_heard_too(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = classifier()
    batches = trainer._batches
    monkeypatch.setattr(trainer, "_batches", lambda *plan: send() or batches(*plan))
    history = quiet(trainer, rows(), epochs=1000)
    assert (history.ended, len(history), trainer.step) == ("interrupted", 0, 0)


def test_training_can_go_on_afterwards() -> None:
    trainer = classifier()
    quiet(trainer, rows(), epochs=1000, callbacks=[interrupt_in_epoch(2)])
    history = quiet(trainer, rows(), epochs=2)
    assert history["epoch"] == [2, 3]
    assert history.ended == "finished"


def test_in_the_midst_of_measuring_the_epoch_still_counts() -> None:
    class Slow(gn.Metric):
        name = "slow"
        better = "higher"

        def __call__(self, *_: Any) -> float:
            if trainer.step:
                send()
            return 1.0

    trainer = classifier(metrics=Slow())
    history = quiet(trainer, rows(), epochs=1000)
    assert history.ended == "interrupted"
    assert history["slow"] == [1.0]


def test_the_second_insists() -> None:
    note = interrupt_in_epoch(2, times=2)
    after = Moments()
    with pytest.raises(KeyboardInterrupt):
        quiet(classifier(), rows(), epochs=1000, callbacks=[note, after])
    assert note.seen[-1] == after.seen[-1] == "end"


SCRIPT = """
import glassnet as gn
from tests.training.setups import Moments, classifier, quiet, rows

def tell(fit):
    if len(fit.history) == 3:
        print("running", flush=True)

history = quiet(classifier(), rows(), epochs=10**9, callbacks=[Moments("epoch", tell)])
print(history.ended, len(history) >= 3)
"""


def test_from_outside() -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", SCRIPT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "interrupted True\n"
    assert process.returncode == 0


def test_in_another_thread_training_runs_as_it_is() -> None:
    ended: list[str] = []

    def train() -> None:
        ended.append(quiet(classifier(), rows(), epochs=2).ended)

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert ended == ["finished"]


def test_a_handler_of_ones_own_hears_the_second(handler: None) -> None:  # noqa: ARG001
    heard: list[str] = []
    signal.signal(signal.SIGINT, lambda *_: heard.append("own"))
    with on_interrupt(lambda: heard.append("request")):
        send(2)
    send()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    assert heard == ["request", "own", "own"]


def test_where_interrupts_are_ignored_they_stay_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with on_interrupt(lambda: pytest.fail("an ignored signal is no request")):
        send()
    assert signal.signal(signal.SIGINT, signal.default_int_handler) is signal.SIG_IGN


@pytest.fixture
def note() -> Any:
    """What a program's own handlers of SIGTERM and SIGHUP hear."""
    heard: list[int] = []
    before = {}
    for signum in (signal.SIGTERM, signal.SIGHUP):
        before[signum] = signal.signal(signum, lambda signum, _: heard.append(signum))
    yield heard
    for signum, handler in before.items():
        signal.signal(signum, handler)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP])
def test_other_requests_end_training_and_then_have_their_effect(
    note: list[Any], signum: signal.Signals
) -> None:
    ends: list[list[Any]] = []

    def act(fit: Any) -> None:
        if len(fit.history) == 2:
            for _ in range(3):  # a terminal that goes away tells it more than once
                os.kill(os.getpid(), signum)

    end = Moments("end", lambda fit: ends.append([*note, fit.stopped]))
    history = quiet(classifier(), rows(), epochs=1000, callbacks=[Moments("chunk", act), end])
    assert (history.ended, len(history)) == ("interrupted", 2)
    assert ends == [["interrupted"]]
    assert note == [signum]


def test_what_comes_before_a_held_back_training_ends_it(note: list[Any]) -> None:
    with held_back() as came:
        os.kill(os.getpid(), signal.SIGTERM)
        assert quiet(classifier(), rows(), epochs=1000).ended == "interrupted"
    assert (came, note) == ([signal.SIGTERM], [])


def test_what_comes_while_something_is_made_whole_comes_after_it(note: list[Any]) -> None:
    done: list[Any] = []

    def make() -> None:
        with uninterrupted():
            send(2)
            os.kill(os.getpid(), signal.SIGTERM)
            done.append(list(note))

    with pytest.raises(KeyboardInterrupt):
        make()
    assert done == [[]]


DYING = """
import os, signal, sys
from pathlib import Path
import glassnet as gn
from tests.training.setups import Moments, classifier, quiet, rows

act = Moments("epoch", lambda fit: len(fit.history) == 3 and os.kill(os.getpid(), signal.SIGTERM))
quiet(classifier(), rows(), epochs=10**9, callbacks=[act, gn.Checkpoint(sys.argv[1])])
"""


def test_a_program_without_handlers_keeps_its_checkpoint_and_dies_by_the_signal(
    tmp_path: Path,
) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", DYING, str(tmp_path)]
    assert subprocess.run(command, cwd=root, check=False).returncode == -signal.SIGTERM
    assert [path.name for path in sorted(tmp_path.iterdir())] == [
        "best.safetensors",
        "last.safetensors",
    ]
    assert read_checkpoint(tmp_path / "last.safetensors").epoch == 3
