"""What a network needs for one row is known before it is asked, and it needs no more."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.engines import Examples
from glassnet.engines.numpy import outputs
from glassnet.errors import DataError, ModelFileError
from glassnet.settings import as_people_read
from tests.cases import LAYERS, LayerCase
from tests.engines.both import needs_native

WIDE = 50_000


def peak(work: Callable[[], Any]) -> int:
    """Return the bytes that Python took for something at most, beyond what it had."""
    work()
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def bare(case: LayerCase) -> gn.Network:
    """Make a network of one layer alone, whose arrays are small beside its values."""
    layer = gn.Dense(3) if isinstance(case.make(), gn.Dense) else case.make()
    inputs = [gn.Input(WIDE) for _ in case.shapes]
    return gn.Network(inputs, layer(*inputs), seed=0)


@pytest.mark.parametrize("case", LAYERS, ids=str)
def test_no_layer_takes_more_than_is_counted(case: LayerCase) -> None:
    network = bare(case)
    rows = [np.linspace(0.1, 1, WIDE, dtype=np.float32)[None].repeat(4, 0) for _ in case.shapes]
    x = rows if len(rows) > 1 else rows[0]
    (width,) = network.output_shapes[network.outputs[0]]
    t = np.zeros((4, width), np.float32)
    own = sum(array.nbytes for array in network.arrays().values())
    slack = 2 * own + (64 << 10)  # gradients, and Python's own objects
    assert peak(lambda: network(x)) <= 4 * 4 * network.need.forward + slack
    whole = 4 * 4 * network.need.whole + slack
    assert peak(lambda: network.run(x, t, gn.MeanSquaredError())) <= whole


def chain(nodes: int, width: int, *last: gn.Layer) -> gn.Network:
    layers = [gn.Softplus() if n % 2 else gn.Sigmoid() for n in range(nodes)]
    return gn.Sequential([*layers, *last], input_shape=width, seed=0)


def test_a_network_needs_no_more_for_being_deep() -> None:
    shallow, deep = chain(4, WIDE), chain(400, WIDE)
    assert deep.need.forward == shallow.need.forward
    assert deep.need.whole > 75 * shallow.need.whole
    x = np.zeros((1, WIDE), np.float32)
    assert peak(lambda: deep(x)) < 2 * peak(lambda: shallow(x)) < 10 * x.nbytes


def test_what_is_needed_later_is_counted_until_then() -> None:
    x = gn.Input(100)
    branches = [gn.Tanh()(x) for _ in range(7)]
    network = gn.Network(x, gn.Add()(*branches), seed=0)
    assert network.need.forward == (7 + 4) * 100
    assert network.need.whole == 5 * 9 * 100


def test_a_network_from_a_file_has_a_limit_and_one_made_here_has_none(tmp_path: Path) -> None:
    network = chain(40, 1000, gn.Dense(2))
    features = gn.Features(tuple(map(str, range(1000))))
    gn.Model(network, features, gn.Classes(("a", "b"))).save(tmp_path / "deep")
    forward, whole = 4 * network.need.forward, 4 * network.need.whole
    size = (tmp_path / "deep").stat().st_size
    least = max(forward, size)
    assert least < whole
    with pytest.raises(ModelFileError, match=r"deep holds .* allowed.*GLASSNET_MAX_MEMORY"):
        gn.load(tmp_path / "deep", max_memory=size - 1)
    model = gn.load(tmp_path / "deep", max_memory=least)
    row = np.zeros((1, 1000))
    model.answers(row)
    for keep_all in (
        lambda: model.answers(row, explain=True),
        lambda: gn.Trainer(model.network, gn.SoftmaxCrossEntropy()),
        lambda: model.network.run(row, [0], gn.SoftmaxCrossEntropy()),
    ):
        with pytest.raises(DataError, match=r"To keep every value of one row .* are allowed\."):
            keep_all()
    gn.load(tmp_path / "deep", max_memory=whole).answers(row, explain=True)
    network.run(row, [0], gn.SoftmaxCrossEntropy())


def test_the_message_says_what_a_row_needs_and_what_it_may(tmp_path: Path) -> None:
    network = gn.Sequential([gn.ReLU(), gn.Dense(1)], input_shape=100_000, seed=0)
    features = gn.Features(tuple(str(n % 10) * 2 + str(n) for n in range(100_000)))
    gn.Model(network, features, gn.Values(("y",))).save(tmp_path / "wide")
    size = (tmp_path / "wide").stat().st_size
    needed = as_people_read(4 * network.need.forward)
    limit = max(size, 4 * network.need.forward - 1)
    with pytest.raises(ModelFileError, match=rf"wide holds a network that needs {needed} for one"):
        gn.load(tmp_path / "wide", max_memory=limit)


def test_so_many_answers_as_would_fill_the_memory_are_refused(tmp_path: Path) -> None:
    outputs = gn.Classes(tuple(map(str, range(300))))
    model = gn.Model(gn.Sequential([gn.Dense(300)], 2, seed=0), gn.Features(("a", "b")), outputs)
    model.save(tmp_path / "many")
    model = gn.load(tmp_path / "many", max_memory="1M")
    assert len(model.answers(np.zeros((5, 2)))) == 5
    with pytest.raises(DataError, match=r"5,000 answers of this model .* Ask with 13 rows at most"):
        model.answers(np.zeros((5000, 2)))
    assert len(model.predict(np.zeros((5000, 2)))) == 5000


def test_many_rows_go_through_the_reference_engine_some_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = chain(6, 1000, gn.Dense(2))
    x = np.zeros((400, 1000), np.float32)
    whole = outputs(network, Examples({"input_1": x}, {}))
    most = 8 * 4 * network.need.forward
    monkeypatch.setattr("glassnet.engines.numpy.BYTES_AT_ONCE", most)
    some = peak(lambda: outputs(network, Examples({"input_1": x}, {})))
    assert some < 2 * most < peak(lambda: network(x))
    parts = outputs(network, Examples({"input_1": x}, {}))
    assert np.allclose(parts["dense_1"], whole["dense_1"])


NATIVE = """
import resource, sys, numpy as np, glassnet as gn
from glassnet.engines import NativePredictor
nodes, width, rows = map(int, sys.argv[1:])
layers = [gn.Softplus() if n % 2 else gn.Sigmoid() for n in range(nodes)]
network = gn.Sequential([*layers, gn.BatchNorm(), gn.Dense(2)], input_shape=width, seed=0)
ask = NativePredictor(network)
x = np.ones((rows, width), np.float32)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
many = ask(x)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, bool((many == many[0]).all()))
"""


@needs_native
@pytest.mark.parametrize(
    ("nodes", "width", "rows"),
    [(150, 50_000, 7), (3, 50_000, 500)],  # 30 MB a row, were all kept; and 0.2 MB a value of a row
)
def test_compiled_code_takes_the_memory_of_what_is_needed_at_once(
    nodes: int, width: int, rows: int
) -> None:
    child = subprocess.run(
        [sys.executable, "-c", NATIVE, str(nodes), str(width), str(rows)],
        env=os.environ | {"GLASSNET_THREADS": "1"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    kilobytes, same = child.stdout.split()
    assert int(kilobytes) < 110_000
    assert same == "True"
