"""Bad input: each kind with its one clear error, before anything is trained."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.data import Pixels
from glassnet.training.examples import make_examples
from tests.training.setups import bits, classifier, plain, quiet, rows, values

X, T = rows(6)
NOT_FINITE = np.where(np.arange(12).reshape(6, 2) == 7, np.nan, X)


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ((np.zeros((6, 3)), T), gn.ShapeError, r"Dense\(5\) expects rows of 2 numbers.*\(6, 3\)"),
        ((np.zeros((6, 2, 1)), T), gn.ShapeError, "Add Flatten"),
        ((np.zeros(6), T), gn.DataError, "x expects two axes.*reshape"),
        ((X, T[:5]), gn.DataError, "x has 6 rows, but t has 5"),
        ((X, T + 1), gn.DataError, "class indices run from 0 to 2; row . has 3"),
        ((X, T - 3), gn.DataError, "class indices run from 0 to 2; row 0 has -"),
        ((X, T + 0.5), gn.DataError, "whole numbers; row 0 has"),
        (
            (X, np.eye(4)[T]),
            gn.ShapeError,
            r"rows of 3 probabilities, got targets of shape \(6, 4\)",
        ),
        ((X, np.ones((6, 3))), gn.DataError, "sum to 1; row 0 sums to 3"),
        ((X, ["a", "b"] * 3), gn.DataError, "t expects numbers"),
        ((NOT_FINITE, T), gn.DataError, "x .*NaN.* 1 of 12 .*row 3, column 1: nan"),
        ((X * [1, np.inf], T), gn.DataError, "x .*infinite in 6 .*row 0, column 1"),
        ((X, np.where(np.arange(6) == 4, np.nan, T)), gn.DataError, "t .*NaN.* 1 of 6 .*row 4"),
        ((X[:0], T[:0]), gn.DataError, "at least one row"),
        (([[1, 2], [3]], [0, 1]), gn.DataError, "x expects rows of one length"),
        (X, gn.DataError, r"a pair \(x, t\), got a ndarray"),
        ((X, T, T), gn.DataError, r"a pair \(x, t\), got a tuple"),
        ("digits", gn.DataError, r"rows such as data.train, or as a pair \(x, t\), got a str"),
        (gn.datasets.load("xor"), gn.DataError, "got a Dataset"),
    ],
)
def test_data_that_cannot_be_learnt_from(data: Any, error: type[Exception], message: str) -> None:
    trainer = classifier(plain(outputs=3))
    before = bits(trainer.network)
    with pytest.raises(error, match=message):
        quiet(trainer, data)
    assert bits(trainer.network) == before


def test_values_for_another_number_of_outputs_say_how_to_make_one_hot_rows() -> None:
    trainer = gn.Trainer(plain(outputs=3), gn.MeanSquaredError())
    with pytest.raises(gn.ShapeError, match=r"gn\.one_hot\(t, 3\)"):
        quiet(trainer, (X, T))


@pytest.mark.parametrize(
    ("plan", "error", "message"),
    [
        ({"sample_weight": np.ones(5)}, gn.ShapeError, r"one number a row, \(6,\), got \(5,\)"),
        ({"sample_weight": 2.0}, gn.DataError, "sample_weight expects at least one row"),
        ({"sample_weight": [1, 1, 1, 1, 1, -2]}, gn.DataError, "from 0, got -2"),
        ({"sample_weight": [1, 1, 1, 1, 1, np.nan]}, gn.DataError, "sample_weight .*NaN.* 1 of 6"),
        ({"sample_weight": list("abcdef")}, gn.DataError, "sample_weight expects numbers"),
        ({"sample_weight": np.zeros(6)}, gn.DataError, "weight 0: there is nothing"),
        ({"class_weight": {0: 0, 1: 0, 2: 0}}, gn.DataError, "weight 0: there is nothing"),
        ({"class_weight": {0: 1}}, gn.SettingError, r"no weight for the classes \[1, 2\]"),
        ({"class_weight": {0: 1, 1: -1, 2: 1}}, gn.SettingError, r"from 0, got {1: -1}"),
        ({"class_weight": {0: 1, 1: "a", 2: 1}}, gn.SettingError, r"from 0, got {1: 'a'}"),
        ({"class_weight": "balance"}, gn.SettingError, "'balanced', got 'balance'"),
        ({"class_weight": [1, 2, 3]}, gn.SettingError, "a dict"),
    ],
)
def test_weights_that_cannot_be(plan: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        quiet(classifier(plain(outputs=3)), (X, T), **plan)


def test_weights_of_classes_need_classes() -> None:
    trainer = classifier(plain(outputs=3))
    unsure = 0.9 * np.eye(3)[T] + 0.1 / 3
    with pytest.raises(gn.SettingError, match="one output whose targets are classes"):
        quiet(trainer, (X, unsure), class_weight="balanced")
    with pytest.raises(gn.SettingError, match="targets are classes"):
        quiet(gn.Trainer(plain(), gn.MeanSquaredError()), values(6), class_weight={0: 1.0})
    several = gn.Trainer(plain(outputs=2), gn.SigmoidCrossEntropy())
    with pytest.raises(gn.SettingError, match="targets are classes"):
        quiet(several, (X, [[1, 1], [0, 1]] * 3), class_weight="balanced")


@pytest.mark.parametrize(
    ("loss", "outputs", "t"),
    [
        (gn.SigmoidCrossEntropy(), 1, T % 2),
        (gn.SigmoidCrossEntropy(), 1, (T % 2)[:, None].astype(float)),
        (gn.SoftmaxCrossEntropy(), 2, np.eye(2)[T % 2]),
        (gn.MeanSquaredError(), 2, np.eye(2)[T % 2]),
    ],
)
def test_zeros_and_ones_are_classes_too(loss: gn.Loss, outputs: int, t: Any) -> None:
    network = plain(outputs=outputs)
    losses = network.losses(loss)
    examples = make_examples(network, losses, (X, t), class_weight={0: 1.0, 1: 3.5})
    np.testing.assert_array_equal(examples.weights, np.array([1.0, 3.5])[T % 2])


@pytest.mark.parametrize(
    ("data", "plan", "name"),
    [
        ((X * [1, 1e39], T), {}, "x"),
        ((X, np.full((6, 3), 1e39)), {"loss": gn.MeanSquaredError()}, "t"),
        ((X, T), {"sample_weight": np.full(6, 1e39)}, "sample_weight"),
    ],
)
def test_what_is_too_large_for_the_precision(data: Any, plan: dict[str, Any], name: str) -> None:
    loss = plan.pop("loss", gn.SoftmaxCrossEntropy())
    trainer = gn.Trainer(plain(outputs=3, dtype="float32"), loss)
    with pytest.raises(gn.DataError, match=f"^{name} holds .* too large for float32, .*at row"):
        quiet(trainer, data, **plan)


def test_balanced_weights_are_one_on_average() -> None:
    network = plain(outputs=2)
    losses = network.losses(gn.SoftmaxCrossEntropy())
    examples = make_examples(network, losses, (X[:4], [0, 1, 1, 1]), class_weight="balanced")
    assert examples.weights is not None
    np.testing.assert_allclose(examples.weights, [2, 2 / 3, 2 / 3, 2 / 3])


def test_bytes_stay_bytes_and_numbers_take_the_networks_precision() -> None:
    network = gn.Sequential([gn.Dense(2)], input_shape=4, dtype="float64")
    pixels = Pixels(np.arange(12, dtype=np.uint8).reshape(3, 4))
    losses = network.losses(gn.SoftmaxCrossEntropy())
    examples = make_examples(network, losses, (pixels, [0, 1, 1]), [1, 2, 3])
    assert examples.xs["input_1"] is pixels
    assert examples.weights is not None
    assert examples.weights.dtype == np.float64
    by_number = make_examples(network, losses, ([[1, 2, 3, 4]], [0]))
    assert by_number.xs["input_1"].dtype == np.float64


def test_rows_and_a_pair_are_the_same() -> None:
    one, two = plain(outputs=3), plain(outputs=3)
    quiet(classifier(one), gn.Rows(X, T), epochs=1)
    quiet(classifier(two), (X.tolist(), T.tolist()), epochs=1)
    assert bits(one) == bits(two)
