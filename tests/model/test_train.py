"""train(): data in, model out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.nn.layers.activations import ACTIVATIONS
from tests import own_layers as own
from tests.training.setups import Moments, bits


@pytest.fixture(scope="module")
def iris() -> gn.Dataset:
    return gn.datasets.load("iris")


def train(data: Any, **settings: Any) -> gn.Model:
    return gn.train(data, **({"progress": False, "epochs": 2} | settings))


def test_digits_are_learnt_with_nothing_but_their_name() -> None:
    model = gn.train("digits", progress=False)
    figures = model.provenance["figures"]["test"]
    assert figures["accuracy"] > 0.95
    assert isinstance(model.inputs, gn.Images)
    assert model.network.layers.keys() == {"dense_1", "relu_1", "dense_2"}


def test_weights_begin_as_suits_the_activation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ACTIVATIONS, "clipped", own.Clipped)
    inits = {
        name: train("iris", epochs=1, activation=name).network.layers["dense_1"].config()["init"]
        for name in ACTIVATIONS
    }
    he = {"relu", "leakyrelu", "elu", "gelu", "silu"}
    assert inits.pop("clipped") == "he_normal"
    assert {name for name, init in inits.items() if init == "he_uniform"} == he
    assert set(inits.values()) == {"he_uniform", "glorot_uniform"}


def test_features_are_standardised_inside_and_values_by_the_model() -> None:
    data = gn.datasets.load("diabetes")
    model = train(data, epochs=30, layers=[16], dtype="float64")
    x, t = np.asarray(data.train.x, float), data.train.t
    standardize = model.network.layers["standardize_1"]
    np.testing.assert_allclose(standardize.arrays()["mean"], x.mean(axis=0))
    assert isinstance(model.outputs, gn.Values)
    assert model.outputs.mean == pytest.approx(t.mean(axis=0).tolist())
    assert model.outputs.std == pytest.approx(t.std(axis=0).tolist())
    answers = model.predict(data.test.x)
    assert abs(answers.mean() - t.mean()) < t.std()
    assert model.evaluate(data.test)["r2"] > 0.3


def test_what_is_constant_divides_by_nothing() -> None:
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(size=400), np.full(400, 0.1)])
    flat = np.column_stack([x[:, 0] * 3 + 1, np.full(400, 0.1)])
    data = gn.Dataset.split(
        "flat", x, flat, inputs=gn.Features(("a", "b")), outputs=gn.Values(("y", "two"))
    )
    assert min(data.train.x[:, 1].std(), data.train.t[:, 1].std()) > 0  # what rounding leaves
    model = train(data, epochs=2)
    assert isinstance(model.outputs, gn.Values)
    assert model.outputs.std[1] == 1
    assert model.network.arrays()["standardize_1.std"][1] == 1
    near, far = model.predict([[0.5, 0.1], [0.5, 0.2]])
    np.testing.assert_allclose(near, far, atol=1)


def measured(column: Any, name: str = "time") -> gn.Dataset:
    x = np.column_stack([column, np.arange(len(column))])
    outputs = gn.Classes(("even", "odd"))
    t = np.arange(len(column)) % 2
    return gn.Dataset.split("m", x, t, inputs=gn.Features((name, "n")), outputs=outputs)


def test_a_feature_of_more_digits_than_the_network_has_is_refused() -> None:
    rng = np.random.default_rng(0)
    data = measured(1e8 + rng.normal(size=60))
    with pytest.raises(gn.DataError, match=r"'time' is 1e\+08 give or take .* only 6 digits"):
        train(data)
    train(data, dtype="float64")
    train(measured(1e8 + 1000 * rng.normal(size=60)))
    train(measured(np.full(60, 1e8)))


def test_a_feature_that_is_too_large_is_refused_before_training() -> None:
    data = measured(np.geomspace(1, 1e39, 60))
    with pytest.raises(gn.DataError, match=r"x holds numbers that are too large for float32"):
        train(data)


@pytest.mark.parametrize("name", ["xor", "moons", "line", "wine", "breast-cancer"])
def test_every_kind_of_data_set_trains(name: str) -> None:
    model = train(name, layers=[4])
    assert len(model.provenance["history"]) == 2


def test_the_settings_reach_the_network(iris: gn.Dataset) -> None:
    model = train(iris, layers=[6, 5], activation="tanh", dropout=0.25, seed=9, dtype="float64")
    kinds = [str(layer) for layer in model.network.layers.values()]
    assert kinds == [
        "Standardize()", "Dense(6)", "Tanh()", "Dropout(0.25)", "Dense(5)", "Tanh()",
        "Dropout(0.25)", "Dense(3)",
    ]  # fmt: skip
    assert model.network.seed == 9
    assert model.network.dtype == np.float64
    assert train(iris, layers=[]).network.size() == 5 * 3
    for layers in (7, [7], np.array([7])):
        assert train(iris, layers=layers).network.size() == 5 * 7 + 8 * 3


def test_the_same_seed_gives_the_same_bits(iris: gn.Dataset) -> None:
    one, two, other = (
        train(iris, seed=seed, dropout=0.2, optimizer="rmsprop") for seed in (1, 1, 2)
    )
    assert bits(one.network) == bits(two.network) != bits(other.network)


def test_a_cosine_takes_the_rate_to_nothing(iris: gn.Dataset) -> None:
    model = train(iris, schedule="cosine", learning_rate=0.02, epochs=4, batch_size=10)
    rates = [epoch["learning_rate"] for epoch in model.provenance["history"]]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] < 0.02
    assert rates[-1] < 1e-4
    steps = 4 * -(-len(iris.train) // 10)
    assert model.provenance["settings"]["optimizer"]["learning_rate"]["steps"] == steps


def test_patience_ends_it_with_the_best(iris: gn.Dataset) -> None:
    model = train(iris, patience=3, learning_rate=0.3, epochs=400)
    losses = [epoch["validation_loss"] for epoch in model.provenance["history"]]
    assert len(losses) < 400
    assert model.provenance["ended"].startswith("validation_loss was best in epoch ")
    best = model.provenance["figures"]["validation"]["cross_entropy"]
    assert best == pytest.approx(min(losses), rel=1e-4)


def test_weights_are_held_small(iris: gn.Dataset) -> None:
    def size(**settings: Any) -> float:
        arrays = train(iris, epochs=20, learning_rate=0.02, **settings).network.parameters()
        return float(sum(np.sum(w**2) for name, w in arrays.items() if name.endswith("W")))

    assert size(l2=0.1) < 0.8 * size()


def test_an_optimizer_object_and_callbacks_of_ones_own(iris: gn.Dataset) -> None:
    note = Moments()
    model = train(iris, optimizer=gn.SGD(0.05, momentum=0.5), callbacks=[note])
    assert model.provenance["settings"]["optimizer"]["momentum"] == 0.5
    assert note.seen[0] == "start"
    assert note.seen[-1] == "end"


def test_interrupted_there_is_still_a_model(iris: gn.Dataset) -> None:
    stop = Moments("epoch", lambda fit: fit.stop("interrupted", now=True))
    model = train(iris, epochs=1000, callbacks=[stop])
    assert model.provenance["ended"] == "interrupted"
    assert len(model.provenance["history"]) == 1


def test_a_training_that_diverges_leaves_a_model(iris: gn.Dataset, tmp_path: Path) -> None:
    def spoil(fit: gn.training.Fit) -> None:
        if len(fit.history) == 2:
            fit.network.parameters()["dense_2.b"][0] = np.nan

    with pytest.raises(gn.DivergenceError) as caught:
        train(iris, epochs=5, callbacks=Moments("epoch", spoil))
    model = caught.value.model
    told = model.provenance
    assert (told["ended"], len(told["history"]), told["figures"]) == ("diverged", 2, {})
    assert told["data"]["name"] == "iris"
    assert told["settings"]["epochs"] == 5
    model.save(tmp_path / "kept.safetensors")
    kept = gn.load(tmp_path / "kept.safetensors")
    assert kept.evaluate(iris.test)["accuracy"] > 0.5


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"data": "iriss"}, gn.SettingError, "no data set 'iriss'.*Did you mean 'iris'"),
        ({"activation": "rleu"}, gn.SettingError, "Did you mean 'relu'"),
        ({"optimizer": "adamm"}, gn.SettingError, "Did you mean 'adam'"),
        (
            {"optimizer": gn.SGD(0.1), "learning_rate": 0.2},
            gn.SettingError,
            "leave out learning_rate",
        ),
        ({"learning_rate": -1.0}, gn.SettingError, "learning_rate in"),
        ({"schedule": "linear"}, gn.SettingError, "'constant' or 'cosine', got 'linear'"),
        (
            {"layers": "64"},
            gn.SettingError,
            r"layers expects something such as \[64, 32\], got '64'",
        ),
        ({"data": ["iris"]}, gn.DataError, "or a Dataset, got a list"),
        ({"layers": [0]}, gn.SettingError, "units, a whole number of 1 or more, got 0"),
        ({"dropout": 1.0}, gn.SettingError, "rate in"),
        ({"epochs": 0}, gn.SettingError, "epochs is a whole number from 1, got 0"),
        ({"epochs": 0, "schedule": "cosine"}, gn.SettingError, "epochs is a whole number from 1"),
        ({"batch_size": 0}, gn.SettingError, "batch_size is a whole number from 1"),
        ({"batch_size": 1000}, gn.DataError, "batch_size=1000 is larger than the data"),
        ({"patience": -1}, gn.SettingError, "patience, a whole number of 1 or more, got -1"),
        ({"callbacks": gn.EarlyStopping}, gn.SettingError, "got the class EarlyStopping itself"),
        ({"seed": -1}, gn.SettingError, "A seed is a whole number from 0"),
        ({"dtype": "float16"}, gn.SettingError, "'float32' or 'float64'"),
        ({"engine": "abacus"}, gn.SettingError, "no engine 'abacus'"),
    ],
)
def test_what_it_cannot_do(settings: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        train(**({"data": "iris"} | settings))


def test_something_else_than_a_data_set() -> None:
    with pytest.raises(gn.DataError, match=r"or a Dataset, got a tuple.*gn\.Dataset\.split"):
        train((np.zeros((4, 2)), np.zeros(4, int)))


def test_the_rate_that_suits_small_tables() -> None:
    """With 0.001 the spirals are not told apart in all the epochs that they get."""
    model = gn.train("spirals", progress=False)
    assert model.provenance["settings"]["optimizer"]["learning_rate"] == 0.01
    assert model.provenance["figures"]["test"]["accuracy"] > 0.9
    digits = gn.train("digits", epochs=1, progress=False)
    assert digits.provenance["settings"]["optimizer"]["learning_rate"] == 0.001
