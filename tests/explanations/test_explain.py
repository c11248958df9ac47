"""What is asked for, and what is said of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.engines.base import State
from glassnet.errors import DataError, SettingError
from glassnet.explanations import Explanation
from glassnet.types import Array

RNG = np.random.default_rng(0)
X, T = RNG.normal(size=(4, 6)), np.array([0, 1, 1, 0])
LOSS = gn.SoftmaxCrossEntropy()


def network(dtype: Any = "float64") -> gn.Network:
    return gn.Sequential([gn.Dense(8), gn.ReLU(), gn.Dense(2)], 6, seed=0, dtype=dtype)


def visited(explanation: Explanation, stage: str) -> list[str]:
    """The units of a stage, in order."""
    steps = (step for step in explanation.steps if step.stage == stage)
    return list(dict.fromkeys(f"{step.node}:{','.join(map(str, step.unit))}" for step in steps))


def test_a_unit_is_followed_through_its_activation() -> None:
    explanation = gn.explain(network(), X, T, LOSS, unit="dense_1:2", optimizer=gn.SGD(0.1))
    assert visited(explanation, "forward") == ["dense_1:2", "relu_1:2"]
    assert visited(explanation, "backward") == ["relu_1:2", "dense_1:2"]
    assert visited(explanation, "gradient") == visited(explanation, "update") == ["dense_1:2"]
    symbols = [step.symbol for step in explanation.steps if step.stage == "backward"]
    assert symbols == ["∂L/∂a", "a'(z)", "δ"]


def test_a_layer_is_told_in_full_where_it_is_small() -> None:
    explanation = gn.explain(network(), X, T, LOSS, unit="dense_2")
    assert visited(explanation, "forward") == ["dense_2:0", "dense_2:1"]


def test_large_layers_show_the_units_that_matter_most() -> None:
    explanation = gn.explain(network(), X, T, LOSS, row=1, terms=3)
    p = network().run(X, T, LOSS)
    sizes = np.abs(p["dense_1"].y * p["dense_1"].dy)[1]
    shown = [int(name.split(":")[1]) for name in visited(explanation, "forward")[:3]]
    assert set(shown) == set(np.argsort(-sizes)[:3].tolist())
    (left,) = [o for o in explanation.omitted if o.node == "dense_1" and not o.unit]
    assert left.count == 5
    np.testing.assert_allclose(left.largest, np.sort(sizes)[-4])
    assert "dense_1 has 5 other units" in str(explanation)


def test_terms_that_are_not_shown_are_counted() -> None:
    explanation = gn.explain(network(), X, T, LOSS, unit="dense_2:0", terms=3)
    z = explanation.steps[0]
    assert [term.label for term in z.terms][-1] == "b[0]"
    assert len(z.terms) == 4
    assert z.rest is not None
    assert z.rest.count == 5
    assert "the 5 others" in str(explanation)
    assert "5 other entries of W have gradients of up to" in str(explanation)


def test_gradients_say_whose_rows_they_sum_over() -> None:
    text = str(gn.explain(network(), X, T, LOSS, row=1, unit="dense_2:0"))
    assert "BP4: the weight gradient, summed over the 4 rows" in text
    assert "(row 1)" in text
    assert "(the 3 other rows)" in text
    alone = str(gn.explain(network(), X[:1], T[:1], LOSS, unit="dense_2:0"))
    assert "of this row alone" in alone


def test_a_row_that_alone_makes_a_gradient_leaves_no_rounding_to_the_others() -> None:
    weights = np.array([0, 1, 0, 0])
    explanation = gn.explain(network("float32"), X, T, LOSS, row=1, sample_weight=weights)
    rests = [s.rest.value for s in explanation.steps if s.stage == "gradient" and s.rest]
    assert set(rests) == {0}
    assert len(rests) > 8


def test_one_other_row_is_told_in_the_singular() -> None:
    text = str(gn.explain(network(), X[:2], T[:2], LOSS))
    assert text.count("the other row") > 1
    assert "other rows" not in text


def test_explanations_fit_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    widest = {}
    for columns in ("70", "300"):
        monkeypatch.setenv("COLUMNS", columns)
        text = str(gn.explain(network(), X, T, LOSS, optimizer=gn.Adam()))
        widest[columns] = max(map(len, text.splitlines()))
    assert widest == {"70": 70, "300": 100}


def test_a_weighted_row_counts_as_it_should() -> None:
    weights = np.array([1.0, 2, 0, 1])
    explanation = gn.explain(network(), X, T, LOSS, row=1, sample_weight=weights, unit="dense_2:0")
    (delta,) = [step for step in explanation.steps if step.symbol == "δ"]
    assert delta.letters["∂L/∂l"] == 0.5
    assert explanation.loss == network().run(X, T, LOSS, sample_weight=weights).loss


def test_a_shortcut_adds_the_gradients_of_both_ways() -> None:
    x = gn.Input(3)
    h = gn.Dense(3)(x)
    net = gn.Network(x, gn.Add()(h, gn.Dense(3)(h)), seed=0, dtype="float64")
    t = RNG.normal(size=(4, 3))
    explanation = gn.explain(net, X[:, :3], t, gn.HalfSquaredError(), unit="dense_1:1")
    *ways, total = [step for step in explanation.steps if step.stage == "backward"]
    assert [way.symbol for way in ways] == ["(δ)[1]", "(δ)[2]"]
    assert [way.equation for way in ways] == ["BP2", None]
    np.testing.assert_allclose(total.result, sum(way.result for way in ways))
    p = net.run(X[:, :3], t, gn.HalfSquaredError())
    assert total.result == p["dense_1"].dy[0, 1]


def test_a_shared_layer_counts_all_its_places() -> None:
    x, twice = gn.Input(3), gn.Dense(3)
    net = gn.Network(x, twice(twice(x)), seed=0, dtype="float64")
    t = RNG.normal(size=(4, 3))
    explanation = gn.explain(net, X[:, :3], t, gn.HalfSquaredError(), unit="dense_1:0")
    gradient = next(step for step in explanation.steps if step.stage == "gradient")
    assert gradient.rest is not None
    assert gradient.rest.count == 3 + 4
    assert "where dense_1 stands otherwise" in gradient.rest.label


def test_several_outputs_add_their_losses() -> None:
    x = gn.Input(3)
    h = gn.Dense(4)(x)
    outputs = [gn.Dense(1, name="a")(h), gn.Dense(1, name="b")(h)]
    net = gn.Network(x, outputs, seed=0, dtype="float64")
    losses, t = [gn.MeanSquaredError(), gn.Huber()], [T, T]
    explanation = gn.explain(net, X[:, :3], t, losses)
    *parts, whole, _ = [step for step in explanation.steps if step.stage == "loss"]
    assert [part.node for part in parts] == ["a", "b"]
    np.testing.assert_allclose(whole.result, sum(part.result for part in parts))
    assert whole.result == net.run(X[:, :3], t, losses).rows[0]


@dataclass(eq=False)
class Scale(gn.Layer):
    """y = a x"""

    params = ("a",)

    def build(self, shape: Any, declare: Any) -> Any:
        declare("a", (1,), gn.Constant(2.0))
        return shape

    def forward(self, x: Array, frame: gn.Frame) -> Array:
        frame.keep(x=x)
        y: Array = self.a * x
        return y

    def backward(self, dy: Array, frame: gn.Frame) -> Array:
        frame.grad(a=np.array([np.sum(dy * frame["x"])]))
        dx: Array = self.a * dy
        return dx


@dataclass(frozen=True)
class LogCosh(gn.Loss):
    """l = Σ ln cosh(y - t)"""

    def forward(self, y: Array, t: Array, frame: gn.Frame) -> Array:
        frame.keep(e=y - t)
        rows: Array = np.log(np.cosh(y - t)).sum(axis=1)
        return rows

    def backward(self, dl: Any, frame: gn.Frame) -> Array:
        dy: Array = dl * np.tanh(frame["e"])
        return dy


def test_layers_and_losses_of_one_s_own_say_what_goes_in_and_comes_out() -> None:
    net = gn.Sequential([gn.Dense(2), Scale(), gn.Dense(1)], 6, seed=0, dtype="float64")
    t = RNG.normal(size=(4, 1))
    explanation = gn.explain(net, X, t, LogCosh())
    p = net.run(X, t, LogCosh())
    values = {(s.stage, s.node, s.unit): s for s in explanation.steps if s.stage != "gradient"}
    forward = values["forward", "scale_1", (1,)]
    assert forward.result == p["scale_1"].y[0, 1]
    assert f"{p['dense_1'].y[0, 0]:.4g}" in str(forward.formula)
    assert values["backward", "dense_1", (1,)].result == p["dense_1"].dy[0, 1]
    gradient = next(s for s in explanation.steps if s.node == "scale_1" and s.stage == "gradient")
    assert gradient.parameter == "a[0]"
    assert gradient.result == p.gradients["scale_1.a"][0]
    for text in (str(explanation), explanation._repr_markdown_()):
        assert "Scale" in text
        assert "LogCosh" in text


def test_nan_is_seen_and_null_in_json() -> None:
    net = network()
    net.parameters()["dense_1.W"][0, 2] = np.nan
    explanation = gn.explain(net, X, T, LOSS)
    assert "nan" in str(explanation)
    assert explanation._repr_markdown_()
    document = json.dumps(explanation.to_json(), allow_nan=False)
    assert json.loads(document)["loss"] is None


def test_float32_networks_are_told_too() -> None:
    explanation = gn.explain(network("float32"), X, T, LOSS)
    p = network("float32").run(X, T, LOSS)
    step = next(s for s in explanation.steps if s.node == "dense_2")
    assert step.result == p["dense_2"].y[0][step.unit]


def structure(value: Any) -> Any:
    """The keys of a document, and the kinds of its values."""
    if isinstance(value, dict):
        return {key: structure(one) for key, one in value.items()}
    if isinstance(value, list):
        return [structure(value[0])] if value else []
    return type(value).__name__


def test_the_json_keeps_its_structure() -> None:
    explanation = gn.explain(
        network(), X, T, LOSS, row=1, unit="dense_2:0", optimizer=gn.SGD(0.1), terms=2
    )
    document = json.loads(json.dumps(explanation.to_json(), allow_nan=False))
    assert document["format"], document["version"] == ("glassnet-explanation", 1)
    steps = document.pop("steps")
    assert structure(document) == {
        "format": "str", "version": "int", "row": "int", "rows": "int", "unit": "str",
        "training": "bool", "step": "int", "loss": "float", "losses": {"dense_2": "str"},
        "optimizer": "str", "layers": {"dense_1": "str", "relu_1": "str", "dense_2": "str"},
        "equations": {"BP1": "str", "BP2": "str", "BP3": "str", "BP4": "str"},
        "omitted": [
            {"stage": "str", "node": "str", "unit": ["int"], "what": "str", "count": "int",
             "largest": "float"}
        ],
    }  # fmt: skip
    step = {
        "stage": "str", "node": "str", "unit": ["int"], "parameter": "NoneType", "symbol": "str",
        "title": "str", "equation": "NoneType", "formula": "str", "latex": "str",
        "numbers": "str", "letters": {}, "terms": [], "rest": "NoneType", "result": "float",
    }  # fmt: skip
    weighted, *_, update = steps
    assert structure(weighted) == step | {
        "rest": {"count": "int", "label": "str", "value": "float"},
        "terms": [
            {"label": "str", "formula": "str", "numbers": "str",
             "letters": {"x": "float", "W": "float"}, "value": "float"}
        ],
    }  # fmt: skip
    letters = {"w": "float", "dw": "float", "η": "float"}
    assert structure(update) == step | {"parameter": "str", "letters": letters}


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ({"row": 4}, DataError, "no row 4: the batch has rows 0 to 3"),
        ({"row": -1}, DataError, "no row -1"),
        ({"unit": "dense_9:1"}, SettingError, "no node 'dense_9'. Did you mean"),
        ({"unit": "dense_1:8"}, SettingError, "units dense_1:0 to dense_1:7"),
        ({"unit": "dense_1:-1"}, SettingError, "no unit dense_1:-1"),
        ({"unit": "dense_1:one"}, SettingError, "no unit dense_1:one"),
        ({"unit": "dense_1:1,2"}, SettingError, "no unit dense_1:1,2"),
        ({"terms": 0}, SettingError, "a whole number from 1"),
        (
            {"optimizer": gn.Adam(), "state": State({})},
            SettingError,
            "Adam remembers m, v of dense_2.W; the state has nothing",
        ),
    ],
)
def test_what_does_not_exist(how: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        gn.explain(network(), X, T, LOSS, **how)
