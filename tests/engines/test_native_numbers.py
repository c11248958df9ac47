"""The compiled engine where numbers leave the ordinary: NaN, infinity, denormals, zeros."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.data import Batches
from glassnet.engines import Examples, NativePredictor
from glassnet.types import Array
from tests.cases import OPTIMIZERS, OptimizerCase
from tests.engines.both import Problem, expect_agreement, expect_close, needs_native, restless
from tests.training.setups import quiet

pytestmark = needs_native

by_precision = pytest.mark.parametrize("dtype", ["float32", "float64"])
ACTIVATIONS = (
    gn.Identity, gn.Sigmoid, gn.Tanh, gn.ReLU, gn.LeakyReLU, gn.ELU, gn.GELU, gn.SiLU, gn.Softplus,
    gn.Softmax,
)  # fmt: skip


def stack(*layers: gn.Layer, inputs: int = 40, dtype: Any = "float64") -> gn.Network:
    return gn.Sequential(list(layers), input_shape=inputs, seed=0, dtype=dtype)


def kept(trainer: gn.Trainer) -> dict[str, Array]:
    arrays = dict(trainer.runner.state().arrays)
    for name, slots in trainer.runner.state().slots.items():
        arrays |= {f"{name}'s {slot}": array for slot, array in slots.items()}
    return arrays


def expect_the_same_end(
    make: Any, x: Any, t: Any, loss: Any, optimizer: Any, tolerance: float = 1e-10, **plan: Any
) -> gn.DivergenceError:
    """Train to the divergence on both engines: it has the same step, reason and weights."""
    ends = []
    for engine in ("numpy", "native"):
        trainer = gn.Trainer(make(), loss, optimizer, engine=engine)
        with pytest.raises(gn.DivergenceError) as caught:
            quiet(trainer, (x, t), **{"epochs": 50, "batch_size": 4, **plan})
        ends.append((trainer, caught.value))
    (reference, wanted), (native, found) = ends
    assert (found.step, found.layer) == (wanted.step, wanted.layer)
    # Which of the two depends on the order of a sum: ∞ - ∞ is NaN.
    assert str(found).replace("inf", "nan") == str(wanted).replace("inf", "nan")
    assert native.step == reference.step
    expect_close(kept(native), kept(reference), tolerance)
    return found


def drawn(rows: int = 24, inputs: int = 40, outputs: int = 2) -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(rows, inputs)), rng.normal(size=(rows, outputs))


@by_precision
@pytest.mark.parametrize("inputs", [5, 40])
@pytest.mark.parametrize("case", [case for case in OPTIMIZERS if case.native is True], ids=str)
def test_divergence(case: OptimizerCase, inputs: int, dtype: str) -> None:
    x, t = drawn(inputs=inputs)
    optimizer = replace(case.make(), learning_rate=1e30 if dtype == "float32" else 1e200)

    def make() -> gn.Network:
        return stack(gn.Dense(7), gn.LeakyReLU(0.2), gn.Dense(2), inputs=inputs, dtype=dtype)

    tolerance = 1e-10 if dtype == "float64" else 1e-3
    expect_the_same_end(make, x, t, gn.HalfSquaredError(), optimizer, tolerance, epochs=200)


@by_precision
@pytest.mark.parametrize("weight", [1e30, np.inf, -np.inf, np.nan])
def test_a_weight_that_is_no_number_where_the_inputs_are_zero(weight: float, dtype: str) -> None:
    """Zeros are left out of sums, but 0 · ∞ is NaN and has to be seen."""
    x, t = drawn()
    x[:, 20:] = 0

    def make() -> gn.Network:
        network = stack(gn.Dense(3), gn.Dense(2), dtype=dtype)
        network.parameters()["dense_1.W"][30] = weight
        return network

    ends = {}
    for engine in ("numpy", "native"):
        trainer = gn.Trainer(make(), gn.MeanSquaredError(), gn.SGD(0.01), engine=engine)
        batches = Batches(np.arange(24), 8)
        ends[engine] = trainer.runner.run(trainer.examples((x, t)), batches, np.full(3, 0.01), 0)
    assert len(ends["native"]) == len(ends["numpy"]) == (3 if np.isfinite(weight) else 1)
    np.testing.assert_allclose(ends["native"], ends["numpy"], rtol=1e-4)


def test_weights_that_penalties_drive_to_infinity_beside_zeros() -> None:
    """L2 of 4 at a rate of 1 is w ← -3 w: the weights of inputs that are always 0 overflow too."""
    x, t = drawn()
    x[:, 20:] = 0
    x *= 1e-9

    def make() -> gn.Network:
        network = stack(gn.Dense(2, bias=False), dtype="float32")
        network.parameters()["dense_1.W"][:20] = 0
        network.parameters()["dense_1.W"][30] = 1e20
        return network

    seen: dict[str, Any] = {}
    weights: dict[str, dict[str, Array]] = {}
    for engine in ("numpy", "native"):
        rules: dict[str, Any] = {"penalties": gn.L2(4.0), "engine": engine}
        trainer = gn.Trainer(make(), gn.MeanSquaredError(), gn.SGD(1.0), **rules)
        with pytest.raises(gn.DivergenceError) as caught:
            quiet(trainer, (x, t), epochs=50, batch_size=8)
        end = caught.value
        seen[engine] = (end.step, end.layer, str(end), trainer.step)
        weights[engine] = dict(trainer.network.arrays())
        # The same in one chunk, which is to end where the loss is no number.
        trainer = gn.Trainer(make(), gn.MeanSquaredError(), gn.SGD(1.0), **rules)
        batches = Batches(np.arange(24 * 20) % 24, 8)
        examples = trainer.examples((x, t))
        losses = trainer.runner.run(examples, batches, np.ones(60), 0)
        seen[engine] += (len(losses), np.isfinite(losses).tolist())
    assert seen["native"] == seen["numpy"]
    assert seen["native"][1] == "dense_1"
    assert seen["native"][4] == seen["native"][0] + 1 < 60
    expect_close(weights["native"], weights["numpy"], 1e-5)


@by_precision
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_answers_to_what_is_no_ordinary_number(activation: Any, dtype: str) -> None:
    tiny = np.finfo(dtype).smallest_subnormal
    large = np.finfo(dtype).max
    row = [0.0, -0.0, tiny, -tiny, 1e-30, -1e-30, np.inf, -np.inf, np.nan, large, -large,
           88.0, -88.0, -87.5, 100, -100, 709, -709, 800, -800, 20, -20, 1e-3, -1e-3]  # fmt: skip
    x = np.array(row, dtype)[:, None]
    network = stack(activation(), gn.Identity(), inputs=1, dtype=dtype)
    answers = NativePredictor(network)(x)
    with np.errstate(all="ignore"):
        wanted = network(x)
    floor = float(np.finfo(dtype).tiny)
    np.testing.assert_allclose(answers, wanted, rtol=2e-6 if dtype == "float32" else 1e-14,
                               atol=1e-15 if activation is gn.GELU and dtype == "float64" else
                               2e-7 if activation is gn.GELU else floor)  # fmt: skip


@by_precision
@pytest.mark.parametrize("rows", [1, 9])
@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_a_row_that_is_no_number_spoils_no_other(odd: float, rows: int, dtype: str) -> None:
    network = restless(
        stack(gn.Dense(33), gn.ReLU(), gn.LayerNorm(), gn.Dense(17), gn.Softmax(), dtype=dtype)
    )
    x = np.random.default_rng(0).normal(size=(rows, 40)).astype(dtype)
    before = NativePredictor(network)(x)
    x = np.concatenate([x, x])
    x[rows, 3] = odd
    with np.errstate(all="ignore"):
        wanted = network(x)
    found = NativePredictor(network)(x)
    np.testing.assert_array_equal(np.isfinite(found), np.isfinite(wanted))
    np.testing.assert_allclose(found[:rows], before, rtol=1e-5)
    assert not np.isfinite(found[rows]).any()


@by_precision
@pytest.mark.parametrize("where", ["rows", "columns", "all", "all but twos"])
def test_inputs_of_zeros(where: str, dtype: str) -> None:
    x, t = drawn(32)
    if where == "rows":
        x[::3] = 0
    elif where == "columns":
        x[:, 1:38] = 0
    elif where == "all":
        x[:] = 0
        x[:, ::2] *= -1  # of both signs
    else:
        x = np.where(x > 1, 2.0, 0.0)  # which has a single bit
    problem = Problem(
        lambda: restless(stack(gn.Dense(33), gn.Tanh(), gn.Dense(2), dtype=dtype)),
        x, t, gn.MeanSquaredError(), gn.Adam(1e-3, epsilon=1e-3),
    )  # fmt: skip
    tolerance = 1e-11 if dtype == "float64" else 1e-5
    native = expect_agreement(problem, tolerance)
    if where == "all":
        before = problem.make().parameters()["dense_1.W"]
        np.testing.assert_array_equal(native.state.arrays["dense_1.W"], before)


@by_precision
def test_inputs_that_are_denormal(dtype: str) -> None:
    """They are not 0, and where a weight is large they can be seen."""
    limits = np.finfo(dtype)
    x, t = drawn(32)
    x = (
        np.round(x * 4)
        * float(limits.smallest_subnormal)
        * (2**15 if dtype == "float32" else 2**45)
    )

    def make() -> gn.Network:
        network = restless(stack(gn.Dense(33), gn.Tanh(), gn.Dense(2), dtype=dtype))
        network.parameters()["dense_1.W"][...] *= float(limits.max) * 1e-4
        return network

    problem = Problem(make, x, t, gn.MeanSquaredError(), gn.SGD(0.01))
    native = expect_agreement(problem, 1e-10 if dtype == "float64" else 1e-5)
    assert np.abs(np.diff(native.answers["dense_2"], axis=0)).max() > 1e-6


@by_precision
@pytest.mark.parametrize("loss", [gn.MeanSquaredError(), gn.HalfSquaredError(), gn.Huber()])
def test_a_loss_that_overflows_is_the_last(loss: gn.Loss, dtype: str) -> None:
    x, t = drawn(24)
    t[13] = 0.9 * np.finfo(dtype).max
    ends = {}
    for engine in ("numpy", "native"):
        network = restless(stack(gn.Dense(2), dtype=dtype))
        network.parameters()["dense_1.b"][:] = -0.9 * np.finfo(dtype).max
        trainer = gn.Trainer(network, loss, gn.SGD(0.0), engine=engine)
        losses = trainer.runner.run(
            trainer.examples((x, t)), Batches(np.arange(12, 24), 1), np.zeros(12), 0
        )
        ends[engine] = losses
    assert len(ends["native"]) == len(ends["numpy"])
    np.testing.assert_allclose(ends["native"], ends["numpy"], rtol=1e-6)


def test_the_sum_of_losses_overflows_in_the_precision_of_the_network() -> None:
    """Two rows of 3e38 are too much for float32, in whose precision the reference adds them up."""
    x, t = np.zeros((4, 1)), np.full((4, 1), 1.7e19)
    lengths = {}
    for engine in ("numpy", "native"):
        network = stack(gn.Dense(1), inputs=1, dtype="float32")
        trainer = gn.Trainer(network, gn.MeanSquaredError(), gn.SGD(0.1), engine=engine)
        losses = trainer.runner.run(
            trainer.examples((x, t)), Batches(np.arange(4), 2), np.zeros(2), 0
        )
        lengths[engine] = losses.tolist()
    assert lengths["native"] == lengths["numpy"]


@by_precision
def test_a_gradient_that_overflows_beside_inputs_of_zero(dtype: str) -> None:
    """0 · ∞ in dW = xᵀ dy, while the loss is finite."""
    large = float(np.sqrt(np.finfo(dtype).max)) * 100
    ends = {}
    for engine in ("numpy", "native"):
        network = stack(gn.Dense(3, bias=False), gn.Tanh(), gn.Dense(3, bias=False), gn.Tanh(),
                        gn.Dense(2), dtype=dtype)  # fmt: skip
        network.parameters()["dense_2.W"][...] = large
        network.parameters()["dense_3.W"][...] = large
        trainer = gn.Trainer(network, gn.MeanSquaredError(), gn.SGD(0.1), engine=engine)
        examples = trainer.examples((np.zeros((8, 40)), np.ones((8, 2))))
        losses = trainer.runner.run(examples, Batches(np.arange(8), 4), np.full(2, 0.1), 0)
        ends[engine] = (np.isfinite(losses).tolist(), {
            name: np.isfinite(w).tolist() for name, w in network.arrays().items()})  # fmt: skip
    assert ends["native"] == ends["numpy"]


def test_outputs_too_large_to_compute_with_are_not_finite() -> None:
    network = stack(gn.Dense(40), gn.Dense(2), dtype="float32")
    for w in network.parameters().values():
        w[...] = 1e30
    examples = Examples({"input_1": np.full((9, 40), 1e30, np.float32)}, {})
    (y,) = NativePredictor(network).outputs(examples).values()
    assert not np.isfinite(y).any()


@by_precision
@pytest.mark.parametrize("activation", ACTIVATIONS[:-1])
def test_activations_to_the_last_digits(activation: Any, dtype: str) -> None:
    network = stack(activation(), gn.Identity(), inputs=1, dtype=dtype)
    x = np.linspace(-9, 9, 5001).astype(dtype)[:, None]
    far = np.abs(NativePredictor(network)(x) - network(x)) / np.maximum(np.abs(network(x)), 0.5)
    assert far.max() < 16 * np.finfo(dtype).eps
