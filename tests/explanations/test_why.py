"""Why a network gave its answer: contributions that add up, and what is said of them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.explanations import Why, why
from glassnet.explanations.why_text import pixels_text, signed_text
from glassnet.text import WIDTH
from glassnet.types import Array

RNG = np.random.default_rng(0)
TABLE = gn.Features(("age", "height", "weight"), ("years", "m", ""))
THREE = gn.Classes(("a", "b", "c"))
X = RNG.normal(size=(1, 3))


def hidden(outputs: int, *, last: Any = None, inputs: int = 3) -> gn.Network:
    layers = [gn.Dense(30), gn.Tanh(), gn.Dense(outputs), *([last] if last else [])]
    return gn.Sequential(layers, inputs, seed=0, dtype="float64")


def linear() -> gn.Network:
    layers = [gn.Standardize.of(RNG.normal(size=(50, 3))), gn.Dense(3)]
    return gn.Sequential(layers, 3, seed=0, dtype="float64")


def answered(net: gn.Network, x: Array = X) -> Array:
    p: Array = gn.Model(net, gn.Features(tuple("xyz")), THREE).predict_proba(x)[0]
    return p


def adds_up(reasons: Why) -> None:
    for question in reasons.questions:
        for view in question.views:
            np.testing.assert_allclose(view.of.parts.sum() + view.of.rest, question.score)
            assert len(view.names) == view.of.values.size


def test_hidden_units_add_what_they_send_to_one_output_rather_than_the_other() -> None:
    net = hidden(3)
    p = answered(net)
    reasons = why(net, TABLE, THREE, X, p)
    adds_up(reasons)
    (question,) = reasons.questions
    win, other = np.argsort(-p)[:2]
    assert (question.answer, question.against) == ("abc"[win], "abc"[other])
    W = net.parameters()["dense_2.W"]
    a = net.run(X, [0], gn.SoftmaxCrossEntropy())["tanh_1"].y[0]
    units, features = question.views
    np.testing.assert_allclose(units.of.parts, a * (W[:, win] - W[:, other]))
    np.testing.assert_allclose(units.of.rest, 0, atol=1e-12)
    assert units.of.exact
    assert not features.of.exact
    assert list(features.names) == [
        f"age {X[0, 0]:.4g} years", f"height {X[0, 1]:.4g} m", f"weight {X[0, 2]:.4g}",
    ]  # fmt: skip


def test_inputs_get_gradient_times_input() -> None:
    net, h = hidden(3), 1e-6
    (question,) = why(net, TABLE, THREE, X, answered(net)).questions
    win, other = ("abc".index(name) for name in (question.answer, question.against))
    for d, slope in enumerate(question.views[-1].of.slopes):
        nudge = h * np.eye(3)[d]
        up, down = net(X + nudge)[0], net(X - nudge)[0]
        expected = (up[win] - up[other] - down[win] + down[other]) / (2 * h)
        np.testing.assert_allclose(slope, expected, rtol=1e-6)


def test_one_layer_is_explained_exactly_and_once() -> None:
    net = linear()
    (question,) = why(net, TABLE, THREE, X, answered(net)).questions
    (features,) = question.views
    assert features.of.exact
    assert features.of.node == "standardize_1"
    assert "against their means" in features.what


def test_the_truth_is_what_a_wrong_answer_is_compared_with() -> None:
    net = hidden(3)
    p = answered(net)
    last = int(p.argmin())
    reasons = why(net, TABLE, THREE, X, p, np.array(last))
    assert (reasons.truth, reasons.questions[0].against) == ("abc"[last],) * 2
    right = why(net, TABLE, THREE, X, p, np.array(p.argmax()))
    assert right.questions[0].against == "abc"[np.argsort(-p)[1]]


@pytest.mark.parametrize("last", [gn.Softmax(), gn.Sigmoid()], ids=str)
def test_a_last_activation_is_looked_behind(last: gn.Layer) -> None:
    net = hidden(3, last=last)
    reasons = why(net, TABLE, gn.Classes(("a", "b", "c"), "identity"), X, net(X)[0])
    adds_up(reasons)
    z = net.run(X, np.zeros((1, 3)), gn.HalfSquaredError())["dense_2"].y[0]
    win, other = np.argsort(-z)[:2]
    np.testing.assert_allclose(reasons.questions[0].score, z[win] - z[other])


@pytest.mark.parametrize("answer", [0, 1])
def test_two_classes_may_share_one_output(answer: int) -> None:
    net = hidden(1)
    z = float(net(X)[0, 0])
    p = np.eye(2)[answer] * 0.8 + 0.1
    reasons = why(net, TABLE, gn.Classes(("no", "yes"), "sigmoid"), X, p)
    adds_up(reasons)
    np.testing.assert_allclose(reasons.questions[0].score, z if answer else -z)


def test_values_are_explained_in_their_units() -> None:
    net = hidden(2)
    outputs = gn.Values(("price", "size"), ("USD", ""), (10.0, 1.0), (3.0, 2.0))
    values = net(X)[0] * [3, 2] + [10, 1]
    reasons = why(net, TABLE, outputs, X, values, values)
    adds_up(reasons)
    np.testing.assert_allclose([question.score for question in reasons.questions], values)
    assert reasons.said == reasons.truth == f"price {values[0]:.4g} USD, size {values[1]:.4g}"
    assert str(reasons.questions[1]) == "What makes up size?"


@pytest.mark.parametrize("side", [3, 40])
def test_text_markdown_and_json(side: int) -> None:
    net = hidden(3, inputs=side * side)
    x = RNG.uniform(size=(1, side * side))
    reasons = why(net, gn.Images(side, side), THREE, x, np.array([0.2, 0.5, 0.3]), np.array(0))
    text = str(reasons)
    assert repr(reasons) == text
    assert max(map(len, text.splitlines())) <= WIDTH
    assert text.startswith("The network says b, with 50.0 %. The truth is a.")
    assert "Why b rather than a?" in text
    assert ".+# for b   ,-= for a" in text
    assert "gradient × input" in text
    assert "the 20 others" in text
    markdown = reasons._repr_markdown_()
    assert "$$S = z_{1} - z_{0}" in markdown
    assert r"tanh\_1:" in markdown
    document = json.loads(json.dumps(reasons.to_json(), allow_nan=False))
    assert (document["format"], document["version"]) == ("glassnet-why", 1)
    assert document.keys() == {
        "format", "version", "answer", "truth", "probabilities", "questions",
    }  # fmt: skip
    (question,) = document["questions"]
    assert question.keys() == {"answer", "against", "formula", "score", "views"}
    keys = {"node", "exact", "from_mean", "names", "values", "slopes", "parts", "rest"}
    assert [view.keys() for view in question["views"]] == [keys, keys]


def test_signs_as_text() -> None:
    assert signed_text(np.array([[1, 0.4, 0.2, 0.05], [-1, -0.4, -0.2, 0]])) == "##++..\n==--,,"
    assert signed_text(np.zeros((1, 2))) == ""


@pytest.mark.parametrize("side", [6, 40])
def test_rows_above_and_below_the_ink_are_left_out(side: int) -> None:
    x = np.zeros((1, side * side))
    x[0, 2 * side + 1] = x[0, 4 * side + 1] = 1
    images = gn.Images(side, side)
    reasons = why(hidden(3, inputs=side * side), images, THREE, x, np.array([0.2, 0.5, 0.3]))
    lines = pixels_text(x, reasons.questions[0], images).split("\n")
    drawn = [line[2:4] == "@@" for line in lines]
    beside, below = [False, True, False, True], [True, False, True, False, False]
    assert drawn[: len(below if side == 40 else beside)] == (below if side == 40 else beside)
    assert len(lines) == (8 if side == 40 else 4)


def test_pictures() -> None:
    pytest.importorskip("matplotlib")
    net = hidden(3, inputs=9)
    x = RNG.uniform(size=(1, 9))
    image = why(net, gn.Images(3, 3), THREE, x, np.array([0.2, 0.5, 0.3]))
    left, right, _ = image.picture().figure().axes
    np.testing.assert_allclose(np.asarray(left.images[0].get_array()), x.reshape(3, 3))
    parts = image.questions[0].views[-1].of.parts
    np.testing.assert_allclose(np.asarray(right.images[0].get_array()), parts.reshape(3, 3))
    bars = why(hidden(3), TABLE, THREE, X, answered(hidden(3)))
    (axes,) = bars.picture().figure().axes
    parts = bars.questions[0].views[-1].of.parts
    widths = [patch.get_width() for patch in axes.patches]  # type: ignore[attr-defined]
    np.testing.assert_allclose(sorted(widths), sorted(parts))
