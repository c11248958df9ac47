"""A model is asked what the command line asks: why, and what is wrong; and it goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.explanations import why
from tests.data.test_dataset import Frame
from tests.model.models import classes, images, rows, values
from tests.training.setups import bits


@pytest.fixture(scope="module")
def iris() -> gn.Dataset:
    return gn.datasets.load("iris")


@pytest.fixture(scope="module")
def model(iris: gn.Dataset) -> gn.Model:
    return gn.train(iris, epochs=20, progress=False)


# -- why -----------------------------------------------------------------------------------------


def test_an_answer_is_explained_as_the_service_explains_it(model: gn.Model) -> None:
    row = [5.1, 3.5, 1.4, 0.2]
    told, (answer,) = model.explain(row), model.answers([row], explain=True)
    assert answer.explanation is not None
    assert (told.said, told.truth) == (answer.explanation.said, "")
    assert told.probabilities == pytest.approx(answer.probabilities)
    assert told.x.tolist() == row  # as it was given, not as float32 has it
    scores = [[q.score for q in one.questions] for one in (told, answer.explanation)]
    assert scores[0] == pytest.approx(scores[1], rel=1e-5)


def test_a_wrong_answer_is_compared_with_the_truth(model: gn.Model, iris: gn.Dataset) -> None:
    row = iris.test.take([0])
    (k,) = model.predict(row.x)
    other = (int(k) + 1) % 3
    labels = model.outputs.labels  # type: ignore[union-attr]
    (question,) = model.explain(np.asarray(row.x)[0], other).questions
    assert (question.answer, question.against) == (labels[k], labels[other])
    assert model.explain(gn.Rows(row.x, np.array([other]))).truth == labels[other]


@pytest.mark.parametrize("link", ["softmax", "sigmoid", "identity"])
@pytest.mark.parametrize("labels", [("a", "b", "c"), ("no", "yes")])
def test_the_answer_explained_is_the_answer(link: str, labels: tuple[str, ...]) -> None:
    model = classes(link, labels)
    for row, k in zip(rows(8), model.predict(rows(8)), strict=True):
        assert model.explain(row).questions[0].answer == labels[k]


def test_values_are_explained_in_their_units() -> None:
    model = values(mean=(1.0, 2.0), std=(3.0, 4.0))
    told = model.explain(rows(1), [10.0, 20.0])
    expected = why(
        model.network, model.inputs, model.outputs, rows(1), model.predict(rows(1))[0],
        np.array([10.0, 20.0]),
    )  # fmt: skip
    assert str(told) == str(expected)
    assert told.truth == "height 10 cm, weight 20 kg"


def test_a_row_comes_in_every_form_that_predict_takes() -> None:
    model, (row,) = classes(), rows(1).tolist()
    told = str(model.explain(row))
    table = Frame(**{name: [row["abcd".index(name)]] for name in "dbca"})
    named = {name: row["abcd".index(name)] for name in "dbca"}
    for form in (np.array(row), [row], np.array([row]), table, named):
        assert str(model.explain(form)) == told
    picture, whole = images(), np.arange(6).reshape(2, 3)
    told = str(picture.explain(gn.Pixels(whole.reshape(1, 6).astype(np.uint8), 16)))
    for form in (whole, whole[None], whole.ravel(), whole / 16):
        assert str(picture.explain(form)) == told


@pytest.mark.parametrize(
    ("row", "target", "message"),
    [
        (rows(2), None, "An explanation is of one row, got 2"),
        (rows(1)[0, :3], None, "3"),
        ([np.nan] * 4, None, "NaN"),
        ({"a": 1, "b": 2, "c": 3, "e": 4}, None, r"has the names .* it lacks \['d'\]"),
        ([[1, 2, 3, 4], [1]], None, "rows of one length"),
        (3, None, "at least one row"),
        ("abcd", None, "expects numbers"),
        (rows(1), 3, "outside the classes"),
        (rows(1), [0, 1], "of shape"),
    ],
)
def test_a_row_that_cannot_be_explained(row: Any, target: Any, message: str) -> None:
    with pytest.raises(gn.GlassnetError, match=message):
        classes().explain(row, target)


def test_the_steps_of_a_unit_are_those_of_its_training(model: gn.Model, iris: gn.Dataset) -> None:
    row = iris.test.take([3])
    told = model.explain_steps(row, unit="dense_2:0")
    expected = gn.explain(
        model.network, row.x, row.t, gn.SoftmaxCrossEntropy(), unit="dense_2:0",
        optimizer=model.task.optimizer,
    )  # fmt: skip
    assert told.to_json() == expected.to_json()
    assert told.optimizer.startswith("Adam")
    apart = model.explain_steps(np.asarray(row.x)[0], int(row.t[0]), unit="dense_2:0")
    assert apart.to_json() == told.to_json()
    assert model.explain_steps(row).unit is None


def test_steps_need_the_truth(model: gn.Model) -> None:
    with pytest.raises(
        gn.DataError, match=r"Expected rows such as data\.test, or rows and targets"
    ):
        model.explain_steps([5.1, 3.5, 1.4, 0.2])


# -- what is wrong -------------------------------------------------------------------------------


def test_a_healthy_model_has_no_problems(model: gn.Model, iris: gn.Dataset) -> None:
    told = model.diagnose(iris.train, validation=iris.validation)
    assert not told.problems
    apart = model.diagnose(
        iris.train.x, iris.train.t, validation=(iris.validation.x, iris.validation.t)
    )
    assert apart.to_json() == told.to_json()


def test_findings_name_the_columns_and_know_the_history(iris: gn.Dataset) -> None:
    model = gn.train(iris, epochs=1, progress=False)
    x = np.array(iris.train.x)
    x[3, 2] = np.nan
    assert [f.name for f in model.diagnose(x, iris.train.t).problems] == ["not-finite"]
    x[:, 2] = 1
    assert "petal length" in str(model.diagnose(x, iris.train.t))
    model.provenance["history"] = [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 3.0}]
    names = [one.name for one in model.diagnose(iris.train).findings]
    assert "learning-rate-too-high" in names


def test_a_table_is_diagnosed_by_its_names(model: gn.Model, iris: gn.Dataset) -> None:
    columns = dict(zip(iris.inputs.names, np.asarray(iris.train.x).T, strict=True))  # type: ignore[union-attr]
    turned = Frame(**dict(reversed(columns.items())))
    told = model.diagnose(turned, iris.train.t)
    assert told.to_json() == model.diagnose(iris.train).to_json()


def test_gradients_are_checked_by_the_loss_it_was_taught_by(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = classes("identity")
    x, t = rows(8), np.arange(8) % 3
    report = model.check_gradients(x, t)
    assert report.passed
    assert report.rows == 8
    seen: dict[str, Any] = {}

    def watched(*given: Any, **settings: Any) -> None:
        seen.update(settings, t=given[2], loss=given[3])

    monkeypatch.setattr("glassnet.gradients.check_gradients", watched)
    model.check_gradients(x, t, tolerance=1e-4)
    assert seen["loss"] == gn.HalfSquaredError()
    assert seen["t"].shape == (8, 3)
    assert (seen["tolerance"], seen["training"], seen["most"]) == (1e-4, True, None)
    wide = gn.Sequential([gn.Dense(20_000), gn.Dense(3)], input_shape=4, seed=0)
    gn.Model(wide, model.inputs, model.outputs).check_gradients(x, t)
    assert seen["most"] == 500


# -- going on ------------------------------------------------------------------------------------


def test_it_learns_on_as_a_model_of_its_kind() -> None:
    class Mine(gn.Model):
        pass

    rng = np.random.default_rng(0)
    kept = gn.Rows(gn.Pixels(rng.integers(0, 17, (9, 6), np.uint8), 16), np.arange(9) % 3)
    plain = images()
    model = Mine(plain.network, plain.inputs, plain.outputs)
    before = bits(model.network)
    after = model.learn_on(kept, epochs=3, learning_rate=0.1, progress=False)
    assert type(after) is Mine
    assert bits(model.network) == before != bits(after.network)
    assert after.provenance["continued"][0]["settings"]["epochs"] == 3


def test_it_learns_on_by_the_loss_it_was_taught_by() -> None:
    plain = images()
    told = {"settings": {"losses": {"dense_1": gn.SigmoidCrossEntropy().config()}}}
    model = gn.Model(plain.network, plain.inputs, plain.outputs, told)
    kept = gn.Rows(gn.Pixels(np.eye(3, 6, dtype=np.uint8), 16), np.arange(3))
    after = model.learn_on(kept, epochs=1, progress=False)
    (continued,) = after.provenance["continued"]
    assert continued["settings"]["losses"] == told["settings"]["losses"]


def test_it_is_exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def export_html(*args: Any, **settings: Any) -> str:
        seen.extend([*args, settings])
        return "the page"

    monkeypatch.setattr("glassnet.export.export_html", export_html)
    model, x = classes(), rows(3)
    made: Any = model.export(tmp_path / "m.html", name="flowers", rows=x)
    assert made == "the page"
    assert seen == [model, tmp_path / "m.html", {"name": "flowers", "rows": x}]
    with pytest.raises(gn.SettingError, match="pdf"):
        model.export(tmp_path / "m.pdf", to="pdf")  # type: ignore[arg-type]
