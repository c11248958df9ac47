"""Frozen layers: their arrays stay, whatever is trained: on both engines, in files, in checks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import SettingError
from glassnet.nn.config import network_from_config
from glassnet.nn.summary import summarize
from glassnet.types import Array
from tests.engines.both import needs_native

LOSS = gn.SoftmaxCrossEntropy()
ENGINES = ["numpy", pytest.param("native", marks=needs_native)]


def batch(rows: int = 12) -> tuple[Array, Array]:
    rng = np.random.default_rng(3)
    return rng.normal(size=(rows, 4)), rng.integers(0, 3, rows)


def network(dtype: Any = "float64", **settings: Any) -> gn.Network:
    layers = [
        gn.Dense(8, **settings),
        gn.BatchNorm(),
        gn.Tanh(),
        gn.Dense(6),
        gn.LayerNorm(),
        gn.ReLU(),
        gn.Dense(3),
    ]
    return gn.Sequential(layers, input_shape=4, seed=1, dtype=dtype)


def trained(net: gn.Network, engine: str, **settings: Any) -> set[str]:
    """Train for a while; return the names of the arrays that are others now."""
    before = net.copy().arrays()
    trainer = gn.Trainer(net, LOSS, "adam", engine=engine, **settings)
    assert trainer.engine.name == engine
    trainer.fit(batch(), epochs=3, batch_size=5, progress=False)
    return {name for name, array in net.arrays().items() if (array != before[name]).any()}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "frozen",
    [
        ("dense_1",),
        ("dense_1", "batchnorm_1"),
        ("dense_2",),
        ("batchnorm_1",),
        ("layernorm_1",),
        ("dense_1", "batchnorm_1", "dense_2", "layernorm_1"),
    ],
    ids=" ".join,
)
def test_what_is_frozen_stays_and_all_else_moves(frozen: tuple[str, ...], engine: str) -> None:
    net = network()
    net.freeze(*frozen)
    moved = trained(net, engine)
    assert moved == {name for name in net.arrays() if name.split(".")[0] not in frozen}


@needs_native
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "rules", [{}, {"clipping": gn.ClipNorm(0.1)}, {"penalties": [gn.L2(0.01), gn.MaxNorm(1.0)]}]
)
def test_both_engines_train_the_rest_alike(dtype: str, rules: dict[str, Any]) -> None:
    nets = {}
    for engine in ("numpy", "native"):
        nets[engine] = network(dtype)
        nets[engine].freeze("dense_1", "batchnorm_1", "layernorm_1")
        trained(nets[engine], engine, **rules)
    tolerance = 1e-9 if dtype == "float64" else 2e-4
    for name, array in nets["numpy"].arrays().items():
        np.testing.assert_allclose(
            nets["native"].arrays()[name], array, rtol=tolerance, atol=tolerance, err_msg=name
        )


def test_parameters_are_what_is_trained_and_arrays_are_all() -> None:
    net = network(trainable=False)
    assert "dense_1.W" not in net.parameters()
    assert "dense_1.W" in net.buffers()
    assert net.arrays().keys() == network().arrays().keys()
    assert net.size() == network().size() - 4 * 8 - 8
    assert summarize(net)[0].parameters == 0
    assert "Dense(8, trainable=False)" in repr(net)


def test_a_pass_computes_what_a_frozen_layer_hands_back_and_no_gradient_of_its_own() -> None:
    net, (x, t) = network(), batch()
    free = net.run(x, t, LOSS)
    net.freeze("dense_2")
    frozen = net.run(x, t, LOSS)
    assert free.gradients.keys() - frozen.gradients.keys() == {"dense_2.W", "dense_2.b"}
    for name, gradient in frozen.gradients.items():
        np.testing.assert_array_equal(gradient, free.gradients[name])
    np.testing.assert_array_equal(frozen["dense_2"].dx, free["dense_2"].dx)


def test_the_gradients_of_the_rest_are_right() -> None:
    net, (x, t) = network(), batch()
    net.freeze("dense_1", "batchnorm_1")
    assert gn.check_gradients(net, x, t, LOSS, training=True).passed
    measured = gn.numerical_gradient(net, x, t, LOSS, training=True)
    p = net.run(x, t, LOSS, training=True)
    assert measured.keys() == p.gradients.keys() == net.parameters().keys()


def test_a_frozen_batch_norm_uses_its_running_statistics() -> None:
    net, (x, t) = network(), batch()
    trained(net, "numpy")
    net.freeze("batchnorm_1")
    training = net.run(x, t, LOSS, training=True)
    np.testing.assert_array_equal(training["batchnorm_1"].y, net.run(x, t, LOSS)["batchnorm_1"].y)


def test_nothing_is_carried_back_to_where_nothing_learns(monkeypatch: pytest.MonkeyPatch) -> None:
    net, went = network(), []
    for name, layer in net.layers.items():
        own = type(layer).backward

        def backward(self: Any, dy: Any, frame: Any, own: Any = own, name: str = name) -> Any:
            went.append(name)
            return own(self, dy, frame)

        monkeypatch.setattr(layer, "backward", backward.__get__(layer), raising=False)
    net.freeze("dense_1", "batchnorm_1", "dense_2", "layernorm_1")
    trained(net, "numpy")
    assert set(went) == {"dense_3"}


def test_unfreezing_trains_again() -> None:
    net = network()
    net.freeze()
    assert "Tanh() -> Dense(6, trainable=False)" in repr(net)
    with pytest.raises(SettingError, match=r"Every layer is frozen.*net\.unfreeze"):
        gn.Trainer(net, LOSS)
    net.unfreeze()
    assert trained(net, "numpy") == net.arrays().keys()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_trainer_takes_note_between_two_calls_of_fit(engine: str) -> None:
    net = network()
    trainer = gn.Trainer(net, LOSS, "adam", engine=engine)
    trainer.fit(batch(), epochs=2, progress=False)
    momentum = trainer.runner.state().slots["dense_3.W"]["m"].copy()
    net.freeze("dense_1")
    before = net.layers["dense_1"].W.copy()
    trainer.fit(batch(), epochs=1, progress=False)
    np.testing.assert_array_equal(net.layers["dense_1"].W, before)
    slots = trainer.runner.state().slots
    assert "dense_1.W" not in slots
    assert 0 < np.abs(slots["dense_3.W"]["m"] - momentum).max() < np.abs(momentum).max()
    net.unfreeze("dense_1")
    trainer.fit(batch(), epochs=1, progress=False)
    assert (before != net.layers["dense_1"].W).any()


def test_not_in_the_middle_of_a_training() -> None:
    class Freeze(gn.Callback):
        def on_epoch(self, fit: Any, figures: Any) -> None:  # noqa: ARG002
            fit.network.freeze("dense_1")

    with pytest.raises(SettingError, match="between two calls of fit"):
        gn.Trainer(network(), LOSS).fit(batch(), epochs=3, callbacks=[Freeze()], progress=False)


def test_a_file_and_a_copy_remember(tmp_path: Path) -> None:
    net = network()
    net.freeze("dense_1")
    again = network_from_config(net.config(), net.arrays())
    assert again.parameters().keys() == net.parameters().keys()
    for twin in (net.copy(), net.astype("float32")):
        assert twin.parameters().keys() == net.parameters().keys()
        twin.unfreeze()
    assert not net.layers["dense_1"].trainable
    assert "trainable" not in network().config()["layers"]["dense_1"]
    model = gn.Model(net, gn.Features(tuple("abcd")), gn.Classes(tuple("xyz")))
    model.save(tmp_path / "m")
    assert gn.load(tmp_path / "m").network.config() == net.config()


def test_a_layer_that_is_not_there_cannot_be_frozen() -> None:
    net = network()
    with pytest.raises(SettingError, match=r"no layer 'dense_4'\. Did you mean 'dense_3'"):
        net.freeze("dense_1", "dense_4")
    assert net.layers["dense_1"].trainable


def test_explained_without_updates_of_what_is_frozen() -> None:
    net, (x, t) = network(), batch()
    net.freeze("dense_3")
    explained = gn.explain(net, x, t, LOSS, row=0, optimizer=gn.SGD(0.1))
    updated = {step.node for step in explained.steps if step.stage == "update"}
    assert updated
    assert "dense_3" not in updated


def test_the_doctor_looks_at_what_learns() -> None:
    net, (x, t) = network(), batch(60)
    net.freeze("dense_1")
    diagnosis = gn.diagnose(net, x, t, LOSS)
    assert not [one for one in diagnosis.findings if one.where == "dense_1.W"]
