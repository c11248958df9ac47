"""The native engine at the edges: after an infinity, copied, with shared or misnamed arrays."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.data import Batches
from glassnet.engines import Examples, NativePredictor
from tests.engines.both import needs_native

pytestmark = needs_native


def deep(**settings: Any) -> gn.Trainer:
    layers: list[gn.Layer] = [gn.Dense(3), gn.ReLU(), gn.Dense(3), gn.Sigmoid(), gn.Dense(2)]
    network = gn.Sequential([*layers, gn.Sigmoid()], input_shape=4, seed=0)
    return gn.Trainer(network, gn.HalfSquaredError(), gn.SGD(0.1), **settings)


def rows(count: int = 8) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    return rng.uniform(0.5, 1, (count, 4)), rng.uniform(size=(count, 2))


@pytest.mark.parametrize("clipping", [None, gn.ClipNorm(1e-3)])
@pytest.mark.parametrize("size", [1, 2, 8])
def test_an_infinity_leaves_nothing_behind(size: int, clipping: gn.ClipNorm | None) -> None:
    ends = {}
    for engine in ("numpy", "native"):
        trainer = deep(clipping=clipping, engine=engine)
        examples, before = trainer.examples(rows()), trainer.runner.state().copy()
        batches = Batches(np.arange(8), size)
        rates = np.full(len(batches), 0.1)
        trainer.network.arrays()["dense_1.W"][:, 0] = np.inf
        trainer.runner.run(examples, batches[:1], rates[:1], 0)
        trainer.runner.restore(before)
        trainer.runner.run(examples, batches, rates, 0)
        ends[engine] = trainer.network.arrays()
    for name, w in ends["numpy"].items():
        np.testing.assert_allclose(ends["native"][name], w, rtol=1e-5, atol=1e-6)


def test_an_epsilon_that_is_0_in_the_precision_is_the_reference_s() -> None:
    network = gn.Sequential([gn.Dense(2)], input_shape=4, seed=0)
    trainer = gn.Trainer(network, gn.HalfSquaredError(), gn.Adam(0.01, epsilon=1e-50))
    assert trainer.engine.name == "numpy"
    assert "epsilon of 1e-50" in trainer.why


def test_a_predictor_goes_on_failing_until_the_array_fits() -> None:
    network = gn.Sequential([gn.Dense(3)], input_shape=4, seed=0, dtype="float64")
    predict, x = NativePredictor(network), np.ones((2, 4))
    layer: Any = network.layers["dense_1"]
    layer.W = np.zeros((4, 3), np.float32)
    for _ in range(2):
        with pytest.raises(ValueError, match="another size"):
            predict(x)
    layer.W = np.zeros((4, 3))
    assert not predict(x).any()


def test_a_predictor_reads_arrays_that_must_not_be_written() -> None:
    network = gn.Sequential([gn.Dense(3)], input_shape=4, seed=0)
    for w in network.parameters().values():
        w.setflags(write=False)
    x = np.ones((2, 4), np.float32)
    np.testing.assert_allclose(NativePredictor(network)(x), network(x), rtol=1e-6)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_a_trainer_can_be_copied(copied: Any) -> None:
    trainer = deep(engine="native")
    trainer.optimizer = gn.Adam()
    first, data = deep(engine="native"), rows()
    first.fit(data, epochs=2, progress=False)
    twin = copied(first)
    for one in (first, twin):
        one.fit(data, epochs=2, progress=False)
    a, b = first.network.arrays(), twin.network.arrays()
    assert all(np.array_equal(a[name], b[name]) for name in a)
    assert a["dense_1.W"] is not b["dense_1.W"]


def test_targets_are_found_by_name() -> None:
    rng = np.random.default_rng(0)
    data = rng.normal(size=(8, 4)).astype("f4")
    t = {name: rng.normal(size=(8, 2)).astype("f4") for name in ("dense_2", "dense_1")}
    losses = {}
    for engine in ("numpy", "native"):
        x = gn.Input((4,))
        network = gn.Network(x, [gn.Dense(2)(x), gn.Dense(2)(x)], seed=0)
        trainer = gn.Trainer(network, [gn.HalfSquaredError()] * 2, gn.SGD(0.1), engine=engine)
        losses[engine] = trainer.runner.run(
            Examples({"input_1": data}, t), Batches(np.arange(8), 8), np.full(1, 0.1), 0
        )
    np.testing.assert_allclose(losses["native"], losses["numpy"], rtol=1e-5)


def test_large_weights_do_not_make_a_loss_infinite() -> None:
    losses = {}
    for engine in ("numpy", "native"):
        network = gn.Sequential([gn.Dense(1)], input_shape=1, seed=0)
        trainer = gn.Trainer(network, gn.MeanSquaredError(), gn.SGD(0.0), engine=engine)
        examples = trainer.examples((np.zeros((4, 1)), np.full((4, 1), 1e18)), np.full(4, 1e5))
        losses[engine] = trainer.runner.run(examples, Batches(np.arange(4), 4), np.zeros(1), 0)
    assert np.isfinite(losses["native"]).all()
    np.testing.assert_allclose(losses["native"], losses["numpy"], rtol=1e-5)


def test_layers_that_share_an_array_are_the_reference_s() -> None:
    network = gn.Sequential([gn.Dense(4), gn.Dense(4)], input_shape=4, seed=0)
    one, other = network.layers.values()
    other.W = one.W
    assert "share an array" in gn.Trainer(network, gn.HalfSquaredError()).why


def test_rows_of_another_width_are_refused() -> None:
    trainer = deep(engine="native")
    with pytest.raises(ValueError, match="width"):
        trainer.runner.outputs(Examples({"input_1": np.zeros((7, 3), np.float32)}, {}))


def test_rows_that_are_not_aligned_are_read_all_the_same() -> None:
    trainer = deep(engine="native")
    raw = np.arange(8 * 4 * 4 + 1, dtype=np.uint8)
    x = np.ndarray((8, 4), np.float32, raw.data, offset=1)
    x[...] = rows()[0]
    (y,) = trainer.runner.outputs(Examples({"input_1": x}, {})).values()
    np.testing.assert_allclose(y, trainer.network(x), rtol=1e-5)
