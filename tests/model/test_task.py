"""Task: what a model was taught is what training did, and is told by its provenance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.model.task import Task, history_of

K = np.array([2, 0, 1])
ONE_HOT = [[0, 0, 1], [1, 0, 0], [0, 1, 0]]
THREE, TWO = gn.Classes(("a", "b", "c")), gn.Classes(("no", "yes"), "sigmoid")


@pytest.mark.parametrize("name", ["iris", "diabetes"])
def test_a_trained_model_tells_the_task_it_was_trained_by(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}
    fit = gn.Trainer.fit

    def watched(trainer: gn.Trainer, data: Any, **settings: Any) -> gn.History:
        seen.update(loss=trainer.losses["dense_2"], optimizer=trainer.optimizer, rows=data)
        return fit(trainer, data, **settings)

    monkeypatch.setattr(gn.Trainer, "fit", watched)
    data = gn.datasets.load(name)
    model = gn.train(data, epochs=1, optimizer=gn.SGD(0.01, momentum=0.5), progress=False)
    task = model.task
    assert task.outputs == model.outputs
    assert task.loss == seen["loss"]
    assert task.optimizer == seen["optimizer"] == gn.SGD(0.01, momentum=0.5)
    again = task.rows(data.train)
    np.testing.assert_array_equal(again.t, seen["rows"].t)
    np.testing.assert_array_equal(again.x, seen["rows"].x)


@pytest.mark.parametrize(
    ("outputs", "loss", "t", "expected"),
    [
        (THREE, gn.SoftmaxCrossEntropy(), K, K),
        (THREE, gn.SigmoidCrossEntropy(), K, ONE_HOT),
        (THREE, gn.HalfSquaredError(), K, ONE_HOT),
        (TWO, gn.SigmoidCrossEntropy(), np.array([1, 0]), [[1], [0]]),
        (gn.Values(("y",)), gn.Huber(), np.array([1.0, 5.0]), [[1], [5]]),
        (
            gn.Values(("y", "z"), mean=(1.0, 2.0), std=(2.0, 4.0)),
            gn.MeanSquaredError(),
            np.array([[3.0, 2.0]]),
            [[1, 0]],
        ),
    ],
)
def test_targets_are_what_the_loss_takes(
    outputs: Any, loss: gn.Loss, t: Any, expected: Any
) -> None:
    task = Task(outputs, loss, gn.Adam())
    found = task.targets(t)
    np.testing.assert_array_equal(found, expected)
    assert found.shape == np.shape(expected)
    rows = gn.Rows(np.zeros((len(t), 1)), t)
    np.testing.assert_array_equal(task.rows(rows).t, expected)


@pytest.mark.parametrize(
    ("outputs", "loss"),
    [
        (THREE, gn.SoftmaxCrossEntropy()),
        (TWO, gn.SigmoidCrossEntropy()),
        (gn.Classes(("a", "b"), "identity"), gn.HalfSquaredError()),
        (gn.Values(("y",)), gn.MeanSquaredError()),
    ],
)
@pytest.mark.parametrize(
    "provenance",
    [{}, {"settings": None}, {"settings": {"losses": {}}}, {"settings": {"losses": [1]}}],
)
def test_where_nothing_is_told_the_loss_fits_the_outputs(
    outputs: Any, loss: gn.Loss, provenance: dict[str, Any]
) -> None:
    task = Task.told_by(provenance, outputs)
    assert (task.loss, task.optimizer) == (loss, gn.Adam())


def test_what_is_told_counts() -> None:
    settings = {"losses": {"y": gn.Huber(0.5).config()}, "optimizer": gn.RMSprop(0.2).config()}
    task = Task.told_by({"settings": settings}, gn.Values(("y",)))
    assert (task.loss, task.optimizer) == (gn.Huber(0.5), gn.RMSprop(0.2))


def test_a_schedule_of_ones_own_cannot_be_made_again() -> None:
    settings = {"optimizer": gn.SGD(lambda step: 1 / step).config()}
    assert Task.told_by({"settings": settings}, THREE).optimizer == gn.Adam()


def test_the_history_is_what_training_measured() -> None:
    model = gn.train("iris", epochs=2, progress=False)
    history = history_of(model.provenance)
    assert [one["epoch"] for one in history.epochs] == [1, 2]
    assert history.ended == "finished"
    assert history_of({}).epochs == []
    assert history_of({}).ended == ""
