"""diagnose: each finding is provoked once, and none of them speaks up on a healthy run."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.types import Array
from tests.training.setups import bits

CE, MSE = gn.SoftmaxCrossEntropy(), gn.MeanSquaredError()


def points(rows: int = 200, columns: int = 2, seed: int = 0) -> tuple[Array, Array]:
    """Rows about 0, and on which side of a line they lie."""
    x = np.random.default_rng(seed).normal(size=(rows, columns))
    return x, (x.sum(axis=1) > 0).astype(int)


def curve(rows: int = 200) -> tuple[Array, Array]:
    x, _ = points(rows)
    return x, np.sin(x[:, :1])


def network(*layers: gn.Layer, columns: int = 2) -> gn.Network:
    return gn.Sequential(layers, input_shape=columns, seed=0)


def classifier(columns: int = 2) -> gn.Network:
    return network(gn.Dense(16), gn.Tanh(), gn.Dense(2), columns=columns)


def loaded(net: gn.Network, **values: Any) -> gn.Network:
    """Set parameters: ``dense_1_b=-50`` fills the array dense_1.b."""
    for name, value in values.items():
        net.parameters()[".".join(name.rsplit("_", 1))][...] = value
    return net


def finding_of(diagnosis: gn.Diagnosis, name: str) -> gn.Finding:
    assert name in diagnosis.names, diagnosis
    return next(one for one in diagnosis if one.name == name)


def deep(bend: Callable[[], gn.Layer], init: Any, layers: int = 12) -> gn.Network:
    hidden = [layer for _ in range(layers) for layer in (gn.Dense(16, init), bend())]
    return network(*hidden, gn.Dense(2))


# -- each finding ------------------------------------------------------------------------------


def nan_input() -> gn.Diagnosis:
    x, t = points()
    x[7, 1] = np.nan
    return gn.diagnose(classifier(), x, t, CE)


def nan_weight() -> gn.Diagnosis:
    net = classifier()
    net.parameters()["dense_2.W"][3, 1] = np.inf
    return gn.diagnose(net, *points(), CE)


def overflow() -> gn.Diagnosis:
    net = loaded(network(gn.Dense(4), gn.Dense(2)), dense_1_W=1e30, dense_2_W=1e30)
    return gn.diagnose(net, *points(), CE)


def dead(share: float) -> gn.Diagnosis:
    net = network(gn.Dense(20), gn.ReLU(), gn.Dense(2))
    net.parameters()["dense_1.b"][: int(20 * share)] = -50
    return gn.diagnose(net, *points(), CE)


def saturated(bend: gn.Layer, size: float) -> gn.Diagnosis:
    net = network(gn.Dense(16, gn.Normal(0, size)), bend, gn.Dense(2))
    return gn.diagnose(net, *points(), CE)


def scaled_inputs(factor: float) -> gn.Diagnosis:
    x, t = points()
    return gn.diagnose(classifier(), factor * x, t, CE)


def constant() -> gn.Diagnosis:
    x, t = points(columns=5)
    x[:, [1, 4]] = 3
    return gn.diagnose(classifier(5), x, t, CE)


def duplicated() -> gn.Diagnosis:
    x, t = points(columns=5)
    x[:, 3] = x[:, 0]
    return gn.diagnose(classifier(5), x, t, CE)


def labelled(t: Any, rows: int = 200) -> gn.Diagnosis:
    return gn.diagnose(classifier(), points(rows)[0], t, CE)


def contradictory(share: float) -> gn.Diagnosis:
    x, t = points()
    wrong = int(100 * share)
    x, t = np.tile(x[:100], (2, 1)), np.tile(t[:100], 2)
    t[:wrong] = 1 - t[:wrong]
    return gn.diagnose(classifier(), x, t, CE)


def contradictory_values() -> gn.Diagnosis:
    x, t = curve(100)
    return gn.diagnose(network(gn.Dense(1)), np.tile(x, (2, 1)), np.concatenate([t, -t]), MSE)


def large_targets() -> gn.Diagnosis:
    x, t = curve()
    return gn.diagnose(network(gn.Dense(8), gn.Tanh(), gn.Dense(1)), x, 100 + 50 * t, MSE)


def overfitted() -> gn.Diagnosis:
    rng = np.random.default_rng(0)
    net = network(gn.Dense(64), gn.ReLU(), gn.Dense(2), columns=10)
    x, t = points(60, 10)
    x2 = rng.normal(size=(60, 10))
    t, t2 = rng.integers(2, size=60), rng.integers(2, size=60)
    gn.Trainer(net, CE, gn.Adam(0.01)).fit((x, t), epochs=100, progress=False)
    return gn.diagnose(net, x, t, CE, validation=(x2, t2))


def turned_up() -> gn.Diagnosis:
    epochs = [
        {"epoch": k + 1.0, "loss": 0.7 / (k + 1), "validation_loss": 0.7 + 0.1 * abs(k - 2)}
        for k in range(12)
    ]
    return gn.diagnose(classifier(), *points(), CE, history=epochs)


def leak(rows: int) -> gn.Diagnosis:
    (x, t), (x2, t2) = points(), points(100, seed=1)
    x2[:rows], t2[:rows] = x[:rows], t[:rows]
    return gn.diagnose(classifier(), x, t, CE, validation=(x2, t2))


def ended(last: float, how: str = "finished") -> gn.Diagnosis:
    losses = [0.7, 0.5, last]
    history = gn.History([{"loss": loss} for loss in losses], ended=how)
    return gn.diagnose(classifier(), *points(), CE, history=history)


def random_labels(optimizer: Any) -> gn.Diagnosis:
    """Labels that nothing can learn in a few steps."""
    t = np.random.default_rng(1).integers(2, size=200)
    return gn.diagnose(classifier(), points()[0], t, CE, optimizer=optimizer)


def with_history(*losses: float) -> gn.Diagnosis:
    history = gn.History([{"loss": loss} for loss in losses])
    return gn.diagnose(classifier(), *points(), CE, history=history)


def all_dead(optimizer: Any) -> gn.Diagnosis:
    net = network(gn.Dense(20), gn.ReLU(), gn.Dense(20), gn.Tanh(), gn.Dense(2))
    return gn.diagnose(loaded(net, dense_1_b=-50), *points(), CE, optimizer=optimizer)


def with_optimizer(optimizer: Any) -> gn.Diagnosis:
    return gn.diagnose(classifier(), *points(), CE, optimizer=optimizer)


def runaway() -> gn.Diagnosis:
    return gn.diagnose(network(gn.Dense(1)), *curve(), MSE, optimizer=gn.SGD(3.0))


def last(*layers: gn.Layer, loss: Any = CE, t: Any = None, units: int = 2) -> gn.Diagnosis:
    x, classes = points()
    net = network(gn.Dense(8), gn.Tanh(), gn.Dense(units), *layers)
    return gn.diagnose(net, x, classes if t is None else t, loss)


ONE_HOT = gn.one_hot(points()[1], 2)
RARE = (np.arange(200) % 20 == 0).astype(int)

PROVOKED: dict[str, tuple[Callable[[], gn.Diagnosis], str, str, str, str]] = {
    "nan in the rows": (nan_input, "not-finite", "problem", "input_1", "first at [7, 1]"),
    "infinite weight": (nan_weight, "not-finite", "problem", "dense_2.W", "1 of 32 numbers"),
    "overflow": (overflow, "not-finite", "problem", "dense_2", "of the node dense_2"),
    "most are dead": (lambda: dead(0.6), "dead-relu", "problem", "relu_1", " of 20 units"),
    "some are dead": (lambda: dead(0.2), "dead-relu", "warning", "relu_1", " of 20 units"),
    "one is dead": (lambda: dead(0.05), "dead-relu", "note", "relu_1", "1 of 20 units"),
    "tanh": (lambda: saturated(gn.Tanh(), 500), "saturated", "problem", "tanh_1", "% of its"),
    "sigmoid": (lambda: saturated(gn.Sigmoid(), 10), "saturated", "warning", "sigmoid_1", "% of"),
    "vanishing": (
        lambda: gn.diagnose(deep(gn.Sigmoid, gn.Normal(0, 0.1)), *points(), CE),
        "vanishing-gradient", "problem", "dense_1", "over 13 layers: the first ones hardly learn",
    ),
    "exploding": (
        lambda: gn.diagnose(deep(gn.Identity, gn.Normal(0, 1)), *points(), CE),
        "exploding-gradient", "problem", "dense_1", "it grows on its way back",
    ),
    "long steps": (
        lambda: random_labels(gn.Adam(0.1)), "updates-too-large", "warning", "dense_2.W", "of its",
    ),
    "wild steps": (
        lambda: with_optimizer(gn.SGD(1e4)), "updates-too-large", "problem", "dense_1.W", "SGD(10",
    ),
    "short steps": (
        lambda: with_optimizer(gn.SGD(1e-8)), "updates-too-small", "warning", "dense_1.W", "much",
    ),
    "high rate": (
        runaway, "learning-rate-too-high", "problem", "", "at a tenth of the rate it falls",
    ),
    "low rate": (
        lambda: with_optimizer(gn.Adam(1e-5)), "learning-rate-too-low", "warning", "", "at a hund",
    ),
    "very low rate": (
        lambda: with_optimizer(gn.SGD(1e-5)), "learning-rate-too-low", "warning", "", "at 10,000 t",
    ),
    "hardly moved": (
        lambda: with_history(0.71, 0.709, 0.708, 0.707, 0.706), "learning-rate-too-low", "warning",
        "", "In 5 epochs the loss went from 0.71 to 0.706 only",
    ),
    "ruined at once": (
        lambda: with_history(10, 0.68, *[0.8, 0.78, 0.81] * 3), "learning-rate-too-high", "problem",
        "", "worse than always giving the same answer (0.69",
    ),
    "diverged at once": (
        lambda: gn.diagnose(
            classifier(), *points(), CE, history=gn.History([{"loss": 9.0}], ended="diverged")
        ),
        "learning-rate-too-high", "problem", "", "In the first epoch training ended",
    ),
    "rose": (lambda: ended(2.0), "learning-rate-too-high", "problem", "", "the loss ended at 2"),
    "diverged": (
        lambda: ended(0.4, "diverged"), "learning-rate-too-high", "problem", "", "no number",
    ),
    "large inputs": (
        lambda: scaled_inputs(30), "inputs-not-scaled", "warning", "dense_1", "2 of 2 columns",
    ),
    "huge inputs": (
        lambda: scaled_inputs(1e3), "inputs-not-scaled", "problem", "dense_1", "runs from -",
    ),
    "tiny inputs": (
        lambda: scaled_inputs(1e-4), "inputs-not-scaled", "warning", "dense_1", "All columns",
    ),
    "constant": (constant, "constant-feature", "note", "input_1", "2 of 5 columns"),
    "duplicated": (duplicated, "duplicated-feature", "warning", "input_1", "200 rows: 3."),
    "one class": (lambda: labelled([1] * 200), "one-class", "problem", "dense_2", "of class 1"),
    "imbalance": (lambda: labelled(RARE), "class-imbalance", "warning", "dense_2", "in 95 %"),
    "absent class": (
        lambda: last(units=5), "absent-class", "warning", "dense_2", "3 of 5 classes",
    ),
    "unlearnable": (
        lambda: contradictory(0.5), "contradictory-labels", "problem", "dense_2", "25 % of the",
    ),
    "hardly learnable": (
        lambda: contradictory(0.1), "contradictory-labels", "warning", "dense_2", "5 % of the",
    ),
    "unlearnable values": (
        contradictory_values, "contradictory-labels", "problem", "dense_1", "of their variance",
    ),
    "large targets": (large_targets, "targets-not-scaled", "warning", "dense_2", "run from 5"),
    "overfitted": (overfitted, "overfitting", "problem", "", "on the validation rows"),
    "turned up": (turned_up, "overfitting", "warning", "", "was best in epoch 3"),
    "leak": (lambda: leak(30), "validation-leak", "problem", "", "30 of 100 validation rows"),
    "small leak": (lambda: leak(1), "validation-leak", "warning", "", "1 of 100"),
    "the same rows": (
        lambda: gn.diagnose(classifier(), *points(), CE, validation=points()),
        "validation-is-training", "note", "", "the same 200 rows",
    ),
    "softmax twice": (lambda: last(gn.Softmax()), "softmax-twice", "problem", "softmax_1", "twice"),
    "sigmoid twice": (
        lambda: last(gn.Sigmoid(), loss=gn.SigmoidCrossEntropy(), t=ONE_HOT),
        "sigmoid-twice", "problem", "sigmoid_1", "bent twice",
    ),
    "logits from 0 to 1": (
        lambda: last(gn.Sigmoid()), "logits-bounded", "problem", "sigmoid_1", "from 0 to 1 only",
    ),
    "logits from 0": (lambda: last(gn.ReLU()), "logits-bounded", "problem", "relu_1", "to inf"),
    "negative targets": (
        lambda: last(gn.ReLU(), loss=MSE, t=curve()[1], units=1),
        "targets-out-of-reach", "problem", "relu_1", "% of the targets lie outside 0..inf",
    ),
    "relu at the end": (
        lambda: last(gn.ReLU(), loss=MSE, t=ONE_HOT), "relu-last", "warning", "relu_1", "answers 0",
    ),
    "too few outputs": (
        lambda: labelled(np.arange(200) % 7), "too-few-outputs", "problem", "dense_2", "index is 6",
    ),
    "same units": (
        lambda: gn.diagnose(loaded(classifier(), dense_1_W=0.1), *points(), CE),
        "same-units", "problem", "dense_1", "All 16 units",
    ),
    "two affine maps": (
        lambda: gn.diagnose(network(gn.Dense(8), gn.Dense(2)), *points(), CE),
        "linear-stack", "note", "dense_2", "dense_1 feeds it",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", PROVOKED)
def test_a_finding(case: str) -> None:
    provoke, name, severity, where, evidence = PROVOKED[case]
    diagnosis = provoke()
    finding = finding_of(diagnosis, name)
    assert finding.severity == severity, finding
    assert finding.where == where
    assert evidence in finding.evidence
    assert finding.advice.endswith(".")
    assert max(map(len, str(diagnosis).splitlines())) <= 100
    json.dumps(diagnosis.to_json(), allow_nan=False)


def test_columns_have_their_names_where_they_are_known() -> None:
    x, t = points(columns=3)
    x[:, 1], x[:, 2] = 3, 1000 * x[:, 0]
    named = gn.diagnose(classifier(3), x, t, CE, columns=("age", "sex", "height"))
    assert "200 rows: 'sex'." in finding_of(named, "constant-feature").evidence
    assert "column 'height' runs from" in finding_of(named, "inputs-not-scaled").evidence
    numbered = gn.diagnose(classifier(3), x, t, CE)
    assert "column 2 runs from" in finding_of(numbered, "inputs-not-scaled").evidence


class Log(gn.Layer):
    """The logarithm, of whatever comes."""

    def forward(self, x: Array, frame: gn.Frame) -> Array:
        frame.keep(x=x)
        return np.asarray(np.log(x))

    def backward(self, dy: Array, frame: gn.Frame) -> Array:
        return np.asarray(dy / frame["x"])


def test_a_formula_that_makes_nan_of_ordinary_numbers_is_named() -> None:
    diagnosis = gn.diagnose(network(gn.Dense(8), Log(), gn.Dense(2)), *points(), CE)
    assert finding_of(diagnosis, "not-finite").advice.startswith(
        "Log() makes them out of finite numbers"
    )
    assert "inputs to about -1..1" in finding_of(overflow(), "not-finite").advice


def test_what_helps_nobody_is_not_called_overfitting_alone() -> None:
    finding = finding_of(overfitted(), "overfitting")
    assert finding.evidence.endswith("On new rows it is worse than that.")
    assert finding.advice.startswith("See first whether rows and targets still belong together.")


def test_what_dead_units_cause_is_not_said_beside_them() -> None:
    assert all_dead(gn.SGD(0.1)).names == ("dead-relu",)


def test_advice_fits_the_activations_that_are_there() -> None:
    flat = gn.diagnose(deep(gn.Sigmoid, gn.Normal(0, 0.1)), *points(), CE)
    rectified = gn.diagnose(deep(gn.ReLU, gn.Normal(0, 0.1)), *points(), CE)
    assert "Take ReLU" in finding_of(flat, "vanishing-gradient").advice
    assert "Take ReLU" not in finding_of(rectified, "vanishing-gradient").advice


@pytest.mark.parametrize("optimizer", [gn.SGD(1.0), gn.Adam(0.1)])
def test_long_steps_that_learn_well_are_left_in_peace(optimizer: gn.Optimizer) -> None:
    assert with_optimizer(optimizer).names == ()


def test_advice_on_long_steps_is_careful() -> None:
    assert (
        "ten times and look again"
        in finding_of(random_labels(gn.Adam(0.1)), "updates-too-large").advice
    )


def test_weights_of_about_0_are_named() -> None:
    x, _ = curve()
    t = np.random.default_rng(0).normal(size=(200, 1))
    net = network(gn.Dense(1, gn.Normal(0, 1e-8)))
    diagnosis = gn.diagnose(net, x, t, MSE, optimizer=gn.SGD(0.5))
    finding = finding_of(diagnosis, "updates-too-large")
    assert "Its weights are about 0" in finding.evidence
    assert finding.advice.startswith("Begin with larger weights")


def test_a_step_of_length_0_does_not_move() -> None:
    finding = finding_of(with_optimizer(gn.SGD(1e-30)), "updates-too-small")
    assert "does not move it at all" in finding.evidence


def test_one_output() -> None:
    x, t = points()
    diagnosis = gn.diagnose(network(gn.Dense(1)), x, t, CE)
    assert finding_of(diagnosis, "too-few-outputs").evidence.startswith("It has 1 output, ")


# -- silence -----------------------------------------------------------------------------------


def healthy(name: str, **settings: Any) -> gn.Diagnosis:
    """Train as gn.train does unless told otherwise, and look."""
    data = gn.datasets.load(name)
    model = gn.train(data, progress=False, **settings)
    outputs, values = model.outputs, isinstance(model.outputs, gn.Values)

    def lesson(rows: gn.Rows) -> gn.Rows:
        if isinstance(outputs, gn.Classes):
            return rows
        return gn.Rows(rows.x, (rows.t - np.asarray(outputs.mean)) / np.asarray(outputs.std))

    rows = lesson(data.train)
    return gn.diagnose(
        model.network,
        rows.x,
        rows.t,
        MSE if values else CE,
        validation=lesson(data.validation),
        history=model.provenance["history"],
    )


@pytest.mark.parametrize(
    ("name", "notes"),
    [
        ("digits", {"constant-feature", "dead-relu"}),
        ("iris", set()),
        ("xor", {"validation-is-training"}),
        ("line", {"dead-relu"}),
        ("moons", set()),
        ("diabetes", set()),
    ],
)
def test_a_healthy_run_is_left_in_peace(name: str, notes: set[str]) -> None:
    diagnosis = healthy(name)
    assert diagnosis.problems == ()
    assert {one.name for one in diagnosis if one.severity == "warning"} == set()
    assert set(diagnosis.names) <= notes


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "gelu"])
def test_other_activations_too(activation: str) -> None:
    assert healthy("iris", activation=activation, layers=(32, 32), epochs=60).names == ()


def test_a_new_network_is_healthy() -> None:
    diagnosis = gn.diagnose(classifier(), *points(), CE, validation=points(seed=1))
    assert diagnosis.names == ()
    assert str(diagnosis) == "Nothing found: as far as the doctor can see, all is well."


def test_the_network_is_left_as_it_is() -> None:
    net = network(gn.Dense(8), gn.BatchNorm(), gn.ReLU(), gn.Dropout(0.2), gn.Dense(2))
    before = bits(net)
    gn.diagnose(net, *points(), CE)
    assert bits(net) == before


def test_one_row_and_pixels() -> None:
    gn.diagnose(classifier(), *points(1), CE)
    data = gn.datasets.load("digits").train.take(slice(0, 40))
    net = network(gn.Dense(8), gn.ReLU(), gn.Dense(10), columns=64)
    assert "constant-feature" in gn.diagnose(net, data.x, data.t, CE).names


def test_several_inputs_and_outputs() -> None:
    a, b = gn.Input(2, name="a"), gn.Input(2, name="b")
    h = gn.Tanh()(gn.Dense(8)(gn.Concatenate()(a, b)))
    net = gn.Network([a, b], [gn.Dense(2, name="side")(h), gn.Dense(1, name="size")(h)], seed=0)
    x, t = points()
    other = points(seed=5)[0]
    losses = {"side": CE, "size": MSE}
    targets = {"side": t, "size": 1000 * x[:, :1]}
    diagnosis = gn.diagnose(net, {"a": x, "b": other}, targets, losses)
    assert finding_of(diagnosis, "targets-not-scaled").where == "size"


# -- the diagnosis -----------------------------------------------------------------------------


def test_the_gravest_first() -> None:
    x, t = points(columns=3)
    x[:, 2] = 1
    net = network(gn.Dense(8), gn.Tanh(), gn.Dense(2), gn.Softmax(), columns=3)
    diagnosis = gn.diagnose(net, x, t, CE)
    assert diagnosis[0].severity == "problem"
    assert diagnosis[-1].name == "constant-feature"
    assert diagnosis.problems == (finding_of(diagnosis, "softmax-twice"),)
    lines = str(diagnosis).splitlines()
    assert lines[0].startswith("Found 1 problem")
    assert lines[2] == "PROBLEM  softmax-twice  softmax_1"
    assert lines[3].startswith("  The last layer is Softmax()")
    assert "  -> Take the last Softmax out" in str(diagnosis)
    assert repr(diagnosis).startswith("<Diagnosis: softmax-twice")


def test_json() -> None:
    document = json.loads(json.dumps(nan_weight().to_json()))
    assert document["problems"] == 1
    assert document["findings"][0]["name"] == "not-finite"
    assert document["findings"][0]["numbers"] == {"numbers": 1, "of": 32}


@pytest.mark.parametrize(
    ("x", "t", "error", "message"),
    [
        (np.zeros((5, 3)), np.zeros(5, int), gn.ShapeError, "expects rows of 2 numbers"),
        (np.zeros((5, 2)), np.zeros(4, int), gn.ShapeError, "5 rows came with 4 targets"),
        (np.zeros((0, 2)), np.zeros(0, int), gn.DataError, "at least one row"),
        ([["a", "b"]], [0], gn.DataError, "expects rows of numbers"),
        (np.zeros((2, 2)), [0.5, 1], gn.DataError, "Class indices are whole numbers"),
    ],
)
def test_rows_that_do_not_fit(x: Any, t: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        gn.diagnose(classifier(), x, t, CE)


def test_an_optimiser_that_does_not_exist() -> None:
    with pytest.raises(gn.SettingError, match="Did you mean 'adam'"):
        gn.diagnose(classifier(), *points(), CE, optimizer="adamm")
