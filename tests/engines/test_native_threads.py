"""The compiled engine with any number of threads, which gives the same bits, and on any machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.engines import NativePredictor, library
from tests.engines.both import (
    HERE,
    Problem,
    expect_agreement,
    needs_native,
    restless,
    some_zero,
)
from tests.engines.test_native_cases import LAYERS, PRECISIONS, WIDTHS, around
from tests.waiting import PATIENCE

pytestmark = needs_native

THREADS = (1, 2, 3)


def large(
    dtype: Any, batch: int, clipping: Any = None, optimizer: Any = None, inputs: int = 300
) -> Problem:
    """Make a problem whose products, activations and masks are all worth a second thread."""
    rng = np.random.default_rng(0)
    rows = 2 * batch + 5
    x = some_zero(rng, rng.normal(size=(rows, inputs)), 0.5)
    x[: rows // 2] = rng.normal(size=(rows // 2, inputs))  # some batches have hardly any zeros

    def make() -> gn.Network:
        layers = [
            gn.Dense(330), gn.ReLU(), gn.Dropout(0.2), gn.Dense(130, bias=False), gn.BatchNorm(),
            gn.GELU(), gn.Dense(200), gn.Tanh(), gn.LayerNorm(), gn.Dense(10),
        ]  # fmt: skip
        return restless(gn.Sequential(layers, input_shape=inputs, seed=0, dtype=dtype))

    return Problem(
        make, x, rng.integers(10, size=rows), gn.SoftmaxCrossEntropy(),
        optimizer or gn.SGD(0.05), (gn.L2(1e-3),), clipping, batch=batch, epochs=2,
    )  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("batch", "clipping", "optimizer"),
    [
        (10, None, gn.SGD(0.05)),
        (23, gn.ClipNorm(0.5), gn.Adam(1e-3)),
        (24, None, gn.SGD(0.05, momentum=0.9)),
        (64, gn.ClipValue(0.01), gn.RMSprop(1e-3)),
        (333, None, gn.AdamW(1e-3)),
    ],
    ids=str,
)
def test_the_same_bits(
    batch: int, clipping: Any, optimizer: Any, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = large(dtype, batch, clipping, optimizer)
    ends = []
    for threads in THREADS:
        monkeypatch.setenv("GLASSNET_THREADS", str(threads))
        ends.append(problem.train("native").bits())
    ends.append(problem.train("native", chunk=1).bits())
    ends.append(problem.train("native", chunk=2).bits())
    for end in ends[1:]:
        assert end == ends[0]


def test_the_same_bits_where_few_panels_are_cut_into_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(900, 600)), rng.normal(size=(900, 9))
    problem = Problem(
        lambda: gn.Sequential([gn.Dense(9)], input_shape=600, seed=0),
        some_zero(rng, x, 0.5), t, gn.MeanSquaredError(), gn.Adagrad(0.01), batch=400,
    )  # fmt: skip
    ends = []
    for threads in THREADS:
        monkeypatch.setenv("GLASSNET_THREADS", str(threads))
        ends.append(problem.train("native").bits())
    assert ends[0] == ends[1] == ends[2]


@pytest.mark.parametrize("threads", THREADS)
def test_threads_agree_with_the_reference(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLASSNET_THREADS", str(threads))
    expect_agreement(large("float64", 64), 1e-11)


def test_the_same_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    network = large("float32", 64).make()
    x = np.random.default_rng(1).normal(size=(3000, 300)).astype(np.float32)
    answers = []
    for threads in THREADS:
        monkeypatch.setenv("GLASSNET_THREADS", str(threads))
        answers.append(NativePredictor(network)(x).tobytes())
    assert answers[0] == answers[1] == answers[2]
    np.testing.assert_allclose(NativePredictor(network)(x), network(x), rtol=1e-3, atol=1e-4)


# ---- instruction sets ----------------------------------------------------------------------------

by_instructions = pytest.mark.parametrize(
    "instructions", [name for name in HERE.supported if name in HERE.built]
)


@by_instructions
@pytest.mark.parametrize("dtype", PRECISIONS)
def test_instructions(instructions: str, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(library.VARIABLE, instructions)
    assert library.report().used == instructions
    for case in LAYERS:
        differ = len({shape[-1] for shape in case.shapes}) > 1
        for width in WIDTHS:
            shapes = tuple((*s[:-1], width + differ * i) for i, s in enumerate(case.shapes))
            problem = replace(around(case, shapes, "between", dtype), epochs=2)
            expect_agreement(problem, PRECISIONS[dtype])
    for batch in (7, 40):
        expect_agreement(large(dtype, batch), 1e-11 if dtype == "float64" else 1e-4)


@by_instructions
def test_instructions_are_forced_in_a_process_of_their_own(instructions: str) -> None:
    code = """
import json, numpy as np, glassnet as gn
from glassnet.engines import library
rng = np.random.default_rng(0)
x, t = rng.normal(size=(50, 40)), rng.integers(3, size=50)
network = gn.Sequential([gn.Dense(33), gn.Tanh(), gn.Dense(3)], input_shape=40, seed=0)
trainer = gn.Trainer(network, gn.SoftmaxCrossEntropy())
history = trainer.fit((x, t), epochs=3, progress=False)
print(json.dumps([library.report().used, history.engine, history["loss"]]))
"""
    found = {}
    for native in (instructions, "off"):
        done = subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {library.VARIABLE: native},
            capture_output=True, text=True, check=True, timeout=PATIENCE,
        )  # fmt: skip
        found[native] = json.loads(done.stdout)
    assert found[instructions][0] == instructions
    assert found[instructions][1].startswith("native: ")
    assert found["off"][:1] == [None]
    assert found["off"][1].startswith("numpy: the native engine cannot: The native engine is swi")
    np.testing.assert_allclose(found[instructions][2], found["off"][2], rtol=1e-5)
