"""Networks as JSON: there and back, and how little a damaged or hostile description can do."""

from __future__ import annotations

import copy
import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet import nn
from glassnet.errors import ModelFileError
from glassnet.nn.config import known_layers, layer_from_config, network_from_config
from glassnet.types import Array

X = np.random.default_rng(0).normal(size=(4, 2, 3))


def everything() -> nn.Network:
    """Make a network with every kind of layer, a shared one, a shortcut and two outputs."""
    x = nn.Input((2, 3), name="x")
    h = nn.Standardize.of(X)(x)
    h = nn.Dense(4, init=nn.Normal(0.0, 0.5), bias_init=nn.ones)(nn.Flatten()(h))
    shared = nn.Dense(4, bias=False)
    for layer in (nn.BatchNorm(0.8), nn.ELU(0.7), shared, nn.LayerNorm(), nn.LeakyReLU(0.2)):
        h = nn.Add()(h, layer(h))
    y = nn.Softmax()(nn.Concatenate(name="both")(h, shared(nn.Dropout(0.3)(h))))
    return nn.Network(x, [y, h], seed=7)


NETWORK = everything()
CONFIG: dict[str, Any] = json.loads(json.dumps(NETWORK.config()))
ARRAYS = NETWORK.arrays()


def test_there_and_back() -> None:
    again = network_from_config(CONFIG, ARRAYS)
    assert again.config() == CONFIG
    for one, other in zip(again(X), NETWORK(X), strict=True):
        np.testing.assert_array_equal(one, other)
    for key, array in ARRAYS.items():
        assert not np.shares_memory(again.arrays()[key], array)


def test_there_and_back_the_same_numbers_are_dropped() -> None:
    again = network_from_config(CONFIG, ARRAYS)
    targets, losses = [*NETWORK(X)], [nn.MeanSquaredError(), nn.MeanSquaredError()]
    ours, theirs = (net.run(X, targets, losses, training=True) for net in (NETWORK, again))
    np.testing.assert_array_equal(ours["dropout_1"]["m"], theirs["dropout_1"]["m"])


def test_initialisers_are_themselves_again_after_loading() -> None:
    again = network_from_config(CONFIG, ARRAYS)
    dense = again.layers["dense_1"]
    assert isinstance(dense, nn.Dense)
    assert (dense.init, dense.bias_init) == (nn.Normal(0.0, 0.5), nn.ones)
    assert [
        name for layer in again.layers.values() for name in vars(layer) if name == "build"
    ] == []


# ---- damage --------------------------------------------------------------------------------------


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the path to every part of a JSON value."""
    if path:
        yield path
    for key in (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    ):
        yield from places(value[key], (*path, key))


PLACES = [*places(CONFIG)]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**9, 10**13, 10**30, -1, 0, 1])
    | st.floats()
    | st.sampled_from(
        ["x", "y", "dense_1", "dense_2", "elu_1", "Dense", "Layer", "float64", "", "."]
    )
    | st.text(max_size=3)
)
JUNK = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)
PARTS = st.sampled_from(PLACES).map(lambda path: at(CONFIG, path))
EDITS = st.lists(
    st.tuples(st.sampled_from(PLACES), st.just(None) | (JUNK | PARTS).map(lambda junk: (junk,))),
    min_size=1,
    max_size=3,
)


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def damaged(edits: list[tuple[tuple[Any, ...], tuple[Any] | None]]) -> Any:
    """Return the description with parts deleted, or replaced by other parts or by junk."""
    config = copy.deepcopy(CONFIG)
    for (*above, key), replacement in edits:
        try:
            parent = at(config, tuple(above))
            if replacement is None:
                del parent[key]
            else:
                parent[key] = copy.deepcopy(replacement[0])
        except (LookupError, TypeError):  # an edit before took the place away
            continue
    return config


@given(EDITS)
def test_damaged_descriptions_are_refused_or_make_a_network(edits: Any) -> None:
    try:
        network = network_from_config(damaged(edits), ARRAYS)
    except ModelFileError:
        return
    assert network.arrays().keys() == ARRAYS.keys()
    again = network_from_config(network.config(), network.arrays())
    assert again.config() == network.config()


@given(st.sampled_from(sorted(ARRAYS)), st.sampled_from(["gone", "renamed", "longer", "text"]))
def test_damaged_arrays_are_refused(name: str, how: str) -> None:
    arrays: dict[str, Any] = dict(ARRAYS)
    array = arrays.pop(name)
    if how == "renamed":
        arrays[name + "x"] = array
    elif how == "longer":
        arrays[name] = np.append(array, 0)
    elif how == "text":
        arrays[name] = np.full(array.shape, "a")
    with pytest.raises(ModelFileError, match="The file's arrays are not those"):
        network_from_config(CONFIG, arrays)


def small(layer: dict[str, Any], shape: list[int]) -> dict[str, Any]:
    """Describe a network of one layer."""
    return {
        "inputs": {"x": shape},
        "outputs": ["y"],
        "layers": {"y": layer},
        "nodes": [{"name": "y", "layer": "y", "inputs": ["x"]}],
        "dtype": "float32",
        "seed": 0,
    }


def doubled_forty_times() -> dict[str, Any]:
    """Describe a row that is put beside itself until it is 2⁴⁰ numbers long, then normalised."""
    config = small({"class": "LayerNorm"}, [1])
    before = "x"
    for k in range(40):
        name = f"twice_{k}"
        config["layers"][name] = {"class": "Concatenate"}
        config["nodes"].append({"name": name, "layer": name, "inputs": [before, before]})
        before = name
    config["nodes"][0]["inputs"] = [before]
    return config


HUGE = 10**9
GREEDY = {
    "units": small({"class": "Dense", "units": HUGE}, [3]),
    "rows": small({"class": "Dense", "units": 1}, [HUGE]),
    "bias": small({"class": "Dense", "units": HUGE, "init": "zeros"}, [1]),
    "batch norm": small({"class": "BatchNorm"}, [HUGE]),
    "layer norm": small({"class": "LayerNorm"}, [HUGE]),
    "standardize": small({"class": "Standardize"}, [HUGE, HUGE, HUGE]),
    "beyond integers": small({"class": "BatchNorm"}, [10**30]),
    "doubling": doubled_forty_times(),
}


@pytest.mark.parametrize("config", GREEDY.values(), ids=GREEDY)
def test_a_small_file_cannot_take_much_memory(config: dict[str, Any]) -> None:
    arrays: dict[str, Array] = {"y.W": np.zeros((3, 4)), "y.b": np.zeros(4)}
    tracemalloc.start()
    with pytest.raises(ModelFileError, match=r"needs y\.|numbers a row"):
        network_from_config(config, arrays)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({}, r"description of the network is damaged \(KeyError\('layers'\)\)"),
        ([], "description of the network is damaged"),
        (small({"class": "os.system"}, [3]), "a layer 'os.system', which is not one of Glassnet's"),
        (small({}, [3]), "a layer None"),
        (small({"class": "Dense"}, [3]), "a Dense with settings that it does not take: .*'units'"),
        (small({"class": "Dense", "units": 2, "x": 1}, [3]), "does not take: .*argument 'x'"),
        (
            small({"class": "Dense", "units": -2}, [3]),
            "a Dense that cannot be: Dense expects units",
        ),
        (small({"class": "Dense", "units": 2, "init": "nought"}, [3]), "no initialiser 'nought'"),
        (small({"class": "Dense", "units": 2}, [2, 2]), "network that cannot be: .*Add Flatten"),
        (
            {**CONFIG, "dtype": "float16"},
            "network that cannot be: .*'float32' or 'float64', got 'float16",
        ),
        ({**CONFIG, "seed": "1"}, "network that cannot be: A seed is a whole number"),
        ({**CONFIG, "outputs": ["z"]}, "network that cannot be: The network's output is 'z'"),
    ],
)
def test_what_is_wrong_with_a_description_is_said(config: Any, text: str) -> None:
    with pytest.raises(ModelFileError, match=text):
        network_from_config(config, ARRAYS)


def test_what_is_wrong_with_one_layer_is_a_model_file_error_too() -> None:
    configs: list[dict[str, Any]] = [{"class": []}, {"class": "Dense", "units": 1, "init": []}]
    for config in configs:
        with pytest.raises(ModelFileError):
            layer_from_config(config, known_layers())


@pytest.mark.parametrize(
    "dtype", ["1", "f4", "float16", None, ["float32"], {"names": ["a"], "formats": ["1"]}]
)
def test_no_text_but_the_two_names_is_a_precision(dtype: Any) -> None:
    """NumPy would compile some of them to find out what they mean."""
    network = nn.Sequential([nn.Dense(2)], input_shape=2, seed=0)
    with pytest.raises(ModelFileError, match="computes in 'float32' or 'float64'"):
        network_from_config(network.config() | {"dtype": dtype}, network.arrays())
