"""Checkpoint: what lies on the disk when, and that training goes on from it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.training.checkpoint import read_checkpoint
from tests.training.callbacks.figures import Scripted, scripted
from tests.training.setups import Moments, bits, classifier, quiet, restless, rows


def epochs(folder: Path) -> tuple[int, int]:
    last, best = (read_checkpoint(folder / f"{name}.safetensors") for name in ("last", "best"))
    return last.epoch, best.epoch


def test_the_last_and_the_best(tmp_path: Path) -> None:
    keep = gn.Checkpoint(tmp_path / "runs", monitor="validation_score")
    scripted([1, 3, 2, 0], keep)
    assert epochs(tmp_path / "runs") == (4, 2)
    assert read_checkpoint(keep.last).history["validation_score"] == [1, 3, 2, 0]
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == [
        "best.safetensors",
        "last.safetensors",
    ]


class After(gn.Callback):
    """Looks when every callback before it has seen an epoch and kept what it keeps."""

    def __init__(self, look: Any) -> None:
        self.look = look

    def after_epoch(self, fit: Any, figures: Any) -> None:  # noqa: ARG002
        self.look(fit)


def test_every_so_many_and_at_the_end(tmp_path: Path) -> None:
    seen: list[int] = []
    keep = gn.Checkpoint(tmp_path, every=2, monitor="validation_score")

    def look(fit: Any) -> None:  # noqa: ARG001
        seen.append(read_checkpoint(keep.last).epoch if keep.last.exists() else 0)

    scripted([1] * 5, keep, After(look))
    assert seen == [0, 2, 2, 4, 4]
    assert epochs(tmp_path) == (5, 1)


def test_without_validation_the_loss_says_what_is_best(tmp_path: Path) -> None:
    history = quiet(classifier(), rows(), epochs=3, callbacks=[gn.Checkpoint(tmp_path)])
    best = min(range(3), key=lambda i: history["loss"][i]) + 1
    assert epochs(tmp_path) == (3, best)


@pytest.mark.parametrize("ends", ["early", "interrupted", "diverges"])
@pytest.mark.parametrize("first", [True, False])
def test_however_training_ends_it_goes_on_as_if_it_had_not(
    tmp_path: Path, ends: str, first: bool
) -> None:
    """`last` is written at the end, but holds what was there when its epoch ended."""

    def act(fit: Any) -> None:
        if len(fit.history) == 3:
            if ends == "diverges":
                fit.network.parameters()["dense_1.W"][...] = float("nan")
            else:
                fit.stop("interrupted", now=True)

    keep = gn.Checkpoint(tmp_path, every=100)
    end = gn.EarlyStopping(2, by=1e9) if ends == "early" else Moments("chunk", act)
    each_step = Moments("start", lambda fit: fit.pauses.update(range(99)))
    order = [each_step, keep, end] if first else [each_step, end, keep]
    try:
        plan: dict[str, Any] = {"validation": rows(), "epochs": 9, "batch_size": 4}
        quiet(classifier(), rows(), callbacks=order, **plan)
    except gn.DivergenceError:
        assert ends == "diverges"
    network, never_stopped = restless(), restless()
    again = classifier(network)
    again.resume(keep.last)
    assert again.epoch == 3
    quiet(again, rows(), epochs=2, batch_size=4)
    quiet(classifier(never_stopped), rows(), epochs=5, batch_size=4)
    assert bits(network) == bits(never_stopped)


def test_a_training_that_goes_on_keeps_the_best_so_far(tmp_path: Path) -> None:
    plan: dict[str, Any] = {"validation": rows(), "train_metrics": False}
    first = classifier(metrics=Scripted([1, 5]))
    keep = gn.Checkpoint(tmp_path, monitor="validation_score")
    quiet(first, rows(), epochs=2, callbacks=[keep], **plan)
    again = classifier(metrics=Scripted([4, 6]))
    again.resume(keep.last)
    seen: list[int] = []
    look = After(lambda fit: seen.append(epochs(tmp_path)[1]))  # noqa: ARG005
    keep = gn.Checkpoint(tmp_path, monitor="validation_score")
    quiet(again, rows(), epochs=2, callbacks=[keep, look], **plan)
    assert seen == [2, 4]


def test_a_training_that_begins_anew_begins_anew(tmp_path: Path) -> None:
    for figures in ([1, 5], [4, 3]):
        scripted(figures, gn.Checkpoint(tmp_path, monitor="validation_score"))
    assert epochs(tmp_path) == (2, 1)


def test_what_it_cannot_do(tmp_path: Path) -> None:
    with pytest.raises(gn.SettingError, match="every, a whole number of 1 or more, got 0"):
        gn.Checkpoint(tmp_path, every=0)
    (tmp_path / "file").write_text("")
    with pytest.raises(gn.FileError, match=r"Cannot write to .*file: File exists"):
        quiet(classifier(), rows(), callbacks=[gn.Checkpoint(tmp_path / "file")])


def bytes_in(folder: Path) -> dict[str, bytes]:
    return {name: (folder / f"{name}.safetensors").read_bytes() for name in ("last", "best")}


def test_files_of_another_training_are_moved_aside(tmp_path: Path) -> None:
    earlier = []
    for _ in range(3):
        quiet(classifier(), rows(), epochs=2, callbacks=[gn.Checkpoint(tmp_path)])
        earlier.append(bytes_in(tmp_path))
    assert [bytes_in(tmp_path / f"earlier-{k}") for k in (1, 2)] == earlier[:2]
    assert not (tmp_path / "earlier-3").exists()


def test_a_training_that_goes_on_where_its_files_are_moves_nothing(tmp_path: Path) -> None:
    trainer = classifier()
    for _ in range(2):
        quiet(trainer, rows(), epochs=2, callbacks=[gn.Checkpoint(tmp_path)])
    again = classifier()
    again.resume(tmp_path / "last.safetensors")
    quiet(again, rows(), epochs=1, callbacks=[gn.Checkpoint(tmp_path)])
    assert epochs(tmp_path)[0] == 5
    assert len(list(tmp_path.iterdir())) == 2


def test_one_that_goes_on_from_an_earlier_moment_loses_nothing_of_the_later(tmp_path: Path) -> None:
    plan: dict[str, Any] = {"validation": rows(), "train_metrics": False}
    keep = gn.Checkpoint(tmp_path, monitor="validation_score")
    quiet(classifier(metrics=Scripted([1, 5, 2, 3])), rows(), epochs=4, callbacks=[keep], **plan)
    later = bytes_in(tmp_path)
    again = classifier(metrics=Scripted([4]))
    again.resume(keep.best)
    quiet(again, rows(), epochs=1, callbacks=[keep], **plan)
    assert bytes_in(tmp_path / "earlier-1") == later
    assert epochs(tmp_path) == (3, 2)
    assert keep.best.read_bytes() == later["best"]


def test_what_cannot_be_read_is_moved_aside_too(tmp_path: Path) -> None:
    (tmp_path / "last.safetensors").write_text("mine")
    quiet(classifier(), rows(), epochs=1, callbacks=[gn.Checkpoint(tmp_path)])
    assert (tmp_path / "earlier-1" / "last.safetensors").read_text() == "mine"


def test_two_trainings_do_not_write_to_one_folder(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text("whole")

    def second(fit: Any) -> None:  # noqa: ARG001
        callbacks = [gn.JSONLog(tmp_path / "log.jsonl"), gn.Checkpoint(tmp_path)]
        with pytest.raises(gn.FileError, match=f"by another training, process {os.getpid()} on "):
            quiet(classifier(), rows(), callbacks=callbacks)

    look = Moments("epoch", second)
    quiet(classifier(), rows(), epochs=1, callbacks=[gn.Checkpoint(tmp_path), look])
    assert (tmp_path / "log.jsonl").read_text() == "whole"
    assert epochs(tmp_path) == (1, 1)


def test_what_it_is_about_is_in_both_files(tmp_path: Path) -> None:
    quiet(classifier(), rows(), epochs=1, callbacks=[gn.Checkpoint(tmp_path, about={"by": "me"})])
    for name in ("last", "best"):
        assert read_checkpoint(tmp_path / f"{name}.safetensors").about == {"by": "me"}


class Counts(gn.Callback):
    """Counts epochs, and remembers how many; stands for a callback of one's own."""

    def __init__(self) -> None:
        self.count = 0

    def on_epoch(self, fit: Any, figures: Any) -> None:  # noqa: ARG002
        self.count += 1

    def memory(self) -> Any:
        return {"count": self.count, "twice": np.array([2.0 * self.count])}

    def recall(self, fit: Any, memory: Any) -> None:  # noqa: ARG002
        assert memory["twice"].tolist() == [2 * memory["count"]]
        self.count = memory["count"]


@pytest.mark.parametrize("first", [True, False])
def test_callbacks_remember_whatever_their_order(tmp_path: Path, first: bool) -> None:
    plan: dict[str, Any] = {"validation": rows(), "train_metrics": False, "batch_size": 4}
    scores = [5.0, 4, 3, 6, 2, 1, 1, 1, 1, 1]

    def callbacks() -> list[gn.Callback]:
        watching = {"monitor": "validation_score"}
        others = [
            gn.EarlyStopping(patience=3, **watching),  # type: ignore[arg-type]
            gn.ReduceOnPlateau(patience=2, **watching),  # type: ignore[arg-type]
            Counts(), Counts(),
        ]  # fmt: skip
        keep = gn.Checkpoint(tmp_path, **watching)  # type: ignore[arg-type]
        return [keep, *others] if first else [*others, keep]

    network = restless()
    never_stopped = classifier(network, metrics=Scripted(scores))
    history = quiet(never_stopped, rows(), until=9, callbacks=callbacks(), **plan)
    assert history.ended == "validation_score was best in epoch 4"
    assert len(history) == 7
    for stopped in range(1, 8):
        trainer = classifier(metrics=Scripted(scores))
        quiet(trainer, rows(), until=stopped, callbacks=callbacks(), **plan)
        again = classifier(restless(seed=9), metrics=Scripted(scores[stopped:]))
        again.resume(tmp_path / "last.safetensors")
        going_on = callbacks()
        rest = quiet(again, rows(), until=9, callbacks=going_on, **plan)
        assert rest.ended == history.ended
        assert again.history["learning_rate"] == history["learning_rate"]
        assert bits(again.network) == bits(network)
        assert epochs(tmp_path) == (7, 4)
        assert [one.count for one in going_on if isinstance(one, Counts)] == [7, 7]
