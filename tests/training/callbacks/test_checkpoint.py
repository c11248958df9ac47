"""Checkpoint: what lies on the disk when, and that training goes on from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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
