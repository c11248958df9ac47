"""Answers: in words, with their doubts, as JSON; and where a model says that it is not sure."""

from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.engines import library
from glassnet.types import Array
from tests.model.models import LABELS, classes, images, rows, values


def experienced(model: gn.Model, **limits: Any) -> gn.Model:
    """Give a model the experience of its kind of rows, with limits of one's own."""
    p = model.predict_proba(rows(400)) if isinstance(model.outputs, gn.Classes) else None
    e = gn.Experience.of(rows(400), rows(400), p)
    names = ("low", "high", "typical", "center", "scale", "axes", "variances", "noise")
    told = {name: getattr(e, name) for name in (*names, "most_unlike", "most_outside", "choices")}
    told["least_probability"] = e.least_probability
    model.experience = gn.Experience(**told | limits)
    return model


def codes(answer: gn.Answer) -> list[str]:
    return [doubt.code for doubt in answer.unsure_because]


# -- what is said --------------------------------------------------------------------------------


@pytest.mark.parametrize("link", ["softmax", "sigmoid", "identity"])
@pytest.mark.parametrize("labels", [LABELS, ("no", "yes")])
def test_classes_are_those_of_predict(link: str, labels: tuple[str, ...]) -> None:
    model = classes(link, labels)
    answers = model.answers(rows())
    assert [one.label for one in answers] == [labels[k] for k in model.predict(rows())]
    p = model.predict_proba(rows())
    np.testing.assert_allclose([list(one.probabilities.values()) for one in answers], p, rtol=1e-6)
    for one in answers:
        assert tuple(one.probabilities) == labels
        assert one.probability == one.probabilities[one.label]


def test_values_are_those_of_predict_in_their_units() -> None:
    model = values(mean=(170.0, 70.0), std=(10.0, 20.0))
    answers = model.answers(rows())
    told = [[one.values["height"], one.values["weight"]] for one in answers]
    np.testing.assert_allclose(told, model.predict(rows()), rtol=1e-6)
    assert answers[0].units == {"height": "cm", "weight": "kg"}
    assert answers[0].probability is None
    assert answers[0].label == ""
    bare = gn.Model(model.network, model.inputs, gn.Values(("a", "b"))).answers(rows())[0]
    assert bare.to_json()["values"]["a"]["unit"] == ""


def test_every_form_of_image_is_answered_alike() -> None:
    model = images()
    whole = np.random.default_rng(0).integers(0, 17, (4, 6)).astype(np.uint8)
    model.experience = gn.Experience.of(gn.Pixels(whole, 16), gn.Pixels(whole, 16))
    told = [answer.to_json() for answer in model.answers(whole)]
    for form in (gn.Pixels(whole, 16), whole.tolist(), (whole / 16).reshape(4, 2, 3)):
        for one, same in zip(told, model.answers(form), strict=True):
            assert one["class"] == same.label
            assert one["probability"] == pytest.approx(same.probability)
            assert one["sure"] == same.sure


def test_as_json() -> None:
    (answer,) = classes().answers(rows(1))
    assert json.loads(json.dumps(answer.to_json())) == {
        "class": answer.label,
        "probability": answer.probability,
        "probabilities": dict(answer.probabilities),
        "sure": None,
        "unsure_because": [],
    }
    (answer,) = experienced(values()).answers(rows(1))
    assert json.loads(json.dumps(answer.to_json())) == {
        "values": {
            "height": {"value": answer.values["height"], "unit": "cm"},
            "weight": {"value": answer.values["weight"], "unit": "kg"},
        },
        "sure": True,
        "unsure_because": [],
    }


def test_with_the_explanation() -> None:
    model = experienced(classes())
    plain, explained = model.answers(rows(2)), model.answers(rows(2), explain=True)
    for row, one, other in zip(rows(2), plain, explained, strict=True):
        assert other.explanation is not None
        np.testing.assert_allclose(other.explanation.x, row, rtol=1e-6)
        told = other.to_json()
        why = told.pop("explanation")
        assert told == one.to_json()
        assert why["format"] == "glassnet-why"
        assert why["answer"].startswith(other.label)
        assert why["questions"][0]["answer"] == other.label
    (answer,) = images().answers(np.full((1, 6), 16), explain=True)
    assert answer.explanation is not None
    assert answer.explanation.x.max() == 1
    (answer,) = values(mean=(1.0, 2.0), std=(3.0, 4.0)).answers(rows(1), explain=True)
    assert [q["answer"] for q in answer.to_json()["explanation"]["questions"]] == [
        "height",
        "weight",
    ]


@pytest.mark.parametrize(
    ("link", "y"), [("identity", (-3.0, -1.0, -2.0)), ("sigmoid", (800.0, 900.0, 1.0))]
)
def test_the_explanation_is_of_the_answer_where_others_are_as_probable(
    link: str, y: tuple[float, ...]
) -> None:
    net = gn.Sequential([gn.Dense(3)], input_shape=1, seed=0)
    net.load_parameters({"dense_1.W": np.zeros((1, 3)), "dense_1.b": y})
    model = gn.Model(net, gn.Features(("x",)), gn.Classes(("p", "q", "r"), link))
    (answer,) = model.answers([[1.0]], explain=True)
    assert answer.explanation is not None
    (question,) = answer.explanation.questions
    assert answer.label == question.answer == "q"
    assert answer.explanation.said.startswith("q, with ")


def test_the_network_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model = experienced(classes())
    asked, ask = [], model._ask

    def count(x: Any) -> Array:
        asked.append(len(x))
        return ask(x)

    monkeypatch.setattr(model, "_ask", count)
    model.answers(rows(30))
    assert asked == [30]


def test_what_cannot_be_asked_is_refused_as_by_predict() -> None:
    model = experienced(classes())
    for wrong in ([["a"] * 4], np.zeros((2, 3)), [], [[np.nan] * 4], [[1e39] * 4]):
        with pytest.raises(gn.GlassnetError) as theirs:
            model.predict(wrong)
        with pytest.raises(gn.GlassnetError) as ours:
            model.answers(wrong)
        assert str(ours.value) == str(theirs.value)


def test_a_copy_answers_with_its_own_network() -> None:
    model = classes()
    before = model.predict_proba(rows())
    other = copy.deepcopy(model)
    other.network.parameters()["dense_2.b"][0] += 5
    assert np.array_equal(model.predict_proba(rows()), before)
    assert other.predict_proba(rows())[:, 0].min() > before[:, 0].min()


def test_without_compiled_code_it_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    told = [one.to_json() for one in experienced(classes()).answers(rows())]
    monkeypatch.setenv(library.VARIABLE, "off")
    for one, same in zip(experienced(classes()).answers(rows()), told, strict=True):
        assert one.label == same["class"]
        assert one.probability == pytest.approx(same["probability"], rel=1e-4)
        assert one.sure == same["sure"]


# -- what is not sure ----------------------------------------------------------------------------


def test_a_model_without_experience_cannot_tell() -> None:
    for answer in classes().answers(rows()):
        assert answer.sure is None
        assert answer.unsure_because == ()


def test_most_rows_like_those_learnt_from_are_sure() -> None:
    answers = experienced(classes()).answers(np.random.default_rng(5).normal(size=(1000, 4)))
    share = np.mean([not one.sure for one in answers])
    assert 0.005 < share < 0.06
    for one in answers:
        assert one.sure == (not one.unsure_because)


def test_a_feature_out_of_its_range_is_named() -> None:
    model = experienced(classes())
    e = model.experience
    assert e is not None
    beyond = e.typical.copy()
    beyond[2] = 9.5
    (answer,) = model.answers(beyond[None])
    assert answer.sure is False
    (doubt,) = [doubt for doubt in answer.unsure_because if doubt.code == "outside-range"]
    assert doubt.to_json() == {
        "code": "outside-range",
        "input": "c",
        "message": f"c 9.5 is outside {e.low[2]:.12g}..{e.high[2]:.12g}, "
        "which is what the network learnt from",
    }
    beyond[2] = -9.5
    assert "c -9.5 is outside" in str(model.answers(beyond[None])[0].unsure_because)


def test_each_row_has_its_own_doubts() -> None:
    model = experienced(classes(), most_unlike=1.5, least_probability=0.4)
    x = np.concatenate([rows(), rows(4) + np.diag([50.0, -50, 60, -60])])
    e = model.experience
    assert e is not None
    p = model.predict_proba(x).max(axis=1)
    for n, (answer, unlikeness) in enumerate(zip(model.answers(x), e.unlikeness(x), strict=True)):
        assert ("unlike-training" in codes(answer)) == (unlikeness > 1.5)
        assert ("not-probable" in codes(answer)) == (p[n] < 0.4)
        for k, name in enumerate("abcd"):
            beyond = x[n, k] < e.low[k] - e.most_outside * e.scale[k] or (
                x[n, k] > e.high[k] + e.most_outside * e.scale[k]
            )
            told = f"{name} {x[n, k]:.12g} is outside"
            assert any(doubt.message.startswith(told) for doubt in answer.unsure_because) == beyond


@pytest.mark.parametrize("side", [-1, 1])
def test_a_little_out_of_the_range_is_within_it(side: int) -> None:
    model = experienced(classes(), most_unlike=1e9, least_probability=0.0, most_outside=0.5)
    e = model.experience
    assert e is not None
    row = e.typical.copy()
    end = e.high[1] if side > 0 else e.low[1]
    for outside, sure in ((0.0, True), (0.49, True), (0.51, False)):
        row[1] = end + side * outside * e.scale[1]
        assert model.answers(row[None])[0].sure is sure


def test_ranges_are_those_of_the_rows_as_given_not_as_rounded() -> None:
    x = np.column_stack([np.full(200, 100_000_001.0), np.arange(200.0), rows(200, 2)])
    model = classes()
    model.experience = gn.Experience.of(x, x)
    assert not [code for one in model.answers(x) for code in codes(one) if code == "outside-range"]


def test_a_row_of_strangers_names_only_some() -> None:
    names = tuple(f"n{k}" for k in range(50))
    network = gn.Sequential([gn.Dense(3)], 50, seed=0)
    known = rows(200, 50)
    model = gn.Model(network, gn.Features(names), gn.Classes(LABELS))
    model.experience = gn.Experience.of(known, known)
    first, second = model.answers(np.stack([known[0] + 1000, known[1]]))
    assert codes(first) == ["unlike-training", *["outside-range"] * 10]
    assert second.sure


def test_values_unlike_the_training_rows_in_their_combination() -> None:
    a = np.random.default_rng(0).normal(size=400)
    known = np.column_stack([a, a + rows(400, 1)[:, 0] / 50, rows(400, 2)])
    model = classes()
    model.experience = gn.Experience.of(known, known)
    (answer,) = model.answers([[1.0, -1.0, 0.0, 0.0]])
    assert codes(answer) == ["unlike-training"]
    (doubt,) = answer.unsure_because
    assert "the values, taken together, are unlike what the network learnt from" in doubt.message
    assert "input" not in doubt.to_json()
    assert model.answers([[1.0, 1.0, 0.0, 0.0]])[0].sure


def test_a_class_that_is_hardly_more_probable_than_the_others() -> None:
    model = experienced(classes(), most_unlike=1e9, most_outside=1e9, least_probability=0.6)
    for p, answer in zip(
        model.predict_proba(rows()).max(axis=1), model.answers(rows()), strict=True
    ):
        assert codes(answer) == (["not-probable"] if p < 0.6 else [])
    unsure = next(one for one in model.answers(rows()) if not one.sure)
    assert f"{100 * (unsure.probability or 0):.1f} % (the limit is 60.0 %)" in str(
        unsure.unsure_because
    )


def test_images_are_unlike_as_a_whole_and_have_no_ranges() -> None:
    model = gn.train("digits", epochs=5, progress=False)
    data = gn.datasets.load("digits").test
    test = np.asarray(data.x)

    def share(x: Array) -> float:
        return float(np.mean([not one.sure for one in model.answers(x)]))

    assert share(test) < 0.06
    assert share(1 - test) > 0.95
    assert share(np.random.default_rng(0).random(test.shape)) > 0.95
    told = [doubt for one in model.answers(1 - test) for doubt in one.unsure_because]
    assert {doubt.code for doubt in told} <= {"unlike-training", "not-probable"}
    assert "the image is unlike what the network learnt from" in told[0].message


@pytest.mark.filterwarnings("error")
def test_numbers_as_large_as_they_get() -> None:
    model = experienced(classes(dtype="float64"), least_probability=0.0)
    (answer,) = model.answers([[1e300, -1e300, 1e308, 0]])
    assert codes(answer) == ["unlike-training", *["outside-range"] * 3]
    assert "unlikeness inf" in answer.unsure_because[0].message


# -- the digest ----------------------------------------------------------------------------------


def test_the_digest_is_that_of_the_file(tmp_path: Path) -> None:
    model = classes()
    assert model.digest == ""
    model.save(tmp_path / "m")
    assert model.digest == ""
    told = gn.load(tmp_path / "m").digest
    assert told == f"sha256:{hashlib.sha256((tmp_path / 'm').read_bytes()).hexdigest()}"
    values().save(tmp_path / "m")
    assert gn.load(tmp_path / "m").digest != told
