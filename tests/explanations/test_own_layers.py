"""Explanations go by what a layer says of itself, whoever wrote it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.explanations import Explanation, Why, why
from glassnet.explanations.formulas import measured
from glassnet.explanations.step import Step
from glassnet.text import WIDTH
from glassnet.types import Array
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


# -- layers that have no formula here --------------------------------------------------------------

ROWS, T = RNG.normal(size=(4, 3)), np.array([0, 1, 1, 0])
dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])


def explained(layer: gn.Layer, dtype: Any = "float64", **how: Any) -> tuple[gn.Pass, Explanation]:
    """A layer between two Dense layers, row 1, all of it."""
    net = gn.Sequential([gn.Dense(3), layer, gn.Dense(2)], 3, seed=0, dtype=dtype)
    loss, training = gn.SoftmaxCrossEntropy(), how.get("training", False)
    p = net.run(ROWS, T, loss, training=training)
    return p, gn.explain(net, ROWS, T, loss, row=1, **how)


def steps_of(explanation: Explanation, stage: str, node: str, symbol: str) -> list[Step]:
    return [
        step
        for step in explanation.steps
        if (step.stage, step.node, step.symbol) == (stage, node, symbol)
    ]


@dtypes
def test_the_slope_of_an_elementwise_layer_is_measured(dtype: Any) -> None:
    p, explanation = explained(own.Arctan(), dtype)
    x, dy = p["dense_1"].y[1], p["arctan_1"].dy[1]
    values = steps_of(explanation, "forward", "arctan_1", "a")
    assert [step.result for step in values] == [float(y) for y in p["arctan_1"].y[1]]
    assert {step.title for step in values} == {"Arctan(), y = arctan x"}
    slopes = steps_of(explanation, "backward", "dense_1", "a'(z)")
    np.testing.assert_allclose(
        [s.result for s in slopes], 1 / (1 + x.astype(float) ** 2), rtol=1e-8
    )
    assert slopes[0].title == "the slope of Arctan(), measured, dx = dy / (1 + x²)"
    for step, given in zip(steps_of(explanation, "backward", "dense_1", "δ"), dy, strict=True):
        assert step.letters["∂L/∂a"] == given
        assert step.result == pytest.approx(given * step.letters["a'(z)"], rel=1e-5)


class Lies(own.Arctan):
    def backward(self, dy: Array, frame: gn.Frame) -> Array:
        return 2 * super().backward(dy, frame)


class Misleads(own.Shares):
    def backward(self, dy: Array, frame: gn.Frame) -> Array:
        return 2 * super().backward(dy, frame)


def test_a_backward_that_errs_is_seen_beside_the_measured_slopes() -> None:
    p, explanation = explained(Lies())
    slopes = [step.result for step in steps_of(explanation, "backward", "dense_1", "a'(z)")]
    np.testing.assert_allclose(slopes, 1 / (1 + p["dense_1"].y[1] ** 2), rtol=1e-8)
    _, explanation = explained(Misleads())
    for step in steps_of(explanation, "backward", "dense_1", "δ"):
        assert step.rest
        assert step.rest.label == "what its backward gives otherwise"
        assert step.rest.value == pytest.approx(step.result / 2)
        assert not any(
            s.rest for s in steps_of(explained(own.Shares())[1], "backward", "dense_1", "δ")
        )


@dtypes
def test_what_each_input_does_is_a_table(dtype: Any) -> None:
    p, explanation = explained(own.Shares(), dtype)
    x, y = p["dense_1"].y[1].astype(float), p["shares_1"].y[1].astype(float)
    slopes = (
        2 * (np.diag(x) - np.outer(x, y)) / (x @ x)
    )  # ∂y[m]/∂x[d] = 2 x[d] (δ[d,m] - y[m]) / Σ x²
    for m, step in enumerate(steps_of(explanation, "forward", "shares_1", "y")):
        told = {term.label: term.letters["∂y/∂x"] for term in step.terms}
        expected = {f"dense_1:{d}": slopes[d, m] for d in range(3)}
        assert told == pytest.approx(expected, rel=1e-5)
        assert step.rest
        assert step.rest.label == "what is constant or bends"
        total = sum(term.value for term in step.terms) + step.rest.value
        assert total == pytest.approx(step.result)
        assert step.title == "Shares(), yᵢ = xᵢ² / Σⱼ xⱼ²; by its slopes, measured"
    for d, step in enumerate(steps_of(explanation, "backward", "dense_1", "δ")):
        assert sum(term.value for term in step.terms) == pytest.approx(step.result, rel=1e-4)
        told = {term.label: term.letters["∂y/∂x"] for term in step.terms}
        assert told == pytest.approx({f"shares_1:{m}": slopes[d, m] for m in range(3)}, rel=1e-5)
        assert "dxᵢ = 2 xᵢ (dyᵢ - Σⱼ dyⱼ yⱼ) / Σⱼ xⱼ²" in step.title
    text = str(explanation)
    assert "yᵢ = xᵢ² / Σⱼ xⱼ²" in text
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "yᵢ = xᵢ²" in explanation._repr_markdown_()


def test_an_affine_layer_leaves_no_rest_and_its_gradients_are_the_docstring_s() -> None:
    _, explanation = explained(own.Scale())
    assert all(s.rest is None for s in steps_of(explanation, "forward", "scale_1", "y"))
    gradients = steps_of(explanation, "gradient", "scale_1", "∂L/∂a")
    assert {str(step.formula) for step in gradients} == {"Σₙ dy x"}


def test_equations_are_found_in_a_docstring_with_gaps_and_indices() -> None:
    net = gn.Sequential([gn.Maxout(2)], 3, seed=0)
    (node,) = net.nodes
    assert measured.written_down(node) == ["pₖ = x Wₖ + bₖ", "y = maxₖ pₖ"]
    largest = "dpₖ = dy where pₖ is the largest, else 0"
    assert measured.written_down(node, "x") == [largest, "dx = Σₖ dpₖ Wₖᵀ"]
    assert measured.written_down(node, "W") == ["dWₖ = xᵀ dpₖ"]
    assert measured.written_down(node, "b") == ["dbₖ = Σₙ dpₖ"]


def test_maxout_shows_the_weights_of_the_piece_that_is_the_largest() -> None:
    net = gn.Sequential([gn.Maxout(2, pieces=3)], 3, seed=0, dtype="float64")
    net.parameters()["maxout_1.b"][:] = [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]
    explanation = gn.explain(net, ROWS, ROWS[:, :2], gn.MeanSquaredError(), row=1)
    W, b = net.parameters().values()
    sums = np.einsum("d,dkm->km", ROWS[1], W) + b
    for m, step in enumerate(steps_of(explanation, "forward", "maxout_1", "y")):
        k = sums[:, m].argmax()
        told = {term.label: term.letters["∂y/∂x"] for term in step.terms}
        assert told == pytest.approx({f"input_1:{d}": W[d, k, m] for d in range(3)})
        assert step.rest
        assert step.rest.value == pytest.approx(b[k, m])


def test_inputs_that_are_not_shown_are_counted() -> None:
    _, explanation = explained(own.Shares(), terms=1)
    (step,) = steps_of(explanation, "forward", "shares_1", "y")
    assert len(step.terms) == 1
    assert step.rest
    assert (step.rest.count, step.rest.label) == (2, "others, and what is constant or bends")


@dataclass(eq=False)
class Centred(gn.Layer):
    """y = x - mean over the rows"""

    def mixes_rows(self, training: bool) -> bool:
        return training

    def forward(self, x: Array, frame: gn.Frame) -> Array:
        return x - x.mean(axis=0) if frame.training else x

    def backward(self, dy: Array, frame: gn.Frame) -> Array:
        return dy - dy.mean(axis=0) if frame.training else dy


def test_a_layer_that_mixes_rows_is_measured_in_its_batch() -> None:
    for training, slope in ((True, 0.75), (False, 1)):
        _, explanation = explained(Centred(), training=training)
        for step in steps_of(explanation, "forward", "centred_1", "y"):
            (term,) = step.terms
            assert term.letters["∂y/∂x"] == pytest.approx(slope)


def test_a_layer_of_several_inputs_is_measured_too() -> None:
    @dataclass(eq=False)
    class Product(gn.Merge):
        """y = x₁ x₂"""

        def build(self, shapes: Any, rng: Any) -> Any:  # noqa: ARG002
            return shapes[0]

        def forward(self, xs: Any, frame: gn.Frame) -> Array:
            frame.keep(xs=xs)
            y: Array = xs[0] * xs[1]
            return y

        def backward(self, dy: Array, frame: gn.Frame) -> tuple[Array, ...]:
            a, b = frame["xs"]
            return dy * b, dy * a

    a, b = gn.Input(2), gn.Input(2)
    net = gn.Network([a, b], Product()(a, b), seed=0, dtype="float64")
    explanation = gn.explain(net, [[[2.0, 3.0]], [[5.0, 7.0]]], [[0.0, 0.0]], gn.MeanSquaredError())
    step = steps_of(explanation, "forward", "product_1", "y")[1]
    told = {term.label: term.letters["∂y/∂x"] for term in step.terms}
    assert told == pytest.approx({"input_1:1": 7, "input_2:1": 3})
    assert step.rest
    assert step.rest.value == pytest.approx(-21)


def test_a_layer_too_large_to_be_measured_is_told_by_its_values(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(measured, "MOST_NUMBERS", 6 * 3 - 1)
    p, explanation = explained(own.Shares())
    for m, step in enumerate(steps_of(explanation, "forward", "shares_1", "y")):
        assert (step.result, step.terms) == (p["shares_1"].y[1, m], ())
        assert str(step.formula).startswith("Shares()(")
    for step in steps_of(explanation, "backward", "dense_1", "δ"):
        assert str(step.formula) == "Shares.backward(∂L/∂y)"


@pytest.mark.parametrize("layer", [gn.ReLU(), own.Clipped()], ids=str)
def test_at_a_kink_one_side_s_slope_is_taken_and_that_is_said(layer: gn.Layer) -> None:
    net = gn.Sequential([layer], 2, seed=0, dtype="float64")
    explanation = gn.explain(net, [[0.0, 1.0]], [[1.0, 2.0]], gn.MeanSquaredError())
    at_kink, beside = [step for step in explanation.steps if step.symbol == "a'(z)"]
    assert at_kink.result == 0
    assert beside.result == pytest.approx(1)
    assert "which has none here: one side's is taken" in at_kink.title
    assert "none here" not in beside.title
