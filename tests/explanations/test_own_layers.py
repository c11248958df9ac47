"""Explanations go by what a layer says of itself, whoever wrote it."""

from __future__ import annotations

import json

import numpy as np

import glassnet as gn
from glassnet.explanations import Why, why
from tests import own_layers as own

RNG = np.random.default_rng(0)
X = RNG.normal(size=(1, 3))
TABLE = gn.Features(tuple("abc"))


def reasons(*layers: gn.Layer) -> Why:
    net = gn.Sequential(layers, 3, seed=0, dtype="float64")
    answer = gn.Model(net, TABLE, gn.Classes(("no", "yes"), "identity")).predict_proba(X)[0]
    return why(net, TABLE, gn.Classes(("no", "yes"), "identity"), X, answer)


def test_affine_layers_have_exact_contributions() -> None:
    (question,) = reasons(own.Scale(), gn.Dense(2)).questions
    assert [view.of.exact for view in question.views] == [True, True]
    bent, straight = (
        view.of for view in reasons(own.Arctan(), gn.Dense(2)).questions[0].views[::-1]
    )
    assert (bent.exact, straight.exact) == (False, True)


def test_what_is_standardised_counts_from_the_mean_whatever_it_is_called() -> None:
    for layer in (own.Scaler(name="mine"), gn.Standardize(name="scaler")):
        (question,) = reasons(layer, gn.Dense(2)).questions
        first = question.views[-1]
        assert (first.of.node, first.of.exact, first.of.from_mean) == (layer.name, True, True)
        assert first.what == "features, against their means,"
    plain = reasons(own.Scale(name="standardize_1"), gn.Dense(2))
    assert not plain.questions[0].views[-1].of.from_mean
    views = json.loads(json.dumps(plain.to_json()))["questions"][0]["views"]
    assert [view["from_mean"] for view in views] == [False, False]


def test_the_last_weighted_sum_is_looked_for_before_a_last_activation() -> None:
    (question,) = reasons(gn.Dense(4), gn.Tanh(), own.Sums(2), own.Shares()).questions
    assert [view.of.node for view in question.views] == ["tanh_1", "input_1"]
    assert question.views[0].of.exact


def test_a_weighted_sum_is_z_and_a_unit_is_followed_through_what_leaves_it_one() -> None:
    net = gn.Sequential([own.Sums(4), own.Scaler(), own.Arctan(), gn.Dense(2)], 3, seed=0)
    explanation = gn.explain(net, X, [1], gn.SoftmaxCrossEntropy(), unit="sums_1:2")
    forward = [(step.node, step.symbol) for step in explanation.steps if step.stage == "forward"]
    assert forward == [("sums_1", "z"), ("scaler_1", "y"), ("arctan_1", "a")]
