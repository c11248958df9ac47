"""Experience: how unlike the training rows others are, its limits, and its way through a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.data.mnist import MNIST
from glassnet.files import read_sealed, write_sealed
from glassnet.model.experience import ARRAYS
from glassnet.types import Array
from tests.model.models import classes, images, rows, values


def tilted(count: int, columns: int = 5, seed: int = 0) -> Array:
    """Rows in which every column depends on the others, in units of their own."""
    rng = np.random.default_rng(seed)
    mix = np.random.default_rng(7).normal(size=(columns, columns))
    scale = 10.0 ** np.arange(columns)
    return np.asarray(rng.normal(size=(count, columns)) @ mix * scale + 3 * scale)


def pictures(count: int, seed: int = 0) -> gn.Pixels:
    """Pictures of 6 x 8 pixels: a bright bar, wider or narrower, on dirty paper."""
    rng = np.random.default_rng(seed)
    place, width = rng.uniform(2, 5, (count, 1)), rng.uniform(0.5, 2, (count, 1))
    column = np.exp(-(((np.arange(8)[None] - place) / width) ** 2))
    bars = np.repeat(column[:, None], 6, axis=1).reshape(count, -1)
    dirty = np.clip(bars + rng.normal(scale=0.05, size=bars.shape), 0, 1)
    return gn.Pixels((dirty * 16).round().astype(np.uint8), 16)


# -- the formula ---------------------------------------------------------------------------------


def by_the_formula(e: gn.Experience, x: Array) -> Array:
    z = (np.asarray(x, np.float64) - e.center) / e.scale
    u = z @ e.axes.T
    rest = z - u @ e.axes
    terms = (u**2 / e.variances).sum(axis=1) + (rest**2).sum(axis=1) / e.noise
    return np.asarray(terms / e.size)


@pytest.mark.parametrize("wide", [False, True], ids=["many rows", "more columns than rows"])
def test_unlikeness_is_what_its_formula_says(wide: bool) -> None:
    train = tilted(30, 60) if wide else tilted(400)
    e = gn.Experience.of(train, train)
    assert e.axes.shape == ((29 if wide else 4), train.shape[1])
    np.testing.assert_allclose(e.axes @ e.axes.T, np.eye(len(e.axes)), atol=1e-6)
    x = np.concatenate([train, tilted(9, train.shape[1], seed=1) * 1.7])
    np.testing.assert_allclose(e.unlikeness(x), by_the_formula(e, x), rtol=1e-6)
    e = gn.Experience.of(pictures(300), pictures(200, seed=1))
    x = np.concatenate([np.asarray(pictures(9, seed=2)), np.ones((1, 48))])
    np.testing.assert_allclose(e.unlikeness(x), by_the_formula(e, x), rtol=1e-3)


def test_it_is_the_density_of_a_gaussian_where_all_directions_are_kept() -> None:
    train = tilted(400)
    e = gn.Experience.of(train, train)
    x = tilted(20, seed=1)
    off = x - train.mean(axis=0)
    squared = np.einsum("nd,nd->n", off @ np.linalg.inv(np.cov(train.T, bias=True)), off)
    np.testing.assert_allclose(e.unlikeness(x), squared / 5, rtol=1e-6)
    assert e.unlikeness(train).mean() == pytest.approx(1)


def test_few_directions_and_the_noise_of_the_others_are_those_of_the_covariance() -> None:
    x = np.asarray(pictures(500))
    e = gn.Experience.of(gn.Pixels((x * 16).round().astype(np.uint8), 16), x)
    λ = np.linalg.eigvalsh(np.cov(x.T, bias=True))[::-1]
    assert e.axes.shape == (32, 48)
    np.testing.assert_allclose(e.variances, np.maximum(λ[:32], e.noise), rtol=1e-3)
    assert e.noise == pytest.approx(λ[32:].mean(), rel=1e-3)
    assert (e.scale == 1).all()


def test_the_smaller_of_two_matrices_gives_the_same_axes() -> None:
    square = tilted(40, 40)
    fat = np.concatenate([square, np.zeros((40, 1))], axis=1)
    one, two = gn.Experience.of(square, square), gn.Experience.of(fat, fat)
    ours, same = one.unlikeness(square) * 40, two.unlikeness(fat) * 41
    np.testing.assert_allclose(one.variances[:30], two.variances[:30], rtol=1e-6)
    assert np.corrcoef(ours, same)[0, 1] > 0.99


def test_columns_that_depend_on_each_other_are_unlike_once_they_do_not() -> None:
    e = gn.Experience.of(tilted(400), tilted(400, seed=1))
    x = tilted(200, seed=2)
    rng = np.random.default_rng(3)
    mixed = np.stack([rng.permutation(column) for column in x.T], axis=1)
    assert (e.unlikeness(x) > e.most_unlike).mean() < 0.05
    assert (e.unlikeness(mixed) > e.most_unlike).mean() > 0.3
    assert e.outside(mixed).mean() < 0.05  # each of them is as it was


def test_pictures_of_something_else_are_unlike() -> None:
    e = gn.Experience.of(pictures(500), pictures(300, seed=1))
    rng = np.random.default_rng(0)
    same = np.asarray(pictures(200, seed=2))
    assert (e.unlikeness(same) > e.most_unlike).mean() < 0.05
    for other in (rng.random((50, 48)), 1 - same, same.reshape(-1, 6, 8)[:, :, ::-1] * 0 + 1):
        assert (e.unlikeness(other.reshape(len(other), -1)) > e.most_unlike).mean() > 0.95


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "train",
    [
        np.full((20, 3), 0.1),
        np.ones((1, 3)),
        np.array([[1.0], [2.0], [4.0]]),
        np.column_stack([np.arange(9.0), np.arange(9.0) * 2, np.arange(9.0) * -1]),
        np.eye(3)[:2],
    ],
    ids=["constant", "one row", "one column", "one direction", "two rows"],
)
def test_rows_of_which_nothing_can_be_learnt_are_like_themselves(train: Array) -> None:
    e = gn.Experience.of(train, train)
    assert (e.unlikeness(train) <= e.most_unlike).all()
    assert not e.outside(train).any()
    assert e.unlikeness(train + 100).min() > e.most_unlike
    assert np.isinf(e.unlikeness(np.full((1, train.shape[1]), 1e300))).all()


def test_rows_of_another_length_are_refused() -> None:
    e = gn.Experience.of(tilted(40), tilted(40))
    for wrong in (tilted(4, 3), np.zeros(5)):
        with pytest.raises(gn.ShapeError, match="rows of 5 numbers"):
            e.unlikeness(wrong)
    with pytest.raises(gn.ShapeError, match="train has rows of 5 numbers, validation of 3"):
        gn.Experience.of(tilted(40), tilted(40, 3))
    with pytest.raises(gn.ShapeError, match="validation expects rows of numbers"):
        gn.Experience.of(tilted(40), np.zeros(5))
    with pytest.raises(gn.DataError, match="train is NaN"):
        gn.Experience.of(np.full((4, 2), np.nan), tilted(4, 2))


# -- what is kept of the rows --------------------------------------------------------------------


def test_ranges_middles_and_choices_of_a_table() -> None:
    rng = np.random.default_rng(0)
    x = np.column_stack([
        rng.normal(size=300),
        rng.integers(0, 2, 300),
        rng.integers(0, 40, 300),
        rng.integers(0, 4, 300) / 2,
        rng.permutation(np.repeat(np.arange(12.0), 25)),
        rng.permutation(np.arange(300) % 13),
    ])  # fmt: skip
    e = gn.Experience.of(gn.Rows(x, np.zeros(300)), x)
    assert np.array_equal(e.low, x.min(axis=0))
    assert np.array_equal(e.high, x.max(axis=0))
    assert all(value in column for value, column in zip(e.typical, x.T, strict=True))
    assert ((x <= e.typical).mean(axis=0) >= 0.5).all()
    assert ((x >= e.typical).mean(axis=0) >= 0.5).all()
    assert e.choices == ((), (0, 1), (), (), tuple(range(12)), ())
    assert {array.dtype for array in (e.low, e.axes, e.center)} == {np.dtype(np.float64)}
    np.testing.assert_allclose(e.center, x.mean(axis=0))
    np.testing.assert_allclose(e.scale, x.std(axis=0))


def test_many_rows_are_looked_at_evenly_but_every_value_counts() -> None:
    x = np.sort(np.random.default_rng(0).normal(size=(30_001, 2)), axis=0)
    x[12_345, 1] = 99
    e = gn.Experience.of(x, x)
    assert e.high[1] == 99
    assert e.center[0] == pytest.approx(x[:, 0].mean(), abs=0.01)
    assert e.typical[0] == pytest.approx(np.median(x[:, 0]), abs=0.01)


def test_images_have_no_choices_and_one_unit() -> None:
    shown = pictures(150)
    for rows_of in (shown, np.asarray(shown)):
        e = gn.Experience.of(rows_of, rows_of, images=True)
        assert e.choices == ()
        assert (e.scale == 1).all()
        assert e.axes.dtype == np.float32
        assert e.most_outside == 0
    assert gn.Experience.of(np.asarray(shown), np.asarray(shown)).axes.dtype == np.float64


# -- the limits ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "beyond"), [(100, 1), (199, 1), (1000, 10)])
def test_one_in_a_hundred_lies_beyond_each_limit(count: int, beyond: int) -> None:
    train, validation = tilted(60), tilted(count, seed=1)
    p = np.random.default_rng(2).dirichlet([1, 1, 1], count)
    e = gn.Experience.of(train, validation, p)
    assert (e.unlikeness(validation) > e.most_unlike).sum() == beyond
    assert (p.max(axis=1) < e.least_probability).sum() == beyond
    assert e.outside(validation).any(axis=1).sum() == beyond


def test_training_rows_join_where_validation_rows_are_few() -> None:
    train, validation = tilted(200), tilted(50, seed=1)
    e = gn.Experience.of(train, validation, np.full((50, 2), 0.6))
    both = np.concatenate([train, validation])
    assert (e.unlikeness(both) > e.most_unlike).sum() == 2
    assert e.least_probability == pytest.approx(0.4)
    # A row that was learnt from is measured against the others: what they did not reach counts.
    apart = train.copy()
    apart[[0, 1, 2], [0, 1, 2]] += 20 * train.std(axis=0)[:3]
    assert gn.Experience.of(apart, validation).most_outside > e.most_outside


def test_fewer_than_a_hundred_rows_in_all_get_a_margin() -> None:
    train, validation = tilted(50), tilted(9, seed=1)
    e = gn.Experience.of(train, validation)
    both = np.concatenate([train, validation])
    assert e.most_unlike == pytest.approx(1.5 * e.unlikeness(both).max())
    assert e.least_probability == 0


def test_limits_are_neither_pedantic_nor_infinite() -> None:
    sure = np.tile([1.0, 0.0], (200, 1))
    e = gn.Experience.of(tilted(200), tilted(200), sure)
    assert e.least_probability == 0.9
    assert e.most_outside == 0.1
    far = tilted(200)
    far[:5] = 1e300
    assert np.isfinite(gn.Experience.of(tilted(200), far).most_unlike)


# -- in a model, and in its file -----------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    model = classes()
    model.experience = gn.Experience.of(rows(200), rows(120), model.predict_proba(rows(120)))
    model.save(path)
    return path


def test_it_comes_back_from_a_file(file: Path, tmp_path: Path) -> None:
    told = gn.load(file).experience
    assert told is not None
    made = gn.Experience.of(rows(200), rows(120), classes().predict_proba(rows(120)))
    for name in (*ARRAYS, "_weights"):
        assert np.array_equal(getattr(told, name), getattr(made, name))
        assert getattr(told, name).dtype == getattr(made, name).dtype
    for name in ("noise", "most_unlike", "most_outside", "least_probability", "choices"):
        assert getattr(told, name) == getattr(made, name)
    model = images()
    model.experience = gn.Experience.of(gn.Pixels(np.eye(6, dtype=np.uint8) * 16, 16), np.eye(6))
    model.save(tmp_path / "m")
    again = gn.load(tmp_path / "m").experience
    assert again is not None
    assert again.axes.dtype == np.float32
    assert repr(again) == "<Experience of rows of 6 numbers in 5 directions>"
    one = gn.Model(
        gn.Sequential([gn.Dense(1)], 1, seed=0), gn.Features(("x",)), gn.Values(("y",)), {},
        gn.Experience.of(np.arange(9.0)[:, None], np.arange(9.0)[:, None]),
    )  # fmt: skip
    one.save(tmp_path / "one")
    again = gn.load(tmp_path / "one").experience
    assert again is not None
    assert again.choices == (tuple(range(9)),)
    assert again.axes.shape == (0, 1)


def test_a_model_has_none_unless_it_is_given_one(file: Path) -> None:
    classes().save(file)
    assert gn.load(file).experience is None
    assert not any(name.startswith("experience") for name in read_sealed(file)[1])
    assert "experience" not in read_sealed(file)[0]


def test_training_gives_it() -> None:
    model = gn.train("digits", epochs=1, progress=False)
    assert model.experience is not None
    assert model.experience.axes.shape == (32, 64)
    assert 0 < model.experience.least_probability < 0.9
    model = gn.train("diabetes", epochs=1, progress=False)
    assert model.experience is not None
    assert model.experience.least_probability == 0
    assert (1, 2) in model.experience.choices


@pytest.mark.data("mnist")
def test_digits_are_known_and_noise_is_not(real_data: Path) -> None:
    data = MNIST.load(folder=real_data / "mnist")
    e = gn.Experience.of(data.train, data.validation)
    assert (e.unlikeness(data.validation.x) > e.most_unlike).sum() == 100
    test = np.asarray(data.test.x)

    def share(x: Array) -> float:
        return float((e.unlikeness(x) > e.most_unlike).mean())

    assert 0.005 < share(test) < 0.02
    assert share(1 - test) == 1
    assert share(np.random.default_rng(0).random((100, 784))) == 1
    assert share(np.roll(test.reshape(-1, 28, 28), 4, axis=2).reshape(-1, 784)) > 0.5


def test_that_of_other_rows_is_refused() -> None:
    with pytest.raises(gn.ShapeError, match="rows of 5 numbers, but the network takes 4"):
        classes().experience = gn.Experience.of(tilted(9), tilted(9))
    with pytest.raises(gn.SettingError, match=r"such as gn\.Experience\.of"):
        classes().experience = "much"  # type: ignore[assignment]


def test_a_layer_of_that_name_is_no_ambiguity(tmp_path: Path) -> None:
    class Centred(gn.Layer):
        params = ("center",)

        def build(self, shape: Any, declare: Any) -> Any:
            declare("center", shape)
            return shape

        def forward(self, x: Array, frame: gn.Frame) -> Array:  # noqa: ARG002
            y: Array = x - self.center
            return y

    network = gn.Sequential([Centred(name="experience"), gn.Dense(3)], 4, seed=0)
    model = gn.Model(network, classes().inputs, classes().outputs)
    model.experience = gn.Experience.of(rows(), rows())
    with pytest.raises(gn.FileError, match=r"experience\.center has the name of an array"):
        model.save(tmp_path / "m")
    assert not (tmp_path / "m").exists()


Numbers = dict[str, Any]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (None, "An experience is a JSON object"),
        ([], "An experience is a JSON object"),
        ({}, "An experience is a JSON object"),
        ({"noise": 0}, r"noise in \(0, inf\), got 0"),
        ({"noise": -1.0}, "noise in"),
        ({"noise": True}, "noise in"),
        ({"noise": "1"}, "noise in"),
        ({"noise": 10**400}, "noise in"),
        ({"noise": 1e-320}, "noise above 0"),
        ({"noise": 1e30}, "no variance below the noise"),
        ({"most_unlike": -1}, "most_unlike in"),
        ({"most_unlike": None}, "most_unlike in"),
        ({"most_outside": [1]}, "most_outside in"),
        ({"least_probability": 1.1}, "least_probability in"),
        ({"choices": None}, "not usable"),
        ({"choices": 3}, "not usable"),
        ({"choices": "abcd"}, "finite numbers a feature"),
        ({"choices": [[1, 2]]}, "choices are expected for 4 features, got 1"),
        ({"choices": [[], [], [], [None]]}, "finite numbers a feature"),
        ({"choices": [[], [], [], list(range(13))]}, "at most 12 finite numbers"),
        ({"choices": [1, 2, 3, 4]}, "not usable"),
        ({"more": 1}, "An experience is a JSON object"),
    ],
)
def test_numbers_that_are_sealed_but_wrong(file: Path, change: Any, message: str) -> None:
    document, arrays = read_sealed(file)
    told = document["experience"]
    document["experience"] = told | change if change else change
    write_sealed(file, document, arrays)
    with pytest.raises(gn.ModelFileError, match=message):
        gn.load(file)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("axes", lambda a: a[:, :3], r"ask for low of shape \(3,\)"),
        ("axes", lambda a: a[0], "ask for"),
        ("axes", lambda a: a[:, :0], "ask for"),
        ("axes", lambda a: a[:, :, None], "ask for"),
        ("axes", lambda a: a * 1e9, "axes of length 1"),
        ("axes", lambda a: a.astype(np.float32), "the same precision"),
        ("axes", lambda a: (a * 9).astype(np.int64), "an array of floats"),
        ("axes", lambda a: a.astype(np.float16), "an array of floats"),
        ("variances", lambda a: a[:2], r"variances of shape \(3,\)"),
        ("variances", lambda a: a * 0, "no variance below the noise"),
        ("variances", lambda a: -a, "no variance below the noise"),
        ("scale", lambda a: a * 0, "scale above 0"),
        ("scale", lambda a: a * 1e-320, "scale above 0"),
        ("center", lambda a: a[None], r"center of shape \(4,\)"),
        ("low", lambda a: a + 99, "low to be at most typical"),
        ("high", lambda a: a - 99, "typical to be at most high"),
        ("typical", lambda a: a[:0], "typical of shape"),
    ],
)
def test_arrays_that_are_sealed_but_wrong(
    file: Path, name: str, change: Callable[[Array], Array], message: str
) -> None:
    document, arrays = read_sealed(file)
    arrays[f"experience.{name}"] = np.ascontiguousarray(change(arrays[f"experience.{name}"]))
    write_sealed(file, document, arrays)
    with pytest.raises(gn.ModelFileError, match=message):
        gn.load(file)


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_that_are_missing_or_too_many(file: Path, name: str) -> None:
    document, arrays = read_sealed(file)
    array = arrays.pop(f"experience.{name}")
    write_sealed(file, document, arrays)
    with pytest.raises(gn.ModelFileError, match=f"lacks its arrays {name}"):
        gn.load(file)
    arrays[f"experience.{name}"] = array
    write_sealed(file, document, arrays | {"experience.more": np.ones(3)})
    with pytest.raises(gn.ModelFileError, match=r"not those of its network: .*'experience\.more'"):
        gn.load(file)
    del document["experience"]
    write_sealed(file, document, arrays)
    with pytest.raises(gn.ModelFileError, match="not those of its network"):
        gn.load(file)


def test_what_does_not_fit_the_model_is_a_model_file_error(tmp_path: Path) -> None:
    one, other = values(), images()
    one.experience = gn.Experience.of(rows(), rows())
    one.save(tmp_path / "one")
    other.save(tmp_path / "other")
    (document, arrays), (into, own) = read_sealed(tmp_path / "one"), read_sealed(tmp_path / "other")
    into["experience"] = document["experience"]
    own |= {name: array for name, array in arrays.items() if name.startswith("experience.")}
    write_sealed(tmp_path / "other", into, own)
    with pytest.raises(gn.ModelFileError, match="rows of 4 numbers, but the network takes 6"):
        gn.load(tmp_path / "other")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["center", "scale", "low", "high", "most_outside", "most_unlike"])
def test_absurd_numbers_answer_all_the_same(file: Path, name: str) -> None:
    document, arrays = read_sealed(file)
    key = f"experience.{name}"
    if key in arrays:
        arrays[key] = np.full(4, -1.7e308 if name == "low" else 1.7e308)
    else:
        document["experience"][name] = 1.7e308
    write_sealed(file, document, arrays)
    (answer,) = gn.load(file).answers([[1, 2, 3, 4]])
    assert answer.sure in (True, False)


def test_a_noise_that_float32_cannot_hold_is_refused_without_a_warning() -> None:
    made: dict[str, Any] = {
        name: np.zeros(2, np.float32) for name in ("low", "high", "typical", "center")
    }
    with pytest.raises(gn.SettingError, match="no variance below the noise"):
        gn.Experience(
            **made, scale=np.ones(2, np.float32), axes=np.eye(2, dtype=np.float32),
            variances=np.ones(2, np.float32), noise=1e308, most_unlike=1.0,
        )  # fmt: skip
