"""Model: answers as people want them, and the file that keeps it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

import glassnet as gn
from glassnet.data import Pixels
from glassnet.files import read_sealed, write_sealed
from glassnet.types import Array
from tests.data.test_dataset import Frame
from tests.model.models import LABELS, classes, images, rows, values

# -- answers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("link", ["softmax", "sigmoid", "identity"])
@pytest.mark.parametrize("labels", [LABELS, ("no", "yes")])
def test_probabilities_sum_to_one_and_the_likeliest_is_the_answer(
    link: str, labels: tuple[str, ...]
) -> None:
    model = classes(link, labels, dtype="float64")
    p = model.predict_proba(rows())
    assert p.shape == (30, len(labels))
    assert p.min() >= 0
    np.testing.assert_allclose(p.sum(axis=1), 1)
    y = model.network(rows())
    if link != "identity" or (y > 0).any(axis=1).all():
        assert model.predict(rows()).tolist() == p.argmax(axis=1).tolist()
    assert len(set(model.predict(rows()))) > 1


def test_probabilities_of_each_link_by_hand() -> None:
    def proba(link: str, y: list[float], labels: tuple[str, ...] = LABELS) -> list[float]:
        layers = [gn.Dense(len(y), init=gn.zeros)]
        network = gn.Sequential(layers, input_shape=1, dtype="float64")
        network.load_parameters({"dense_1.b": y})
        model = gn.Model(network, gn.Features(("x",)), gn.Classes(labels, link))
        (p,) = model.predict_proba([[0.0]]).tolist()
        return list(p)

    ln = float(np.log(3))
    assert proba("softmax", [0, ln, 0]) == pytest.approx([0.2, 0.6, 0.2])
    assert proba("softmax", [2000, 0, 0]) == pytest.approx([1, 0, 0])
    assert proba("sigmoid", [0, ln, -ln]) == pytest.approx([1 / 3, 1 / 2, 1 / 6])
    assert proba("sigmoid", [ln], ("no", "yes")) == pytest.approx([0.25, 0.75])
    assert proba("sigmoid", [-1e4], ("no", "yes")) == pytest.approx([1, 0])
    assert proba("sigmoid", [-800, -800 + ln, -2000]) == pytest.approx([0.25, 0.75, 0])
    assert proba("sigmoid", [800, 0, -2000]) == pytest.approx([2 / 3, 1 / 3, 0])
    assert proba("identity", [0.1, 0.3, -0.2]) == pytest.approx([0.25, 0.75, 0])
    assert proba("identity", [-1, -1, -1]) == pytest.approx([1 / 3] * 3)


def test_values_come_in_their_units() -> None:
    plain, scaled = values(), values(mean=(170.0, 70.0), std=(10.0, 20.0))
    y = plain.predict(rows())
    np.testing.assert_allclose(scaled.predict(rows()), y * [10, 20] + [170, 70], rtol=1e-6)
    assert np.array_equal(y, plain.network(rows()))


def test_images_may_be_bytes_floats_or_pictures() -> None:
    model = images()
    whole = np.random.default_rng(0).integers(0, 17, (4, 6)).astype(np.uint8)
    answers = model.network(whole / 16)
    for form in (
        Pixels(whole, 16),
        whole,
        whole.astype(int),
        whole.tolist(),
        whole / 16,
        whole.reshape(4, 2, 3),
        (whole / 16).reshape(4, 2, 3),
    ):
        p = np.exp(answers) / np.exp(answers).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(model.predict_proba(form), p, rtol=1e-5)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (np.full((1, 6), 17), gn.DataError, r"whole numbers from 0 to 16.*from 17 to 17"),
        (np.full((1, 6), -1), gn.DataError, "from -1 to -1"),
        (np.full((1, 6), 1.5), gn.DataError, "floats from 0 to 1; got float64 from 1.5"),
        (np.full((1, 6), -0.5), gn.DataError, r"floats from 0 to 1; got float64 from -0\.5"),
        (np.full((1, 6), np.nan), gn.DataError, "images is NaN or infinite in 6 of 6 numbers"),
        (np.zeros((1, 5)), gn.ShapeError, r"rows of 6 numbers, got an array of shape \(1, 5\)"),
        (np.zeros((1, 3, 2)), gn.ShapeError, r"got an array of shape \(1, 3, 2\)"),
        (np.zeros(6), gn.ShapeError, r"x\[None\]"),
        (Pixels(np.zeros((1, 5), np.uint8)), gn.ShapeError, r"shape \(1, 5\)"),
        ([], gn.DataError, "at least one row"),
        ("digits", gn.DataError, "images expects numbers"),
    ],
)
def test_images_that_cannot_be(given: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        images().predict(given)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (np.zeros((2, 3)), gn.ShapeError, "expects rows of 4 numbers"),
        ([["a"] * 4], gn.DataError, "rows expects numbers"),
        ([[1, 2, 3, np.inf]], gn.DataError, "row 0, column 3: inf"),
        (np.zeros((0, 4)), gn.DataError, "at least one row"),
        (
            [[0, 0, 0, 0], [1e39, 1, 1, 1]],
            gn.DataError,
            "float32, the first at row 1, column 0: 1e",
        ),
        (Frame(a=[0], b=[0], c=[0], e=[0]), gn.DataError, r"it lacks \['d'\]"),
    ],
)
def test_rows_that_cannot_be(given: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        classes().predict(given)


def test_an_answer_that_is_no_number_is_none() -> None:
    model = values()
    model.network.parameters()["dense_1.W"][...] = 2
    with pytest.raises(gn.DataError, match=r"answer to row 1 is no finite number: .* in float32"):
        model.predict([[0, 0, 0, 0], [3e38, 0, 0, 0]])


@pytest.mark.parametrize("ask", [gn.Model.predict, gn.Model.answers])
def test_an_answer_that_its_unit_makes_infinite_is_none(ask: Any) -> None:
    with pytest.raises(gn.DataError, match="too large for a number"):
        ask(values(mean=(0.0, 0.0), std=(1e308, 1.0)), rows() * 100)


def test_the_columns_of_a_table_are_matched_by_name() -> None:
    model, x = classes(), rows()
    table = Frame(**{name: x[:, "abcd".index(name)] for name in "dbca"})
    assert np.array_equal(model.predict_proba(table), model.predict_proba(x))
    assert model.evaluate(table, np.zeros(30, int)) == model.evaluate(x, np.zeros(30, int))


def test_evaluation_agrees_with_scikit_learn() -> None:
    model, x = classes(), rows()
    t = np.random.default_rng(2).integers(0, 3, 30)
    answers, p = model.predict(x), model.predict_proba(x)
    macro = {"average": "macro", "zero_division": 0.0}
    assert model.evaluate(x, t) == {
        "accuracy": pytest.approx(sk.accuracy_score(t, answers)),
        "precision": pytest.approx(sk.precision_score(t, answers, **macro)),
        "recall": pytest.approx(sk.recall_score(t, answers, **macro)),
        "f1": pytest.approx(sk.f1_score(t, answers, **macro)),
        "cross_entropy": pytest.approx(sk.log_loss(t, p)),
    }
    assert model.confusion_table(x, t).tolist() == sk.confusion_matrix(t, answers).tolist()
    assert model.evaluate(gn.Rows(x, t)) == model.evaluate(x, t)


def test_values_are_evaluated_in_their_units() -> None:
    model, x = values(mean=(170.0, 70.0), std=(10.0, 20.0)), rows()
    t = model.predict(x) + np.random.default_rng(2).normal(size=(30, 2))
    y = model.predict(x)
    assert model.evaluate(x, t) == {
        "mae": pytest.approx(sk.mean_absolute_error(t, y)),
        "rmse": pytest.approx(sk.root_mean_squared_error(t, y)),
        "r2": pytest.approx(sk.r2_score(t, y)),
    }


def test_targets_that_cannot_be() -> None:
    model, x = classes(), rows()
    with pytest.raises(gn.DataError, match=r"outside the classes 0\.\.2, the first at row 0: 3"):
        model.evaluate(x, np.full(30, 3))
    with pytest.raises(gn.DataError, match="Classes are whole numbers"):
        model.evaluate(x, np.zeros((30, 3)))
    with pytest.raises(gn.ShapeError, match="30 rows came with 29 targets"):
        model.evaluate(x, np.zeros(29, int))
    with pytest.raises(gn.DataError, match=r"data\.test, or rows and targets"):
        model.evaluate(x)
    with pytest.raises(gn.ShapeError):
        values().evaluate(x, np.zeros(30))


def test_a_model_of_values_has_no_probabilities() -> None:
    for ask in (values().predict_proba, values().confusion_table):
        with pytest.raises(gn.SettingError, match="answers with values"):
            ask(rows())


def test_what_goes_in_and_comes_out_has_to_fit() -> None:
    network = classes().network
    table, colours = gn.Features(("a", "b", "c", "d")), gn.Classes(LABELS)
    with pytest.raises(gn.ShapeError, match=r"input has shape \(4,\) .* asks for \(6,\)"):
        gn.Model(network, gn.Images(2, 3), colours)
    with pytest.raises(gn.ShapeError, match=r"output has shape \(3,\) .* asks for \(2,\)"):
        gn.Model(network, table, gn.Classes(("a", "b")))
    with pytest.raises(gn.SettingError, match=r"inputs as gn\.Features or gn\.Images"):
        gn.Model(network, colours, table)  # type: ignore[arg-type]
    for provenance in (["by"], [], "hand"):
        with pytest.raises(gn.SettingError, match="A Model's provenance is a dict, got"):
            gn.Model(network, table, colours, provenance)  # type: ignore[arg-type]
    with pytest.raises(
        gn.SettingError, match=r"no usable history\. The epochs are expected as a list"
    ):
        gn.Model(network, table, colours, {"history": 3})
    x = gn.Input(4)
    two = gn.Network(x, [gn.Dense(3)(x), gn.Dense(1)(x)])
    with pytest.raises(gn.SettingError, match="one input and one output, got 1 and 2"):
        gn.Model(two, table, colours)


def test_it_says_what_it_is() -> None:
    assert repr(images()) == "<Model Images -> Classes: <Sequential [(6,)]: Dense(3)>>"


# -- the file ------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    classes().save(path)
    return path


@pytest.mark.parametrize(
    "model",
    [
        classes(dtype="float64"),
        classes("sigmoid", ("no", "yes")),
        values(mean=(1.0, 2.0), std=(3.0, 4.0)),
        images(),
    ],
)
def test_everything_comes_back(tmp_path: Path, model: gn.Model) -> None:
    model.save(tmp_path / "m")
    again = gn.load(tmp_path / "m")
    assert (again.inputs, again.outputs) == (model.inputs, model.outputs)
    assert again.provenance == model.provenance
    assert again.network.config() == model.network.config()
    for name, array in model.network.arrays().items():
        assert again.network.arrays()[name].dtype == array.dtype
        assert np.array_equal(again.network.arrays()[name], array)


PREDICT = """
import sys
import numpy as np
import glassnet as gn
from tests.model.models import rows

np.save(sys.argv[2], gn.load(sys.argv[1]).predict_proba(rows()))
"""


def test_a_new_process_predicts_the_same_bits(file: Path) -> None:
    out = file.with_name("p.npy")
    command = [sys.executable, "-c", PREDICT, str(file), str(out)]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2])
    assert np.load(out).tobytes() == classes().predict_proba(rows()).tobytes()


def test_a_network_with_branches_comes_back(tmp_path: Path) -> None:
    x = gn.Input(4)
    shared = gn.Dense(4)
    y = gn.Dense(3)(gn.Concatenate()(gn.Add()(x, shared(x)), gn.Tanh()(shared(gn.ReLU()(x)))))
    table, colours = gn.Features(("a", "b", "c", "d")), gn.Classes(LABELS)
    model = gn.Model(gn.Network(x, y, seed=0), table, colours)
    model.save(tmp_path / "m")
    assert np.array_equal(
        gn.load(tmp_path / "m").predict_proba(rows()), model.predict_proba(rows())
    )


@dataclass(eq=False)
class Twice(gn.Layer):
    """y = 2 x, which this library does not know."""

    times: float = 2.0

    def forward(self, x: Array, frame: gn.Frame) -> Array:  # noqa: ARG002
        return self.times * x


def test_a_layer_of_ones_own_has_to_be_handed_over(tmp_path: Path) -> None:
    network = gn.Sequential([Twice(3.0), gn.Dense(3)], input_shape=4, seed=0)
    model = gn.Model(network, classes().inputs, classes().outputs)
    model.save(tmp_path / "m")
    with pytest.raises(
        gn.ModelFileError, match=r"a layer 'Twice'.*gn\.load\(path, layers=\[Twice\]"
    ):
        gn.load(tmp_path / "m")
    for layers in (Twice, [Twice], iter([Twice])):
        again = gn.load(tmp_path / "m", layers=layers)
        assert np.array_equal(again.predict_proba(rows()), model.predict_proba(rows()))
    with pytest.raises(gn.SettingError, match=r"derived from gn\.Layer, got .Twice"):
        gn.load(tmp_path / "m", layers=["Twice"])  # type: ignore[list-item]


def test_a_layer_that_json_cannot_tell_is_not_saved(file: Path) -> None:
    network = gn.Sequential([Twice(lambda: 2), gn.Dense(3)], 4)  # type: ignore[arg-type]
    with pytest.raises(gn.FileError, match="function is not JSON"):
        gn.Model(network, classes().inputs, classes().outputs).save(file)
    assert gn.load(file).provenance == {"by": "hand"}


Change = dict[str, Any]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"format": "glassnet-checkpoint"},
            "lacks a part of a checkpoint: its optimizer",
        ),
        ({"format": "something"}, "format 'something', expected 'glassnet-model'"),
        ({"version": 2}, "format version 2, this Glassnet reads version 1. Update"),
        ({"network": None}, "lacks its network"),
        ({"provenance": []}, "lacks its provenance"),
        ({"provenance": {"history": 3}}, "does not fit together: .* no usable history"),
        ({"provenance": {"history": [1]}}, "Figures are expected as numbers by name, got 1"),
        ({"provenance": {"history": [{"loss": "x"}]}}, "Figures are expected as numbers by name"),
        ({"version": True}, "format version True"),
        ({"version": 1.0}, r"format version 1\.0"),
        ({"inputs": "x"}, "lacks its inputs"),
        (
            {"inputs": classes().outputs.to_json()},
            "does not fit together: .* inputs as gn.Features",
        ),
        (
            {"outputs": gn.Classes(("a", "b")).to_json()},
            r"does not fit together: .* asks for \(2,\)",
        ),
        ({"outputs": {"kind": "classes"}}, "lacks the field labels"),
        ({"network": {}}, "description of the network is damaged"),
        ({"network": classes().network.config() | {"layers": {}}}, "damaged"),
        ({"network": classes().network.config() | {"seed": -1}}, "cannot be: A seed"),
        ({"network": images().network.config()}, "arrays are not those of its network"),
    ],
)
def test_content_that_is_sealed_but_wrong(file: Path, change: Change, message: str) -> None:
    document, arrays = read_sealed(file)
    write_sealed(file, document | change, arrays)
    with pytest.raises(gn.ModelFileError, match=message):
        gn.load(file)


def test_arrays_that_are_sealed_but_wrong(file: Path) -> None:
    document, arrays = read_sealed(file)
    wrong = [
        {},
        {name: a for name, a in arrays.items() if name != "dense_1.b"},
        arrays | {"extra": np.zeros(1)},
        arrays | {"dense_1.W": arrays["dense_1.W"].T.copy()},
    ]
    for others in wrong:
        write_sealed(file, document, others)
        with pytest.raises(gn.ModelFileError):
            gn.load(file)


def test_numbers_too_large_for_the_network_are_refused(file: Path) -> None:
    document, arrays = read_sealed(file)
    write_sealed(file, document, arrays | {"dense_1.b": np.full(5, 1e300)})
    with pytest.raises(gn.ModelFileError, match=r"are NaN or infinite in 'dense_1\.b'"):
        gn.load(file)


def test_weights_that_are_nan_are_not_saved(file: Path) -> None:
    model = classes()
    model.network.parameters()["dense_1.b"][0] = np.nan
    with pytest.raises(gn.FileError, match=r"the array 'dense_1\.b' holds numbers that are NaN"):
        model.save(file)
    assert gn.load(file).provenance == {"by": "hand"}


def test_what_is_nan_in_the_provenance_becomes_null(tmp_path: Path) -> None:
    network = gn.Sequential([gn.Dense(1)], input_shape=1, seed=0)
    trainer = gn.Trainer(network, gn.MeanSquaredError(), metrics="r2")
    one_row = np.ones((1, 1)), np.ones((1, 1))
    history = trainer.fit(one_row, epochs=1, progress=False)
    assert np.isnan(history.last["r2"])
    told = {"history": history.epochs}
    model = gn.Model(network, gn.Features(("x",)), gn.Values(("y",)), told)
    assert model.provenance["history"][0]["r2"] is None
    model.provenance["late"] = [float("inf")]
    model.save(tmp_path / "m")
    assert gn.load(tmp_path / "m").provenance == model.provenance | {"late": [None]}


def test_a_description_of_more_than_the_file_holds_takes_no_memory(file: Path) -> None:
    document, arrays = read_sealed(file)
    text = json.dumps(document).replace('"units": 5', '"units": 1000000000000')
    write_sealed(file, json.loads(text), arrays)
    with pytest.raises(gn.ModelFileError, match=r"needs dense_1\.W of shape \(4, 10{12}\)"):
        gn.load(file)


@pytest.mark.parametrize("what", [b'"by": ', b"Tanh", b'\\"seed\\"', b"red"])
def test_a_changed_description_is_noticed(file: Path, what: bytes) -> None:
    data = file.read_bytes()
    place = data.index(what.replace(b'"', b'\\"') if b"\\" not in what else what) + 2
    file.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
    with pytest.raises(gn.ModelFileError):
        gn.load(file)


def test_a_changed_weight_is_noticed(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(gn.ModelFileError, match="was changed after it was saved"):
        gn.load(file)


def test_a_crash_before_the_rename_leaves_the_old_model(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise OSError("the plug was pulled")

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.replace", crash)
        with pytest.raises(gn.FileError, match="the plug was pulled"):
            images().save(file)
    assert gn.load(file).inputs == classes().inputs
    assert list(file.parent.iterdir()) == [file]


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "lost", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(gn.FileError, match=reason):
            gn.load(path)
    for nothing in (None, 3):
        with pytest.raises(gn.SettingError, match="named by a text or a Path"):
            gn.load(nothing)  # type: ignore[arg-type]


def test_one_class_is_none_to_choose() -> None:
    net = gn.Sequential([gn.Dense(1)], input_shape=2, seed=0)
    with pytest.raises(gn.SettingError, match="tells two classes or more apart, got Classes"):
        gn.Model(net, gn.Features(("a", "b")), gn.Classes(("only",)))
