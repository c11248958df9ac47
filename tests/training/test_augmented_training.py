"""Training on pictures that are drawn otherwise in each epoch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.data.drawings import frame
from glassnet.engines import library
from glassnet.training import trainer as trainer_module
from glassnet.types import Array
from tests.strokes import DRAWINGS, WAYS, Drawing
from tests.training.setups import KeepAt, bits, quiet

PLAN: dict[str, Any] = {"batch_size": 16, "augment": gn.Augment()}
ROWS = 100  # seven batches an epoch, the last one smaller


@pytest.fixture(scope="module")
def digits() -> gn.Rows:
    return gn.datasets.load("digits").train.take(slice(ROWS))


@pytest.fixture(params=["numpy", "native"])
def engine(request: pytest.FixtureRequest) -> str:
    if request.param == "native":
        try:
            library.load()
        except gn.SettingError as error:
            pytest.skip(str(error))
    return str(request.param)


def reader(engine: str = "numpy", seed: int = 0) -> gn.Trainer:
    layers = [gn.Dense(8), gn.ReLU(), gn.Dropout(0.2), gn.Dense(10)]
    network = gn.Sequential(layers, input_shape=64, seed=seed)
    return gn.Trainer(network, gn.SoftmaxCrossEntropy(), metrics="accuracy", engine=engine)


def by_hand(trainer: gn.Trainer, data: gn.Rows, epochs: int) -> None:
    """Train on each epoch's pictures, made before."""
    assert isinstance(data.x, gn.Pixels)
    for epoch in range(epochs):
        drawn = gn.Rows(gn.Augment()(data.x, seed=trainer.seed, epoch=epoch), data.t)
        quiet(trainer, drawn, epochs=1, batch_size=16)


def test_each_epoch_trains_on_its_own_pictures(digits: gn.Rows, engine: str) -> None:
    trainer, same = reader(engine, seed=3), reader(engine, seed=3)
    history = quiet(trainer, digits, epochs=3, **PLAN)
    by_hand(same, digits, 3)
    assert bits(trainer.network) == bits(same.network)
    assert history["loss"] == same.history["loss"]


def test_the_engines_are_given_the_same_pictures(digits: gn.Rows, engine: str) -> None:
    reference, trainer = reader(), reader(engine)
    for one in (reference, trainer):
        quiet(one, digits, epochs=2, **PLAN)
    for name, array in reference.network.arrays().items():
        np.testing.assert_allclose(trainer.network.arrays()[name], array, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("step", [1, 6, 8, 13])
def test_it_goes_on_from_inside_an_epoch(
    digits: gn.Rows, engine: str, step: int, tmp_path: Path
) -> None:
    trainer, file = reader(engine), tmp_path / "kept.safetensors"
    quiet(trainer, digits, epochs=3, callbacks=[KeepAt(step, file)], **PLAN)
    again = reader(engine, seed=99)
    again.resume(file)
    quiet(again, digits, epochs=3 - step // 7, **PLAN)
    assert bits(again.network) == bits(trainer.network)


def test_figures_are_measured_on_the_pictures_as_they_are(digits: gn.Rows) -> None:
    trainer = reader()
    history = quiet(trainer, digits, epochs=2, validation=digits, **PLAN)
    figures = trainer.evaluate(digits)
    assert history.last["accuracy"] == figures["accuracy"]
    assert history.last["accuracy"] == history.last["validation_accuracy"]


@dataclass(eq=False)
class NotANumberAt(gn.Layer):
    """Passes rows on until training has made so many updates; then gives NaN."""

    updates: int = 0

    def forward(self, x: Array, frame: gn.Frame) -> Array:
        return x * np.nan if frame.training and frame.source[1] == self.updates else x

    def backward(self, dy: Array, frame: gn.Frame) -> Array:  # noqa: ARG002
        return dy


@pytest.mark.parametrize("together", [1, 3, 100])
@pytest.mark.parametrize("made", [0, 3, 7, 8, 14])
def test_the_way_back_from_a_divergence_is_over_the_same_pictures(
    digits: gn.Rows, made: int, together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer_module, "_adapt", lambda chunk, seconds: chunk)  # noqa: ARG005

    def poisoned(updates: int) -> gn.Trainer:
        layers = [NotANumberAt(updates), gn.Dense(10)]
        network = gn.Sequential(layers, input_shape=64, seed=0)
        trainer = gn.Trainer(network, gn.SoftmaxCrossEntropy())
        trainer._chunk = together
        return trainer

    trainer, kept = poisoned(made), max(made - 1, 0)
    with pytest.raises(gn.DivergenceError, match=f"The weights after step {kept} were kept"):
        quiet(trainer, digits, epochs=3, **PLAN)
    same, seen = poisoned(999), [b""]

    def note(network: gn.Network) -> list[bytes]:
        return [*bits(network).values()]

    class Stop(gn.Callback):
        def on_start(self, fit: Any) -> None:
            fit.pauses.add(kept)
            seen[:] = note(fit.network)

        def on_chunk(self, fit: Any, chunk: Any) -> None:
            if chunk.step + len(chunk.losses) == kept:
                seen[:] = note(fit.network)

    quiet(same, digits, epochs=3, callbacks=[Stop()], **PLAN)
    assert note(trainer.network) == seen


def test_callbacks_see_the_rows_as_they_were_given(digits: gn.Rows, tmp_path: Path) -> None:
    seen: list[Any] = []

    class Look(gn.Callback):
        def on_epoch(self, fit: Any, figures: Any) -> None:  # noqa: ARG002
            seen.append(next(iter(fit.examples.xs.values())))
            assert fit.settings["augment"] == gn.Augment().config()

    doctor = gn.Doctor(every=1, quiet=True)
    callbacks = [Look(), doctor, gn.Recorder(tmp_path / "run")]
    quiet(reader(), digits, epochs=2, callbacks=callbacks, **PLAN)
    assert seen == [digits.x, digits.x]
    assert gn.runs.open(tmp_path / "run").settings["augment"]["turn"] == gn.Augment().turn


def test_a_run_goes_on_from_any_moment(digits: gn.Rows, tmp_path: Path) -> None:
    trainer = reader()
    recorder = gn.Recorder(tmp_path / "run", steps=[10])
    quiet(trainer, digits, epochs=2, callbacks=[recorder], **PLAN)
    again = reader(seed=1)
    gn.runs.open(tmp_path / "run").resume(again, 10)
    assert (again.epoch, again.met) == (1, 48)
    quiet(again, digits, epochs=1, **PLAN)
    assert bits(again.network) == bits(trainer.network)


def test_weights_stay_with_their_rows(digits: gn.Rows, engine: str) -> None:
    w = 1.0 + (digits.t == 8)
    by_weight, by_class = reader(engine), reader(engine)
    quiet(by_weight, digits, epochs=2, sample_weight=w, **PLAN)
    quiet(by_class, digits, epochs=2, class_weight={k: 1 + (k == 8) for k in range(10)}, **PLAN)
    assert bits(by_weight.network) == bits(by_class.network)


@pytest.mark.parametrize(
    ("x", "augment", "message"),
    [
        (np.zeros((4, 64)), gn.Augment(), "as bytes, got floats"),
        (gn.Pixels(np.zeros((4, 63), np.uint8)), gn.Augment(), "63 pixels are no square"),
        (gn.Pixels(np.zeros((4, 64), np.uint8)), True, "augment expects something such as"),
    ],
)
def test_what_cannot_be_drawn_otherwise_is_refused_before_training(
    x: Any, augment: Any, message: str
) -> None:
    network = gn.Sequential([gn.Dense(2)], input_shape=x.shape[1], seed=0)
    trainer = gn.Trainer(network, gn.SoftmaxCrossEntropy())
    before = bits(network)
    with pytest.raises((gn.DataError, gn.SettingError), match=message):
        quiet(trainer, (x, [0, 1, 0, 1]), augment=augment, epochs=1)
    assert bits(network) == before


def test_a_network_of_two_inputs_is_refused() -> None:
    a, b = gn.Input((4,), name="a"), gn.Input((4,), name="b")
    trainer = gn.Trainer(gn.Network([a, b], gn.Dense(2)(gn.Add()(a, b))), gn.SoftmaxCrossEntropy())
    with pytest.raises(gn.DataError, match="the rows of one input, the network has 2: a, b"):
        quiet(trainer, ([np.zeros((4, 4))] * 2, [0, 1, 0, 1]), augment=gn.Augment())


def test_a_model_says_how_its_pictures_were_drawn_otherwise() -> None:
    augment = gn.Augment(turn=3)
    model = gn.train("digits", augment=augment, epochs=2, progress=False)
    assert model.provenance["settings"]["augment"] == augment.config()
    assert len(model.provenance["history"]) == 2
    told = gn.train("digits", epochs=1, progress=False).provenance["settings"]
    assert told["augment"] is None


def test_pictures_that_are_no_squares_are_known_by_the_data_set() -> None:
    x = gn.Pixels(np.random.default_rng(0).integers(0, 256, (60, 24), np.uint8))
    data = gn.Dataset.split(
        "wide", x, np.arange(60) % 2, inputs=gn.Images(4, 6), outputs=gn.Classes(("a", "b"))
    )
    model = gn.train(data, augment=True, epochs=1, progress=False)
    assert model.network.arrays()["dense_1.W"].shape == (24, 128)


def test_augmented_pictures_are_learnt_for_longer_with_a_rate_that_falls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[dict[str, Any]] = []

    def fit(trainer: gn.Trainer, *_: Any, **plan: Any) -> None:
        asked.append(plan | {"rate": trainer.optimizer.learning_rate})
        raise KeyboardInterrupt

    monkeypatch.setattr(gn.Trainer, "fit", fit)
    for settings in (
        {"augment": True},
        {"augment": True, "schedule": "constant", "epochs": 3},
        {"augment": True, "optimizer": gn.SGD(gn.StepDecay(0.1, 0.5, 9))},
        {},
    ):
        with pytest.raises(KeyboardInterrupt):
            gn.train("digits", **settings)
    usual, constant, own, without = asked
    assert isinstance(usual["rate"], gn.CosineDecay)
    assert usual["until"] * 40 == 16_000
    assert usual["callbacks"] == []
    assert (constant["rate"], constant["until"]) == (1e-3, 3)
    assert isinstance(own["rate"], gn.StepDecay)
    assert (without["rate"], without["augment"]) == (1e-3, None)
    assert without["callbacks"]


@pytest.mark.parametrize("augment", [gn.Augment, "yes", 1])
def test_what_says_nothing_of_how_is_refused(augment: Any) -> None:
    with pytest.raises(gn.SettingError, match="augment expects something such as True or"):
        gn.train("digits", augment=augment)


def test_a_table_is_no_picture() -> None:
    with pytest.raises(gn.DataError, match="redraws pictures, but iris has 4 features"):
        gn.train("iris", augment=True)


@pytest.mark.slow
@pytest.mark.data("mnist")
def test_it_reads_better_what_others_drew() -> None:
    """Drawings of a kind that MNIST does not have: thicker, thinner, and leaning further."""
    data = gn.datasets.load("mnist")
    assert isinstance(data.inputs, gn.Images)
    rng = np.random.default_rng(5)
    ink, digits = [], []
    for digit, ways in WAYS.items():
        for k in range(20 * len(ways)):
            drawing = Drawing(
                digit, k % len(ways), slant=rng.uniform(-0.5, 0.7), seed=k,
                thickness=rng.uniform(0.01, 0.14), wobble=rng.uniform(0, 0.06),
            )  # fmt: skip
            ink.append(frame(drawing.ink(), data.inputs))
            digits.append(digit)
    settings: dict[str, Any] = {"layers": [256], "epochs": 8, "schedule": "cosine"}
    plain, augmented = (
        gn.train(data, augment=augment, progress=False, **settings) for augment in (False, True)
    )
    x, t = np.concatenate(ink), np.array(digits)
    wrong = [np.mean(model.predict(x) != t) for model in (plain, augmented)]
    assert wrong[1] < 0.02
    assert wrong[1] < 0.7 * wrong[0]
    assert augmented.evaluate(data.test)["accuracy"] > 0.98
    usual = np.concatenate([frame(drawing.ink(), data.inputs) for drawing in DRAWINGS])
    assert augmented.evaluate(usual, [d.digit for d in DRAWINGS])["accuracy"] > 0.95
