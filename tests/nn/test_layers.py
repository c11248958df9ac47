"""What holds for every layer: rows × properties; and what only one of them promises."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from glassnet import nn
from glassnet.errors import DataError, GraphError, SettingError, ShapeError
from glassnet.nn.config import known_layers, layer_from_config
from glassnet.nn.layers import __all__ as exported
from glassnet.nn.layers.activations import ACTIVATIONS, activation
from glassnet.types import Array, Shape
from tests.cases import LAYERS, MERGES, LayerCase
from tests.nn.calls import backward, build, built, forward, frame_for, inputs

rows = pytest.mark.parametrize("case", [*LAYERS, *MERGES], ids=str)


def test_every_exported_layer_has_a_row() -> None:
    in_rows = {type(case.make()).__name__ for case in (*LAYERS, *MERGES)}
    assert in_rows == set(exported)
    assert in_rows <= set(vars(nn))


@rows
def test_the_row_and_the_layer_say_the_same_of_where_it_is_known(case: LayerCase) -> None:
    known = {"native": case.native, "page": case.page}
    assert case.make().not_in == {where: why for where, why in known.items() if why is not True}


@rows
def test_inputs_and_gradients_are_only_read(case: LayerCase) -> None:
    layer, xs, frame = built(case), inputs(case, 3), frame_for(case)
    for array in (*xs, *layer.arrays().values()):
        array.flags.writeable = False
    y = forward(layer, xs, frame)
    dy = np.random.default_rng(0).normal(size=y.shape)
    dy.flags.writeable = False
    backward(layer, dy, frame)


@rows
def test_two_passes_through_one_layer_do_not_meet(case: LayerCase) -> None:
    layer = built(case)

    def steps(seed: int) -> Any:
        frame = frame_for(case)
        y = forward(layer, inputs(case, 3, seed), frame)
        yield y
        dxs = backward(layer, y, frame)
        yield [*dxs, *frame.gradients.values()]

    separate = [[*steps(1)], [*steps(2)]]
    together = [*zip(steps(1), steps(2), strict=True)]
    for k in (0, 1):
        np.testing.assert_array_equal(separate[k][0], together[0][k])
        for alone, interleaved in zip(separate[k][1], together[1][k], strict=True):
            np.testing.assert_array_equal(alone, interleaved)


@rows
def test_float32_stays_float32(case: LayerCase) -> None:
    layer, frame = built(case, "float32"), frame_for(case)
    y = forward(layer, [x.astype(np.float32) for x in inputs(case, 3)], frame)
    dxs = backward(layer, np.ones_like(y), frame)
    for array in (y, *dxs, *frame.gradients.values(), *frame.updates.values()):
        assert array.dtype == np.float32


@pytest.mark.parametrize(
    "layer",
    [
        nn.LeakyReLU(np.float64(0.1)),
        nn.ELU(np.float64(0.5)),
        nn.BatchNorm(np.float64(0.9), np.float64(1e-3)),
        nn.LayerNorm(np.float64(1e-3)),
    ],
    ids=str,
)
def test_float64_settings_leave_float32_alone(layer: nn.Layer) -> None:
    net = nn.Sequential([layer], 3, seed=0)
    assert net(np.ones((2, 3))).dtype == np.float32


@rows
def test_no_rows_give_no_rows(case: LayerCase) -> None:
    y = forward(built(case), inputs(case, 0), nn.Frame())
    assert len(y) == 0
    assert y.ndim >= 2


@rows
def test_a_description_makes_the_same_layer(case: LayerCase) -> None:
    layer = built(case)
    config = json.loads(json.dumps(layer.config()))
    again = layer_from_config(config, known_layers())
    assert type(again) is type(layer)
    assert again.config() == config
    assert str(again) == str(layer)
    build(again, *case.shapes)
    for name, array in layer.arrays().items():
        assert getattr(again, name).shape == array.shape
        setattr(again, name, array)
    xs = inputs(case, 3)
    np.testing.assert_array_equal(
        forward(again, xs, frame_for(case)), forward(layer, xs, frame_for(case))
    )


@rows
def test_eight_threads_predict_through_one_network(case: LayerCase) -> None:
    layer = built(case)
    nodes = [nn.Input(shape) for shape in case.shapes]
    net = nn.Network(nodes, layer(*nodes), seed=0)
    batches = [inputs(case, 5, seed) for seed in range(8)]
    expected = [net(batch if len(batch) > 1 else batch[0]) for batch in batches]
    start = threading.Barrier(8)

    def predict(batch: list[Array]) -> list[Array]:
        start.wait()
        return [net(batch if len(batch) > 1 else batch[0]) for _ in range(20)]

    with ThreadPoolExecutor(8) as pool:
        for ys, y in zip(pool.map(predict, batches), expected, strict=True):
            for again in ys:
                np.testing.assert_array_equal(again, y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_stay_finite_for_huge_numbers(name: str, dtype: type) -> None:
    layer, frame = activation(name), nn.Frame()
    x: Array = np.array([[-1000.0, -100.0, 0.0, 100.0, 1000.0]], dtype)
    y = layer.forward(x, frame)
    dx = layer.backward(np.ones_like(x), frame)
    assert np.isfinite(y).all()
    assert np.isfinite(dx).all()


def test_an_unknown_activation_is_told_the_nearest() -> None:
    with pytest.raises(SettingError, match=r"no activation 'reul'\. Did you mean 'relu'"):
        activation("reul")


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: nn.Dense(0), "Dense expects units, a whole number of 1 or more, got 0"),
        (lambda: nn.Dense(2.0), "Dense expects units, a whole number of 1 or more, got 2.0"),  # type: ignore[arg-type]
        (lambda: nn.Dense(True), "Dense expects units, a whole number of 1 or more, got True"),
        (lambda: nn.Dropout(1.0), r"Dropout expects rate in \[0, 1\), got 1.0"),
        (lambda: nn.Dropout("0.5"), r"Dropout expects rate in \[0, 1\), got '0.5'"),  # type: ignore[arg-type]
        (lambda: nn.LeakyReLU(1.0), r"LeakyReLU expects slope in \[0, 1\), got 1.0"),
        (lambda: nn.ELU(float("nan")), r"ELU expects alpha in \(0, inf\), got nan"),
        (lambda: nn.BatchNorm(momentum=1.1), r"BatchNorm expects momentum in \[0, 1\], got 1.1"),
        (lambda: nn.BatchNorm(epsilon=0), r"BatchNorm expects epsilon in \(0, inf\), got 0"),
        (lambda: nn.LayerNorm(epsilon=-1), r"LayerNorm expects epsilon in \(0, inf\), got -1"),
    ],
)
def test_settings_out_of_range(make: Any, text: str) -> None:
    with pytest.raises(SettingError, match=text):
        make()


@pytest.mark.parametrize(
    ("layer", "shapes", "text"),
    [
        (nn.Dense(64), [(8, 8)], r"Dense\(64\) expects rows of numbers, .*\(8, 8\).*Add Flatten"),
        (nn.BatchNorm(), [(2, 3)], r"BatchNorm\(\) expects rows of numbers"),
        (nn.LayerNorm(), [(2, 3)], r"LayerNorm\(\) expects rows of numbers"),
        (nn.Add(), [(2,), (3,)], r"Add expects inputs of one shape, got \(2,\) and \(3,\)"),
        (
            nn.Concatenate(),
            [(2,), (2, 3)],
            r"differ in their last axis only, got \(2,\) and \(2, 3",
        ),
        (
            nn.Standardize.of(np.eye(2)),
            [(3,)],
            r"measured on rows of shape \(2,\).*have shape \(3,",
        ),
    ],
)
def test_shapes_that_do_not_fit(layer: nn.Layer, shapes: list[Shape], text: str) -> None:
    with pytest.raises(ShapeError, match=text):
        build(layer, *shapes)


def test_connecting_a_layer_to_the_wrong_things() -> None:
    x = nn.Input(3)
    with pytest.raises(
        GraphError, match=r"Dense\(2\) takes one input, got 2. Join several with Add"
    ):
        nn.Dense(2)(x, x)
    with pytest.raises(GraphError, match=r"Add\(\) joins two inputs or more, got 1"):
        nn.Add()(x)
    with pytest.raises(GraphError, match=r"got a ndarray. To compute with arrays, put it into a"):
        nn.Dense(2)(np.ones((2, 3)))  # type: ignore[arg-type]


def test_a_layer_is_written_as_one_would_type_it() -> None:
    assert str(nn.Dense(3)) == "Dense(3)"
    assert str(nn.Dense(3, init=nn.zeros, bias_init=nn.ones, bias=False)) == "Dense(3, bias=False)"
    assert str(nn.Dropout(0.2, name="drop")) == "Dropout(0.2)"
    assert str(nn.BatchNorm(epsilon=0.1)) == "BatchNorm(epsilon=0.1)"


def test_units_may_be_a_numpy_integer() -> None:
    layer = nn.Dense(np.int64(3))  # type: ignore[arg-type]
    assert json.dumps(layer.config())
    assert str(layer) == "Dense(3)"


# ---- what only one of them promises --------------------------------------------------------------


def test_dropout_drops_the_rate_and_keeps_the_mean() -> None:
    x, frame = np.ones((1000, 100)), nn.Frame(training=True)
    y = nn.Dropout(0.3).forward(x, frame)
    assert abs(np.mean(y == 0) - 0.3) < 0.01
    assert abs(y.mean() - 1) < 0.01
    assert set(np.unique(y)) == {0, 1 / 0.7}


def test_dropout_masks_do_not_depend_on_precision() -> None:
    masks = []
    for dtype in (np.float32, np.float64):
        frame = nn.Frame(training=True, source=(1, 2, 3))
        masks.append(nn.Dropout().forward(np.ones((9, 9), dtype), frame) == 0)
    np.testing.assert_array_equal(*masks)


def test_dropout_masks_stay_the_same_from_version_to_version() -> None:
    """Every engine draws these, and a run from an old seed has to come out as it did."""
    frame = nn.Frame(training=True, source=(1, 2, 3))
    y = nn.Dropout().forward(np.ones((2, 8)), frame)
    mask = [[2, 0, 2, 2, 0, 0, 2, 0], [0, 2, 2, 2, 2, 0, 0, 0]]
    np.testing.assert_array_equal(y, mask)


def test_batch_norm_of_one_row_says_nothing() -> None:
    layer, frame = nn.BatchNorm(), nn.Frame(training=True)
    build(layer, (2,))
    layer.beta = np.array([3.0, 4.0])
    np.testing.assert_array_equal(layer.forward(np.array([[7.0, 8.0]]), frame), [[3, 4]])
    assert not frame.updates


def test_batch_norm_follows_the_statistics_of_training_only() -> None:
    layer, frame = nn.BatchNorm(momentum=0.75), nn.Frame(training=True)
    build(layer, (1,))
    layer.running_mean, layer.running_var = np.array([8.0]), np.array([4.0])
    x = np.array([[1.0], [2.0], [6.0]])  # mean 3; 4 + 1 + 9 = 14 = (N - 1) · 7
    layer.forward(x, frame)
    np.testing.assert_allclose(frame.updates["running_mean"], [0.75 * 8 + 0.25 * 3])
    np.testing.assert_allclose(frame.updates["running_var"], [0.75 * 4 + 0.25 * 7])
    frame = nn.Frame()
    layer.forward(x, frame)
    assert not frame.updates


def test_maxout_takes_the_first_of_pieces_that_tie() -> None:
    layer, frame = nn.Maxout(1, pieces=3), nn.Frame()
    build(layer, (1,))
    layer.W, layer.b = np.array([[[-1.0], [1.0], [2.0]]]), np.array([[0.0], [0.0], [-2.0]])
    x = np.array([[-3.0], [0.0], [1.0], [2.0], [4.0]])  # kinks at 0 and, of the later two, at 2
    np.testing.assert_array_equal(layer.forward(x, frame), [[3], [0], [1], [2], [6]])
    slopes = layer.backward(np.ones((5, 1)), frame)
    np.testing.assert_array_equal(slopes, [[-1], [-1], [1], [1], [2]])
    np.testing.assert_array_equal(frame.gradients["b"], [[2], [2], [1]])


def test_maxout_has_dense_and_relu_within_it() -> None:
    x = rng().normal(size=(7, 4))
    one, two, dense = nn.Maxout(3, pieces=1), nn.Maxout(3), nn.Dense(3)
    for layer in (one, two, dense):
        build(layer, (4,))
    one.W, one.b = dense.W[:, None], np.zeros((1, 3))
    two.W = np.stack([dense.W, 0 * dense.W], axis=1)
    y = dense.forward(x, nn.Frame())
    np.testing.assert_array_equal(one.forward(x, nn.Frame()), y)
    np.testing.assert_array_equal(two.forward(x, nn.Frame()), np.maximum(y, 0))


def test_each_piece_of_maxout_begins_as_a_dense_layer_would() -> None:
    layer = nn.Maxout(40, pieces=30, init=nn.glorot_normal)
    build(layer, (60,))
    assert layer.W.shape == (60, 30, 40)
    assert layer.W.var() == pytest.approx(2 / (60 + 40), rel=0.02)
    with pytest.raises(SettingError, match="Maxout expects pieces, a whole number of 1 or more"):
        nn.Maxout(3, pieces=0)


def test_layer_norm_brings_rows_to_mean_0_and_spread_1() -> None:
    layer = nn.LayerNorm(epsilon=1e-12)
    build(layer, (50,))
    y = layer.forward(rng().normal(5, 3, (4, 50)), nn.Frame())
    np.testing.assert_allclose(y.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(y.std(axis=1), 1)


def test_standardize_measures_and_leaves_constants_alone() -> None:
    x = np.array([[1.0, 5.0], [3.0, 5.0]])
    net = nn.Sequential([nn.Standardize.of(x)], 2, dtype="float64")
    np.testing.assert_array_equal(net(x), [[-1, 0], [1, 0]])
    assert net.parameters() == {}
    assert list(net.buffers()) == ["standardize_1.mean", "standardize_1.std"]


def test_standardize_takes_what_rounding_leaves_for_no_spread() -> None:
    x = np.full((300, 1), 0.1)
    assert x.std() > 0
    assert nn.Standardize.of(x).std == [1]


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([[1.0, np.nan]], "x is NaN or infinite in 1 of 2 numbers"),
        (np.zeros((0, 2)), "at least one row"),
        ([["a"]], "x expects numbers"),
    ],
)
def test_standardize_measures_nothing_else_than_numbers(x: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        nn.Standardize.of(x)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)
