"""The compiled engine under the trainer: checkpoints, callbacks, rates, and what history says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet import engines
from glassnet.engines import NativeEngine, NativePredictor, NumPyEngine, library, predictor
from glassnet.engines.numpy import NumPyPredictor
from glassnet.training.learning_rate import find_learning_rate
from glassnet.types import Array
from tests.engines.both import expect_close, needs_native
from tests.training.setups import KeepAt, bits, line, quiet, rows, values

ENGINES = ("numpy", "native")
TOLERANCE = 1e-10


def restless(seed: int = 0) -> gn.Network:
    """Make what has dropout and running statistics; no bias whose gradient is but rounding."""
    layers = [gn.Dense(8, bias=False), gn.BatchNorm(), gn.ELU(), gn.Dropout(0.3), gn.Dense(3)]
    return gn.Sequential(layers, input_shape=2, seed=seed, dtype="float64")


def trainer(engine: str, seed: int = 0, **own: Any) -> gn.Trainer:
    settings: dict[str, Any] = {
        "optimizer": gn.Adam(0.01, epsilon=1e-4),
        "metrics": ["accuracy"],
    } | own
    return gn.Trainer(restless(seed), gn.SoftmaxCrossEntropy(), engine=engine, **settings)


def arrays(one: gn.Trainer) -> dict[str, Array]:
    state = one.runner.state()
    slots = {f"{w}'s {s}": a for w, slots in state.slots.items() for s, a in slots.items()}
    return {**state.arrays, **slots}


PLAN: dict[str, Any] = {"batch_size": 4, "validation": rows(9, 3)}


def expect_same_figures(found: gn.History, right: gn.History) -> None:
    for mine, theirs in zip(found.epochs, right.epochs, strict=True):
        assert mine.keys() == theirs.keys()
        for name in theirs.keys() - {"seconds"}:
            assert mine[name] == pytest.approx(theirs[name], rel=1e-9), name


pytestmark = needs_native


@pytest.mark.parametrize(("first", "then"), [("numpy", "native"), ("native", "numpy")])
def test_one_engine_goes_on_from_the_others_checkpoint(
    first: str, then: str, tmp_path: Path
) -> None:
    whole = trainer("numpy")
    quiet(whole, rows(), epochs=5, **PLAN)
    begun = trainer(first)
    quiet(begun, rows(), epochs=2, **PLAN)
    begun.save(tmp_path / "begun.safetensors")
    other = trainer(then, seed=99)  # of another seed: that of the checkpoint counts
    other.resume(tmp_path / "begun.safetensors")
    quiet(other, rows(), epochs=3, **PLAN)
    expect_close(arrays(other), arrays(whole), TOLERANCE)
    expect_same_figures(other.history, whole.history)


def test_a_checkpoint_inside_an_epoch(tmp_path: Path) -> None:
    file = tmp_path / "midst.safetensors"
    whole = trainer("native")
    quiet(whole, rows(), epochs=3, callbacks=[KeepAt(8, file)], batch_size=4)
    for engine in ENGINES:
        other = trainer(engine, seed=5)
        other.resume(file)
        assert (other.epoch, other.met) == (1, 8)
        quiet(other, rows(), epochs=2, batch_size=4)
        expect_close(arrays(other), arrays(whole), TOLERANCE)


def test_resumed_by_itself_it_has_the_same_bits(tmp_path: Path) -> None:
    whole, begun, other = (trainer("native") for _ in range(3))
    quiet(whole, rows(), epochs=4, **PLAN)
    quiet(begun, rows(), epochs=1, **PLAN)
    begun.save(tmp_path / "begun.safetensors")
    other.resume(tmp_path / "begun.safetensors")
    quiet(other, rows(), epochs=3, **PLAN)
    assert bits(other.network) == bits(whole.network)


def test_callbacks_see_the_same() -> None:
    class Noting(gn.Callback):
        def __init__(self) -> None:
            self.weights: list[Array] = []
            self.losses: list[float] = []

        def on_start(self, fit: Any) -> None:
            fit.pauses |= {1, 3, 4, 11}

        def on_chunk(self, fit: Any, chunk: Any) -> None:
            if chunk.step + len(chunk.losses) in fit.pauses:
                self.weights.append(fit.network.parameters()["dense_1.W"].copy())
            self.losses += list(chunk.losses)

        def on_epoch(self, fit: Any, figures: Any) -> None:  # noqa: ARG002
            fit.rate_factor *= 0.9

    seen, histories = {}, []
    for engine in ENGINES:
        note, one = Noting(), trainer(engine)
        callbacks = [
            note,
            gn.EarlyStopping(patience=30, monitor="loss"),
            gn.ReduceOnPlateau(patience=1, monitor="loss"),
        ]
        histories.append(quiet(one, rows(), epochs=12, callbacks=callbacks, **PLAN))
        seen[engine] = {
            "losses": np.array(note.losses), "weights": np.array(note.weights), **arrays(one)
        }  # fmt: skip
    assert len(seen["native"]["weights"]) == 4
    expect_close(seen["native"], seen["numpy"], TOLERANCE)
    expect_same_figures(histories[1], histories[0])


def test_the_best_weights_are_put_back() -> None:
    ends = {}
    for engine in ENGINES:
        one = trainer(engine, optimizer=gn.Adam(0.3, epsilon=0.1))
        quiet(one, rows(), epochs=30, callbacks=[gn.EarlyStopping(patience=3)], **PLAN)
        ends[engine] = arrays(one)
        found = NativePredictor(one.network)(rows()[0])
        np.testing.assert_allclose(found, one.network(rows()[0]), rtol=1e-10)
    expect_close(ends["native"], ends["numpy"], 1e-8)


def test_the_learning_rate_finder() -> None:
    found = {}
    for engine in ENGINES:
        one = trainer(engine)
        before = {name: array.tobytes() for name, array in arrays(one).items()}
        found[engine] = find_learning_rate(one, rows(), steps=40, highest=1.0, batch_size=8)
        assert {name: array.tobytes() for name, array in arrays(one).items()} == before
        assert one.step == 0
    np.testing.assert_allclose(found["native"].losses, found["numpy"].losses, rtol=1e-6)
    assert found["native"].suggestion == pytest.approx(found["numpy"].suggestion)


def test_class_weights_and_metrics() -> None:
    histories = []
    for engine in ENGINES:
        one = trainer(engine, metrics=["accuracy", "f1", "top-2"])
        histories.append(quiet(one, rows(), epochs=2, class_weight="balanced", **PLAN))
        figures = one.evaluate(rows(30, 1))
        histories[-1].epochs.append(dict(figures))
    expect_same_figures(histories[1], histories[0])


# ---- which engine, and why ----------------------------------------------------------------------


@dataclass(eq=False)
class Mine(gn.Layer):
    """A layer of one's own: y = 2 x."""

    def forward(self, x: Array, frame: Any) -> Array:  # noqa: ARG002
        return 2 * x

    def backward(self, dy: Array, frame: Any) -> Array:  # noqa: ARG002
        return 2 * dy


@dataclass(eq=False)
class Heir(gn.ReLU):
    """A layer that inherits from one of ours may do anything."""


@dataclass(frozen=True)
class MyLoss(gn.MeanSquaredError):
    pass


@dataclass(frozen=True)
class MyRule(gn.SGD):
    pass


@dataclass(frozen=True)
class MyPenalty(gn.L2):
    pass


@dataclass(frozen=True)
class MyClipping(gn.ClipNorm):
    pass


def of(layer: gn.Layer | None = None, **settings: Any) -> Any:
    def make(engine: str) -> gn.Trainer:
        layers = [gn.Dense(3), layer or gn.ReLU(), gn.Dense(1)]
        network = gn.Sequential(layers, input_shape=2, seed=0)
        loss = settings.get("loss", gn.MeanSquaredError())
        rules = {name: rule for name, rule in settings.items() if name != "loss"}
        return gn.Trainer(network, loss, engine=engine, **rules)

    return make


STRANGERS = [
    (lambda engine: of(Mine())(engine), r"it does not know the layer Mine \(mine_1\)"),
    (lambda engine: of(Heir(name="own"))(engine), r"it does not know the layer Heir \(own\)"),
    (of(loss=MyLoss()), "it does not know the loss MyLoss"),
    (of(optimizer=MyRule(0.1)), "it does not know the optimiser MyRule"),
    (of(penalties=[gn.L1(0.1), MyPenalty(0.1)]), "it does not know the penalty MyPenalty"),
    (of(clipping=MyClipping(0.1)), "it does not know the clipping MyClipping"),
]
by_stranger = pytest.mark.parametrize(("make", "why"), STRANGERS, ids=[why for _, why in STRANGERS])


@by_stranger
def test_what_it_does_not_know_it_names(make: Any, why: str) -> None:
    with pytest.raises(gn.SettingError, match=f"native engine cannot run this: {why}. Use engine="):
        make("native")
    one = make("auto")
    assert isinstance(one.engine, NumPyEngine)
    history = quiet(one, values(), epochs=1)
    plain = why.replace("\\", "")
    assert history.engine == f"numpy: the native engine cannot: {plain}"


def test_a_predictor_names_what_it_does_not_know() -> None:
    network = gn.Sequential([gn.Dense(3), Mine()], input_shape=2, seed=0)
    with pytest.raises(gn.SettingError, match=r"cannot run this: it does not know the layer Mine"):
        predictor(network, engine="native")
    assert isinstance(predictor(network), NumPyPredictor)
    assert isinstance(predictor(line()), NativePredictor)


def test_auto_takes_it_where_it_can() -> None:
    one = of()("auto")
    assert isinstance(one.engine, NativeEngine)
    history = quiet(one, values(), epochs=1)
    assert history.engine == "native: it can run all of this"
    assert quiet(of()("native"), values(), epochs=1).engine == "native: asked for by name"


def test_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(library.VARIABLE, "off")
    one = of()("auto")
    assert isinstance(one.engine, NumPyEngine)
    assert quiet(one, values(), epochs=1).engine.endswith("switched off: GLASSNET_NATIVE is off")
    with pytest.raises(gn.SettingError, match="switched off"):
        of()("native")
    with pytest.raises(gn.SettingError, match="switched off"):
        predictor(line(), engine="native")
    assert isinstance(predictor(line()), NumPyPredictor)


def test_not_built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(library.FOLDER, str(tmp_path))
    monkeypatch.delenv(library.VARIABLE, raising=False)
    assert isinstance(of()("auto").engine, NumPyEngine)
    with pytest.raises(gn.SettingError, match="is not installed"):
        of()("native")


def test_one_that_is_forced_and_missing_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(library.FOLDER, str(tmp_path))
    monkeypatch.setenv(library.VARIABLE, "portable")
    with pytest.raises(
        gn.SettingError, match="GLASSNET_NATIVE: The native engine is not installed"
    ):
        of()("auto")
    with pytest.raises(
        gn.SettingError, match="GLASSNET_NATIVE: The native engine is not installed"
    ):
        predictor(line())


def test_it_is_asked_first() -> None:
    assert list(engines.ENGINES) == ["native", "numpy"]


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [("3", "5", 3), ("", "5", 5), ("0", "5", 5), ("many", "4", 4), ("-1", "4", 4)],
)
def test_how_many_threads(
    first: str, second: str, wanted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLASSNET_THREADS", first)
    monkeypatch.setenv("OMP_NUM_THREADS", second)
    assert engines.native.threads() == wanted
    monkeypatch.setenv("GLASSNET_THREADS", "")
    monkeypatch.setenv("OMP_NUM_THREADS", "")
    assert engines.native.threads() >= 1
