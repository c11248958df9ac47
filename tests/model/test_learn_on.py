"""A model that learns on: from pictures that were kept for it, forgetting nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.data.drawings import frame
from glassnet.defaults import ALONE_RATE, MOST_TIMES
from glassnet.files import as_path
from glassnet.model.learn_on import earlier_data, learn_on
from tests.training.setups import bits


@pytest.fixture(scope="module")
def data() -> gn.Dataset:
    return gn.datasets.load("digits")


@pytest.fixture(scope="module")
def model(data: gn.Dataset) -> gn.Model:
    return gn.train(data, epochs=10, progress=False)


@pytest.fixture(scope="module")
def kept(data: gn.Dataset, model: gn.Model) -> gn.Rows:
    """Zeros with a bar through them, which the model has never met and gets wrong."""
    rows = data.validation.take(data.validation.t == 0)
    assert isinstance(rows.x, gn.Pixels)
    x = rows.x.bytes.reshape(-1, 8, 8).copy()
    x[:, 3:5, 1:7] = 16
    barred = gn.Rows(gn.Pixels(x.reshape(-1, 64), 16), rows.t).take(slice(12))
    assert model.evaluate(barred)["accuracy"] < 0.5
    return barred


@pytest.fixture(scope="module")
def after(data: gn.Dataset, model: gn.Model, kept: gn.Rows) -> gn.Model:
    return learn_on(model, kept, data=data, progress=False)


def test_it_gets_right_what_it_got_wrong_and_forgets_nothing(
    data: gn.Dataset, model: gn.Model, kept: gn.Rows, after: gn.Model
) -> None:
    assert after.evaluate(kept)["accuracy"] == 1
    now, before = after.evaluate(data.test)["accuracy"], model.evaluate(data.test)["accuracy"]
    assert now >= before - 0.01


def test_it_gets_right_what_is_like_what_it_learnt(
    data: gn.Dataset, model: gn.Model, after: gn.Model
) -> None:
    rows = data.test.take(data.test.t == 0)
    assert isinstance(rows.x, gn.Pixels)
    x = rows.x.bytes.reshape(-1, 8, 8).copy()
    x[:, 3:5, 1:7] = 16
    others = gn.Rows(gn.Pixels(x.reshape(-1, 64), 16), rows.t)
    assert after.evaluate(others)["accuracy"] > model.evaluate(others)["accuracy"] + 0.4


def test_the_model_stays_as_it_is_and_the_new_one_is_of_its_kind(
    data: gn.Dataset, kept: gn.Rows
) -> None:
    model = gn.train(data, epochs=1, progress=False)
    before, told = bits(model.network), dict(model.provenance)
    new = learn_on(model, kept, data=data, epochs=1, progress=False)
    assert bits(model.network) == before
    assert model.provenance == told
    assert new.network.config() == model.network.config()
    assert (new.inputs, new.outputs) == (model.inputs, model.outputs)
    assert bits(new.network) != before


def test_it_says_what_it_learnt(
    data: gn.Dataset, model: gn.Model, kept: gn.Rows, after: gn.Model
) -> None:
    (told,) = after.provenance["continued"]
    assert told["kept"]["rows"] == 12
    assert told["kept"]["times"] == round(len(data.train) / 9 / 12)
    assert told["beside"]["sha256"] == data.fingerprint
    assert told["before"]["kept"] == pytest.approx(model.evaluate(kept))
    assert told["after"]["test"] == pytest.approx(after.evaluate(data.test))
    assert after.provenance["figures"]["test"] == told["after"]["test"]
    assert after.provenance["data"] == model.provenance["data"]
    assert told["settings"]["augment"] is None
    assert len(told["history"]) == told["settings"]["epochs"] > 10
    assert "validation_loss" in told["history"][0]


def test_it_is_as_sure_of_what_it_learnt_as_it_should_be(
    model: gn.Model, kept: gn.Rows, after: gn.Model
) -> None:
    assert model.experience is not None
    assert after.experience is not None
    unlike = after.experience.unlikeness(kept.x) / after.experience.most_unlike
    assert (
        unlike.mean() < (model.experience.unlikeness(kept.x) / model.experience.most_unlike).mean()
    )
    assert np.mean([answer.sure for answer in after.answers(kept.x)]) > 0.8


def test_its_experience_is_of_pictures_however_they_are_kept(
    data: gn.Dataset, model: gn.Model, kept: gn.Rows
) -> None:
    parts: dict[str, Any] = {
        part: gn.Rows(np.asarray(getattr(data, part).x), getattr(data, part).t)
        for part in ("train", "validation", "test")
    }
    after = learn_on(model, kept, data=replace(data, **parts), epochs=1, progress=False)
    assert after.experience is not None
    assert after.experience.choices == ()
    assert (after.experience.scale == 1).all()


def test_it_learns_on_again_and_from_its_file(
    data: gn.Dataset, kept: gn.Rows, after: gn.Model, tmp_path: Any
) -> None:
    path = as_path(tmp_path / "m.safetensors")
    after.save(path)
    found, why = earlier_data(gn.load(path))
    assert found is not None
    assert (found.fingerprint, why) == (data.fingerprint, "")
    again = learn_on(gn.load(path), kept, data=found, epochs=1, progress=False)
    assert [one["kept"]["rows"] for one in again.provenance["continued"]] == [12, 12]


def test_the_same_seed_gives_the_same_model(
    data: gn.Dataset, model: gn.Model, kept: gn.Rows
) -> None:
    first, same, other = (
        learn_on(model, kept, data=data, epochs=1, seed=seed, progress=False) for seed in (1, 1, 2)
    )
    assert bits(first.network) == bits(same.network) != bits(other.network)


def test_alone_it_learns_in_small_steps(data: gn.Dataset, model: gn.Model) -> None:
    wrong = data.test.take(model.predict(data.test.x) != data.test.t)
    others = data.test.take(model.predict(data.test.x) == data.test.t)
    alone = learn_on(model, wrong, progress=False)
    (told,) = alone.provenance["continued"]
    assert told["beside"] is None
    assert told["settings"]["optimizer"]["learning_rate"]["initial"] == ALONE_RATE
    assert alone.evaluate(wrong)["accuracy"] > 0.2
    assert alone.evaluate(others)["accuracy"] > 0.9
    assert "test" not in alone.provenance["figures"]  # those before are no longer true
    assert alone.experience is model.experience


def test_alone_a_single_class_teaches_nothing_else(model: gn.Model, kept: gn.Rows) -> None:
    with pytest.raises(gn.DataError, match="Every kept picture is of the class '0': learnt alone"):
        learn_on(model, kept, progress=False)


def test_a_single_picture_is_not_repeated_without_end(
    data: gn.Dataset, model: gn.Model, kept: gn.Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: list[int] = []

    def fit(_: gn.Trainer, rows: Any, **__: Any) -> gn.History:
        counts.append(len(rows[0]))
        return gn.History()

    monkeypatch.setattr(gn.Trainer, "fit", fit)
    many = gn.Pixels(np.repeat(data.train.x.bytes, 10, axis=0), 16)  # type: ignore[union-attr]
    large = replace(data, train=gn.Rows(many, np.repeat(data.train.t, 10)))
    learn_on(model, kept.take(slice(1)), data=large)
    learn_on(model, large.train, data=data)
    assert counts == [12_590 + MOST_TIMES, 12_590 + 1_259]


@pytest.mark.parametrize("given", [None, False, True, gn.Augment(turn=5)])
def test_pictures_are_drawn_otherwise_as_the_model_learnt_unless_told(
    data: gn.Dataset, kept: gn.Rows, given: Any
) -> None:
    first = gn.train(data, augment=gn.Augment(turn=3), epochs=1, progress=False)
    new = learn_on(first, kept, data=data, augment=given, epochs=1, progress=False)
    told = new.provenance["continued"][0]["settings"]["augment"]
    turn = {None: 3, False: None, True: gn.Augment().turn}.get(given, 5)
    assert (told and told["turn"]) == turn


@pytest.mark.parametrize(
    ("units", "link"), [(10, "softmax"), (10, "sigmoid"), (10, "identity"), (1, "sigmoid")]
)
def test_it_learns_whatever_its_outputs_are(units: int, link: str) -> None:
    rng = np.random.default_rng(0)
    x = gn.Pixels(rng.integers(0, 256, (20, 16), np.uint8))
    t = np.arange(20) % (2 if units == 1 else 10)
    labels = tuple("ab" if units == 1 else "0123456789")
    network = gn.Sequential([gn.Dense(40), gn.ReLU(), gn.Dense(units)], input_shape=16, seed=0)
    model = gn.Model(network, gn.Images(4, 4), gn.Classes(labels, link))
    new = learn_on(model, gn.Rows(x, t), epochs=400, learning_rate=0.01, progress=False)
    assert new.evaluate(x, t)["accuracy"] == 1


def test_what_is_no_picture_or_no_class_is_refused(data: gn.Dataset, model: gn.Model) -> None:
    rows = data.train.take(slice(3))
    assert isinstance(rows.x, gn.Pixels)
    with pytest.raises(gn.SettingError, match="for pictures, and this model reads a table of 4"):
        learn_on(gn.train("iris", epochs=1, progress=False), rows)
    values = gn.Sequential([gn.Dense(1)], input_shape=64, seed=0)
    with pytest.raises(gn.SettingError, match="this model answers with values: price"):
        learn_on(gn.Model(values, gn.Images(8, 8, 16), gn.Values(("price",))), rows)
    with pytest.raises(gn.DataError, match=r"8 x 8 pixels from 0 to 16, got rows of 9 from 0 to 2"):
        learn_on(model, gn.Rows(gn.Pixels(np.zeros((3, 9), np.uint8)), rows.t))
    with pytest.raises(gn.DataError, match=r"expected as gn\.Pixels, got floats"):
        learn_on(model, gn.Rows(np.asarray(rows.x), rows.t))
    with pytest.raises(gn.DataError, match="outside the classes"):
        learn_on(model, gn.Rows(rows.x, rows.t + 10))
    with pytest.raises(gn.SettingError, match=r"kept expects something such as gn\.Rows"):
        learn_on(model, rows.x)  # type: ignore[arg-type]
    with pytest.raises(gn.DataError, match="other pictures or classes than the model learnt"):
        learn_on(model, rows, data=gn.datasets.load("iris"))


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (None, "no name here"),
        ("x", "no name here"),
        ({"name": "mine"}, "no name here"),
        ({"name": ["digits"]}, "no name here"),
        ({"name": "iris"}, "iris has other pictures or classes"),
        ({"name": "mnist"}, "not at hand"),
    ],
)
def test_data_that_is_not_at_hand_is_said_to_be_so(
    model: gn.Model, told: Any, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(name: str) -> gn.Dataset:
        if name == "mnist":
            raise gn.DownloadError("not at hand")
        return known(name)

    known = gn.datasets.load
    monkeypatch.setattr(gn.datasets, "load", load)
    other = gn.Model(model.network, model.inputs, model.outputs, {"data": told})
    data, reason = earlier_data(other)
    assert data is None
    assert why in reason


@pytest.mark.slow
@pytest.mark.data("mnist")
def test_a_hand_that_writes_otherwise_is_learnt() -> None:
    """Drawings upside down, a few of which are kept: others like them are then read as well."""
    from tests.strokes import DRAWINGS

    data = gn.datasets.load("mnist")
    assert isinstance(data.inputs, gn.Images)
    model = gn.train(data, epochs=3, progress=False)
    x = np.concatenate([frame(drawing.ink()[::-1], data.inputs) for drawing in DRAWINGS])
    rows = gn.Rows(
        gn.Pixels(np.rint(x * 255).astype(np.uint8)), np.array([d.digit for d in DRAWINGS])
    )
    some, others = rows.take(slice(0, None, 2)), rows.take(slice(1, None, 2))
    new = learn_on(model, some, data=data, epochs=3, progress=False)
    assert new.evaluate(some)["accuracy"] > 0.98
    assert new.evaluate(others)["accuracy"] > model.evaluate(others)["accuracy"] + 0.2
    assert new.evaluate(data.test)["accuracy"] > model.evaluate(data.test)["accuracy"] - 0.005
