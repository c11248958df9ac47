"""What holds for every loss: rows × properties; and what targets it accepts."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from glassnet import nn
from glassnet.errors import DataError, GlassnetError, SettingError, ShapeError
from glassnet.nn.losses import LOSSES as REGISTERED
from glassnet.nn.losses import loss_from_config
from tests.cases import LOSSES, LossCase
from tests.jacobian import assert_close

rows = pytest.mark.parametrize("case", LOSSES, ids=str)


def weighted(case: LossCase, index: list[int], weights: Any) -> nn.Pass:
    """Measure rows of a fixed batch, chosen by index, with weights."""
    y, t = case.draw(np.random.default_rng(0), 4)
    net = nn.Sequential([nn.Identity()], case.columns, seed=0, dtype="float64")
    return net.run(y[index], t[index], case.make(), sample_weight=weights)


def test_every_exported_loss_has_a_row() -> None:
    exported = {
        name
        for name, value in vars(nn).items()
        if isinstance(value, type) and issubclass(value, nn.Loss) and value is not nn.Loss
    }
    assert {type(case.make()).__name__ for case in LOSSES} == exported == set(REGISTERED)


@rows
def test_the_loss_is_the_mean_over_rows(case: LossCase) -> None:
    p = weighted(case, [0, 1, 2, 3], None)
    assert p.rows.shape == (4,)
    assert p.loss == pytest.approx(p.rows.mean(), rel=1e-14)


@rows
def test_weight_2_is_the_row_twice_and_weight_0_the_row_absent(case: LossCase) -> None:
    by_weight = weighted(case, [0, 1, 2, 3], [1.0, 2.0, 0.0, 0.5])
    by_rows = weighted(case, [0, 0, 1, 1, 1, 1, 3], None)
    assert by_weight.loss == pytest.approx(by_rows.loss, rel=1e-14)
    dx, dx_of_copies = by_weight["input_1"].dy, by_rows["input_1"].dy
    assert_close(dx[0], dx_of_copies[:2].sum(axis=0), 1e-14)
    assert_close(dx[1], dx_of_copies[2:6].sum(axis=0), 1e-14)
    assert_close(dx[3], dx_of_copies[6], 1e-14)
    assert not dx[2].any()


@rows
def test_equal_weights_are_no_weights(case: LossCase) -> None:
    with_weights, without = (weighted(case, [0, 1, 2], w) for w in ([3.0, 3.0, 3.0], None))
    assert with_weights.loss == pytest.approx(without.loss, rel=1e-14)
    assert_close(with_weights["input_1"].dy, without["input_1"].dy, 1e-14)


@rows
@pytest.mark.parametrize("weights", [None, [1.0, 2.0, 3.0]])
def test_float32_stays_float32(case: LossCase, weights: Any) -> None:
    y, t = case.draw(np.random.default_rng(0), 3)
    net = nn.Sequential([nn.Identity()], case.columns, seed=0)
    p = net.run(y, t, case.make(), sample_weight=weights)
    assert p.rows.dtype == p["identity_1"].dy.dtype == p["input_1"].dy.dtype == np.float32
    assert type(p.loss) is float


@rows
def test_outputs_and_targets_are_only_read(case: LossCase) -> None:
    loss, frame, (y, t) = case.make(), nn.Frame(), case.draw(np.random.default_rng(0), 3)
    dl = np.full((3, 1), 1 / 3)
    for array in (y, t, dl):
        array.flags.writeable = False
    loss.forward(y, t, frame)
    loss.backward(dl, frame)


@rows
@pytest.mark.parametrize("size", [-1000.0, 1000.0])
def test_huge_outputs_give_finite_losses(case: LossCase, size: float) -> None:
    loss, frame, (y, t) = case.make(), nn.Frame(), case.draw(np.random.default_rng(0), 3)
    y = y.astype(np.float32)
    y[0, 0] = size
    y[1] -= size
    rows_ = loss.forward(y, loss.targets(t, y.shape[1:], np.float32), frame)
    assert np.isfinite(rows_).all()
    assert np.isfinite(loss.backward(1 / 3, frame)).all()


@rows
def test_a_description_makes_the_same_loss(case: LossCase) -> None:
    loss = case.make()
    assert loss_from_config(json.loads(json.dumps(loss.config()))) == loss


@pytest.mark.parametrize("how", ["indices", "one-hot", "lists", "floats", "booleans"])
def test_classes_may_come_in_several_forms(how: str) -> None:
    loss, y, t = nn.SoftmaxCrossEntropy(), np.array([[1.0, 2.0], [4.0, 3.0], [5.0, 5.0]]), [1, 1, 0]
    forms = {
        "indices": np.array(t, np.uint8),
        "one-hot": np.eye(2)[t],
        "lists": t,
        "floats": [1.0, 1.0, 0.0],
        "booleans": [True, True, False],
    }
    given = loss.targets(forms[how], (2,), np.float64)
    expected = np.log([1 + np.exp(-1), 1 + np.exp(1), 2])
    np.testing.assert_allclose(loss.forward(y, given, nn.Frame()), expected)


def test_one_output_takes_targets_without_a_second_axis() -> None:
    for loss in (nn.MeanSquaredError(), nn.SigmoidCrossEntropy()):
        assert loss.targets([0, 1, 1], (1,), np.float32).shape == (3, 1)


MSE, BCE, CE = nn.MeanSquaredError(), nn.SigmoidCrossEntropy(), nn.SoftmaxCrossEntropy()


@pytest.mark.parametrize(
    ("loss", "t", "shape", "error", "text"),
    [
        (
            MSE,
            [[1, 2]],
            (3,),
            ShapeError,
            r"compares 3 outputs a row with as many .* shape \(1, 2\)",
        ),
        (MSE, [0, 2], (3,), ShapeError, r"For class labels, use gn.one_hot\(t, 3\)"),
        (MSE, [[[1.0]]], (1, 1), ShapeError, r"gives shape \(1, 1\) per row. Add Flatten\(\)"),
        (MSE, [[1], [2, 3]], (1,), DataError, "t expects rows of one length"),
        (MSE, ["a", "b"], (1,), DataError, "t expects numbers, got an array of <U1"),
        (MSE, 3.0, (1,), DataError, r"t expects at least one row, got shape \(\)"),
        (MSE, [0.0, np.nan], (1,), DataError, "t is NaN or infinite in 1 of 2 numbers.*row 1"),
        (MSE, [1.0, 2.0, np.inf], (1,), DataError, "the first at row 2"),
        (BCE, [0.0, 1.5], (1,), DataError, "from 0 .no. to 1 .yes., got values from 0 to 1.5"),
        (BCE, [-1, 1], (1,), DataError, "got values from -1 to 1"),
        (
            CE,
            [0, 3],
            (3,),
            DataError,
            "from 0 to 2; row 1 has 3. Give the last layer one output per",
        ),
        (CE, [0, -1], (3,), DataError, "row 1 has -1"),
        (CE, [0.0, 0.5], (3,), DataError, "whole numbers; row 1 has 0.5"),
        (CE, [[0.5, 0.4, 0.0]], (3,), DataError, "sum to 1; row 0 sums to 0.9"),
        (CE, [[1.5, -0.5, 0.0]], (3,), DataError, "the least value is -0.5"),
        (CE, [[0, 1]], (3,), ShapeError, r"indices of shape \(N,\) or rows of 3 prob.* \(1, 2\)"),
        (CE, [0, 1], (1,), ShapeError, "2 classes or more.*gives 1.*use SigmoidCrossEntropy"),
        (CE, [0, 1], (2, 2), ShapeError, "one output each; the network gives 2 x 2"),
        (CE, np.array([], int), (3,), DataError, "t expects at least one row"),
    ],
)
def test_targets_that_do_not_fit(
    loss: nn.Loss, t: Any, shape: tuple[int, ...], error: type[GlassnetError], text: str
) -> None:
    with pytest.raises(error, match=text):
        loss.targets(t, shape, np.float32)


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"class": "Hubert"}, "There is no loss 'Hubert'. Did you mean 'Huber'"),
        ({}, "There is no loss None"),
        ({"class": []}, r"There is no loss \[\]"),
        ({"class": "Huber", "epsilon": 1}, "loss Huber does not take {'epsilon': 1}"),
        ({"class": "Huber", "delta": 0}, r"Huber expects delta in \(0, inf\), got 0"),
        ({"class": "Huber", "delta": "1"}, "got '1'"),
    ],
)
def test_descriptions_that_do_not_fit(config: dict[str, Any], text: str) -> None:
    with pytest.raises(SettingError, match=text):
        loss_from_config(config)


@pytest.mark.parametrize(
    ("weights", "error", "text"),
    [
        ([1.0, 2.0], ShapeError, r"one number a row, \(3,\), got \(2,\)"),
        ([[1.0], [2.0], [3.0]], ShapeError, r"got \(3, 1\)"),
        ([1.0, -1.0, 0.0], DataError, "numbers from 0, got -1"),
        ([1.0, np.nan, 0.0], DataError, "sample_weight is NaN or infinite in 1 of 3"),
        ([0.0, 0.0, 0.0], DataError, "Every row has the weight 0"),
    ],
)
def test_weights_that_do_not_fit(weights: Any, error: type[GlassnetError], text: str) -> None:
    net = nn.Sequential([nn.Dense(1)], 2, seed=0)
    with pytest.raises(error, match=text):
        net.run(np.ones((3, 2)), np.ones(3), MSE, sample_weight=weights)
