"""check_gradients: what is right passes, and each planted mistake is found, placed and named."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.types import Array
from tests.cases import LAYERS, LOSSES, LayerCase, LossCase
from tests.gradients import broken
from tests.training.setups import bits

N = 7


def batch(columns: int = 4) -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(N, columns)), rng.integers(3, size=N)


def check(*layers: gn.Layer, **settings: Any) -> gn.GradientReport:
    """Check a network of these layers that ends with three classes."""
    net = gn.Sequential(layers, input_shape=4, seed=0)
    return gn.check_gradients(net, *batch(), gn.SoftmaxCrossEntropy(), **settings)


def around(*middle: gn.Layer, **settings: Any) -> gn.GradientReport:
    return check(gn.Dense(5), gn.Tanh(), *middle, gn.Sigmoid(), gn.Dense(3), **settings)


# -- what is right passes ----------------------------------------------------------------------


@pytest.mark.parametrize("training", [False, True])
def test_a_sound_network_passes(training: bool) -> None:
    report = around(gn.BatchNorm(), gn.Dropout(0.3), gn.Dense(5), gn.ReLU(), training=training)
    assert report.passed
    assert report.failed == ()
    assert report.worst.error <= 1e-6
    names = [one.name for one in report.checked]
    assert names[:3] == ["dense_1.W", "dense_1.b", "batchnorm_1.gamma"]
    assert names[-1] == "input_1.dx"


@pytest.mark.parametrize("case", [case for case in LAYERS if case.shapes == ((4,),)], ids=str)
def test_every_layer_passes(case: LayerCase) -> None:
    assert check(gn.Dense(4), case.make(), gn.Dense(3), training=case.training).passed


@pytest.mark.parametrize("case", LOSSES, ids=str)
def test_every_loss_passes(case: LossCase) -> None:
    net = gn.Sequential([gn.Dense(5), gn.Tanh(), gn.Dense(case.columns)], input_shape=4, seed=1)
    t = case.targets(np.random.default_rng(2), (N, case.columns))
    assert gn.check_gradients(net, batch()[0], t, case.make()).passed


def test_weights_of_rows() -> None:
    assert around(gn.Dense(4), sample_weight=[2, 0, 1, 1, 1, 1, 0.5]).passed


def test_the_network_is_left_as_it_is() -> None:
    net = gn.Sequential([gn.Dense(5), gn.BatchNorm(), gn.Dense(3)], input_shape=4, seed=0)
    before = bits(net)
    gn.check_gradients(net, *batch(), gn.SoftmaxCrossEntropy(), training=True)
    assert bits(net) == before


def relus(x: Array, **settings: Any) -> gn.GradientReport:
    layers = [gn.Dense(16), gn.ReLU(), gn.Dense(16), gn.ReLU(), gn.Dense(3)]
    net = gn.Sequential(layers, input_shape=x.shape[1], seed=0)
    t = np.arange(len(x)) % 3
    return gn.check_gradients(net, x, t, gn.SoftmaxCrossEntropy(), **settings)


def test_a_row_of_zeros_stands_on_every_kink() -> None:
    report = relus(np.zeros((1, 4)))
    assert report.passed
    assert sum(one.kinks for one in report.checked) > 16
    assert "within a step of a kink" in str(report)


@pytest.mark.parametrize("h", [1e-2, 1e-3])
def test_kinks_within_a_wide_step(h: float) -> None:
    report = relus(np.random.default_rng(0).normal(size=(20, 4)), h=h, tolerance=1e-4)
    assert report.passed
    assert sum(one.kinks for one in report.checked) > 0


@pytest.mark.parametrize("share", [0.55, 0.7, 0.9, 0.99])
def test_a_kink_at_the_edge_of_the_step(share: float) -> None:
    layers = [gn.Dense(1), gn.ReLU(), gn.Dense(1)]
    net = gn.Sequential(layers, input_shape=1, seed=0, dtype="float64")
    weights = {"dense_1.W": 1, "dense_1.b": -share * 1e-5, "dense_2.W": 1e-6, "dense_2.b": 0}
    for name, value in weights.items():
        net.parameters()[name][...] = value
    report = gn.check_gradients(net, [[0.0]], [[-1.0]], gn.MeanSquaredError())
    assert report.passed, report


def test_large_inputs_bend_more_than_the_step_can_see() -> None:
    net = gn.Sequential([gn.Dense(5), gn.Tanh(), gn.Dense(3)], input_shape=4, seed=0)
    x, t = batch()
    assert gn.check_gradients(net, 100 * x, t, gn.SoftmaxCrossEntropy()).passed


def test_gradients_that_vanish_in_rounding() -> None:
    hidden = [layer for _ in range(8) for layer in (gn.Dense(4), gn.Sigmoid())]
    report = check(*hidden, gn.Dense(3))
    assert report.passed
    assert abs(report.checked[0].backward or 0) < 1e-6


def test_a_small_gradient_is_checked_as_strictly() -> None:
    layers = [broken.BadW(5, change=lambda dW, _: 2 * dW), gn.Tanh(), gn.Dense(3)]
    net = gn.Sequential(layers, input_shape=4, seed=0)
    x, t = batch()
    report = gn.check_gradients(net, 1e-6 * x, t, gn.SoftmaxCrossEntropy())
    assert [one.name for one in report.failed] == ["badw_1.W"]
    assert abs(report.worst.backward or 0) < 1e-5


def test_absolute_errors_that_hit_their_target() -> None:
    net = gn.Sequential([gn.Dense(2)], input_shape=4, seed=0, dtype="float64")
    x = batch()[0]
    assert gn.check_gradients(net, x, net(x), gn.MeanAbsoluteError()).passed


# -- each mistake is named ---------------------------------------------------------------------

MISTAKES: dict[str, tuple[gn.Layer, str, str]] = {
    "not divided": (
        broken.BadW(5, change=lambda dW, dy: dW * len(dy)),
        "badw_1.W",
        "not divided by the number of rows: every number is 7 times",
    ),
    "divided twice": (
        broken.BadBias(5, change=lambda _, dy: dy.mean(axis=0)),
        "badbias_1.b",
        "divided by the number of rows once too often",
    ),
    "factor": (broken.BadW(5, change=lambda dW, _: 2 * dW), "badw_1.W", "is 2 times what it"),
    "sign": (broken.BadW(5, change=lambda dW, _: -dW), "badw_1.W", "sign is wrong"),
    "transposed": (broken.BadW(5, change=lambda dW, _: dW.T), "badw_1.W", "it is transposed"),
    "transposed shape": (
        broken.BadW(6, change=lambda dW, _: dW.T),
        "badw_1.W",
        "it is transposed",
    ),
    "not summed": (
        broken.BadBias(5, change=lambda _, dy: dy),
        "badbias_1.b",
        "not summed over the rows",
    ),
    "wrong axis": (
        broken.BadBias(N, change=lambda _, dy: dy.sum(axis=1)),
        "badbias_1.b",
        "wrong axis: over the outputs",
    ),
    "one row": (
        broken.BadBias(5, change=lambda _, dy: dy[0]),
        "badbias_1.b",
        "that of one row of the batch",
    ),
    "another shape": (
        broken.BadBias(5, change=lambda _, dy: dy[:, :2]),
        "badbias_1.b",
        "its shape is (7, 2); that of the array is (5,)",
    ),
    "not set": (broken.Forgetful(5), "forgetful_1.W", "Call frame.grad(W=...)"),
    "zeros": (broken.BadW(5, change=lambda dW, _: 0 * dW), "badw_1.W", "0 everywhere"),
    "no number": (broken.BadW(5, change=lambda dW, _: dW / 0.0), "badw_1.W", "NaN or infinite"),
    "dx factor": (broken.BadInput(5, change=lambda dx, _: 3 * dx), "badinput_1.dx", "is 3 times"),
    "dx none": (broken.BadInput(5, change=lambda *_: None), "badinput_1.dx", "returns no dx"),
    "dx shape": (
        broken.BadInput(5, change=lambda dx, _: dx[:, :3]),
        "badinput_1.dx",
        "its shape is (7, 3)",
    ),
    "no mask": (broken.NoMask(), "nomask_1.dx", "a mask is missing"),
}


@pytest.mark.parametrize("name", MISTAKES)
@np.errstate(all="ignore")
def test_a_planted_mistake(name: str) -> None:
    layer, where, why = MISTAKES[name]
    report = around(layer)
    assert not report.passed
    culprit = next(one for one in report.failed if one.name == where)
    assert why in culprit.why
    culprits = [one for one in report.failed if "follows from" not in one.why]
    assert culprit in culprits
    assert len(culprits) == 1


def test_no_gamma() -> None:
    net = gn.Sequential([gn.Dense(5), broken.NoGamma(), gn.Dense(3)], input_shape=4, seed=0)
    net.load_parameters({"nogamma_1.gamma": [1, 2, 3, 4, 5]})
    report = gn.check_gradients(net, *batch(), gn.SoftmaxCrossEntropy())
    assert report.failed[0].name == "nogamma_1.dx"
    assert [one.name for one in report.checked if one.passed] == [
        "nogamma_1.gamma", "nogamma_1.beta", "dense_2.W", "dense_2.b",
    ]  # fmt: skip


def test_the_likely_cause_comes_first_and_the_rest_follows_from_it() -> None:
    report = around(broken.BadInput(5, change=lambda dx, _: 2 * dx))
    assert [one.name for one in report.failed] == [
        "badinput_1.dx", "dense_1.W", "dense_1.b", "input_1.dx",
    ]  # fmt: skip
    assert {one.why for one in report.failed[1:]} == {"it follows from badinput_1.dx."}
    assert report.worst == report.failed[0]


def test_two_mistakes_are_two() -> None:
    report = check(
        broken.BadW(5, change=lambda dW, _: 2 * dW),
        broken.NoMask(),
        gn.Dense(3),
    )
    why = {one.name: one.why for one in report.failed}
    assert "a mask is missing" in why["nomask_1.dx"]
    assert (
        why["badw_1.W"] == "it is wrong by itself, too. Mend nomask_1.dx first, then check again."
    )
    assert why["badw_1.b"] == "it follows from nomask_1.dx."


def test_a_dropout_that_has_forgotten_its_mask() -> None:
    report = around(broken.OpenDropout(0.4), training=True)
    culprit = report.failed[0]
    assert culprit.name == "opendropout_1.dx"
    assert "a mask is missing" in culprit.why
    assert "elsewhere it is 0.6 times" in culprit.why


def test_a_loss_that_overlooks_how_much_rows_count() -> None:
    net = gn.Sequential([gn.Dense(2)], input_shape=4, seed=0)
    x, _ = batch()
    report = gn.check_gradients(net, x, x[:, :2], broken.Undivided())
    assert report.failed[0].name == "Undivided.dy"
    assert "not divided by the number of rows" in report.failed[0].why
    assert "it follows from Undivided.dy." in {one.why for one in report.failed}


def test_randomness_of_one_s_own() -> None:
    report = around(broken.Restless())
    assert not report.passed
    assert report.worst.layer == "restless_1"
    assert "Draw random numbers from frame.rng" in report.worst.why
    json.dumps(report.to_json())


def chain(layer: gn.Layer) -> gn.GradientReport:
    """Use one layer twice."""
    x = gn.Input(4)
    y = gn.Dense(3)(layer(gn.Tanh()(layer(x))))
    net = gn.Network(x, y, seed=0)
    return gn.check_gradients(net, *batch(), gn.SoftmaxCrossEntropy())


def test_a_shared_layer_passes() -> None:
    assert chain(gn.Dense(4)).passed


def test_a_shared_layer_that_keeps_x_in_itself() -> None:
    report = chain(broken.Hoarder())
    assert report.failed[0].name == "hoarder_1.dx"
    assert around(broken.Hoarder()).passed


def test_a_shared_layer_that_forgets_one_of_its_uses() -> None:
    report = chain(broken.OnceOnly(4))
    why = {one.name: one.why for one in report.failed}
    assert list(why) == ["onceonly_1.W", "onceonly_1.b"]
    assert "is used 2 times, and the gradient is wrong in onceonly_1. " in why["onceonly_1.W"]


def test_an_error_of_backward_itself_is_raised_as_it_is() -> None:
    def fail(*_: Array) -> Array:
        raise ValueError("matmul: of my own making")

    with pytest.raises(ValueError, match="of my own making"):
        around(broken.BadInput(5, change=fail))


def test_a_mistake_that_no_pattern_fits_is_still_one() -> None:
    odd = np.random.default_rng(0).normal(size=(5, 5))
    report = around(broken.BadW(5, change=lambda dW, _: dW + odd))
    assert report.worst.name == "badw_1.W"
    assert report.worst.why == ""
    assert "no common mistake fits these numbers" in str(report)


# -- precision, samples, report ----------------------------------------------------------------


def test_float32_is_too_coarse_and_said_so() -> None:
    report = around(gn.Dense(5), precision="own", tolerance=1e-8)
    assert not report.passed
    assert report.precision == "float32"
    assert all("float32 is too coarse" in one.why for one in report.failed)
    assert around(gn.Dense(5), precision="own", tolerance=1e-4).passed


def test_a_mistake_in_the_own_precision_is_still_one() -> None:
    report = around(broken.BadW(5, change=lambda dW, _: -dW), precision="own", tolerance=1e-3)
    assert [one.name for one in report.failed] == ["badw_1.W"]
    assert "sign" in report.worst.why


def test_a_wrong_shape_in_the_own_precision_is_named() -> None:
    report = around(
        broken.BadInput(5, change=lambda dx, _: dx[:, :3]), precision="own", tolerance=1e-4
    )
    assert {"it follows from badinput_1.dx."} == {one.why for one in report.failed}


@pytest.mark.parametrize("change", [lambda dW, _: 2 * dW, lambda dW, _: dW.T])
def test_a_sample_finds_it_too(change: Any) -> None:
    report = around(broken.BadW(5, change=change), most=10)
    assert [one.numbers for one in report.checked] == [10, 5, 10, 5, 10, 3, 10]
    assert report.worst.name == "badw_1.W"
    assert report.worst.why
    assert around(gn.Dense(5), most=3).passed


def test_the_report_in_print() -> None:
    text = str(around(broken.BadBias(5, change=lambda _, dy: dy)))
    assert max(map(len, text.splitlines())) <= 100
    lines = text.splitlines()
    assert lines[0].split() == [
        "gradient", "furthest", "off", "at", "backward", "measured", "error", "numbers",
    ]  # fmt: skip
    assert lines[4].split()[:2] == ["badbias_1.b", "WRONG"]
    assert "badbias_1.b: it was not summed over the rows" in text
    assert "Failed: 101 numbers, 7 rows, float64" in text.replace("\n", " ")


def test_the_report_as_json() -> None:
    document = json.loads(json.dumps(around(broken.BadW(5, change=lambda dW, _: -dW)).to_json()))
    assert document["passed"] is False
    wrong = next(one for one in document["checked"] if not one["passed"])
    assert wrong["layer"] == "badw_1"
    assert wrong["backward"] == pytest.approx(-wrong["measured"])
    assert len(wrong["index"]) == 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tolerance": 0}, "expects tolerance, a small number above 0, got 0"),
        ({"h": "small"}, "expects h, a small number above 0"),
        ({"most": 0}, "expects most, a whole number from 1"),
        ({"precision": "float16"}, "There is no precision 'float16'"),
    ],
)
def test_settings_that_are_none(settings: Any, message: str) -> None:
    with pytest.raises(gn.SettingError, match=message):
        around(**settings)


def test_a_loss_that_is_no_number() -> None:
    net = gn.Sequential([gn.Dense(3)], input_shape=4, seed=0)
    net.load_parameters({"dense_1.b": [np.nan, 0, 0]})
    with pytest.raises(gn.DataError, match=r"loss of this batch is nan.*gn.diagnose"):
        gn.check_gradients(net, *batch(), gn.SoftmaxCrossEntropy())
