"""The best answer that is the same for every row, for each loss."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.training.baseline import constant_loss
from glassnet.types import Array

T = np.array([[0.0], [1.0], [1.0], [6.0]])


@pytest.mark.parametrize(
    ("loss", "t", "columns", "expected"),
    [
        (gn.MeanSquaredError(), T, 1, T.var()),
        (gn.HalfSquaredError(), T, 1, T.var() / 2),
        (gn.MeanAbsoluteError(), T, 1, 1.5),
        (gn.SoftmaxCrossEntropy(), np.array([0, 0, 1, 1]), 2, np.log(2)),
        (gn.SoftmaxCrossEntropy(), np.array([1, 1, 1]), 3, 0.0),
        (gn.SigmoidCrossEntropy(), np.array([[0.0], [1.0]]), 1, np.log(2)),
        (gn.SigmoidCrossEntropy(), np.array([[1.0], [1.0]]), 1, 0.0),
    ],
    ids=str,
)
def test_by_hand(loss: gn.Loss, t: Array, columns: int, expected: float) -> None:
    assert constant_loss({"y": loss}, {"y": t}, {"y": columns}) == pytest.approx(expected, abs=1e-9)


def test_several_outputs_add_up() -> None:
    losses = {"a": gn.MeanSquaredError(), "b": gn.MeanAbsoluteError()}
    assert constant_loss(losses, {"a": T, "b": T}, {"a": 1, "b": 1}) == pytest.approx(T.var() + 1.5)
