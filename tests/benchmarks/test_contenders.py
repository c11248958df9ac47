"""Contenders do the same work: from the same weights all come to the same numbers."""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from benchmarks.arrays import Array, floats
from benchmarks.contenders import CONTENDERS, Contender, Learner
from benchmarks.contenders.glassnet_engine import network
from benchmarks.data import examples
from benchmarks.workloads import WORKLOADS, Workload

LEARNING = [
    pytest.param(contender, WORKLOADS[name], id=f"{contender.module}-{name}")
    for contender in CONTENDERS
    for name in contender.workloads
    if WORKLOADS[name].kind in ("learn", "goal")
]
ANSWERING = [
    pytest.param(contender, id=contender.module)
    for contender in CONTENDERS
    if "W7b" in contender.workloads
]


def module(contender: Contender) -> Any:
    if absence := contender.absence():
        pytest.skip(absence)
    return importlib.import_module(f"benchmarks.contenders.{contender.module}")


def small(w: Workload, *, shuffle: bool) -> Workload:
    """The same work on few rows; where there are batches, the last one is smaller."""
    if w.full_batch:
        return replace(w, passes=20)
    return replace(w, rows=40, batch=min(w.batch, 16), shuffle=shuffle)


def learner(contender: Contender, w: Workload, x: Array, t: Array) -> Learner:
    made: Learner = module(contender).learner(w, x, t)
    return made


def loss(w: Workload, y: Array, t: Array) -> float:
    if w.loss == "half squared":
        return float(((y - t) ** 2).mean())
    log_p = y - np.log(np.exp(y).sum(axis=1, keepdims=True))
    return float(-log_p[np.arange(len(t)), t].mean())


@pytest.mark.parametrize(("contender", "w"), LEARNING)
def test_learns(contender: Contender, w: Workload) -> None:
    w = small(w, shuffle=True)
    x, t = examples(w, "dense")
    one = learner(contender, w, x, t)
    before = loss(w, one.answers(x), t)
    for _ in range(3):
        one.learn()
    assert loss(w, one.answers(x), t) < before


@pytest.mark.parametrize(("contender", "w"), LEARNING)
def test_learns_the_same(contender: Contender, w: Workload) -> None:
    w = small(w, shuffle=False)
    x, t = examples(w, "dense")
    if contender.module == "scikit_learn" and t.shape[1:] == (10,):
        pytest.skip("it knows no other loss for classes than the cross-entropy")
    reference = next(one for one in CONTENDERS if one.engine == "numpy")
    expected, found = (
        taught(one, w, x) for one in (learner(reference, w, x, t), learner(contender, w, x, t))
    )
    tolerance = 1e-10 if w.dtype == "float64" else 1e-4
    if contender.module == "scikit_learn" and w.rule == "adam":
        tolerance = 0.05  # its epsilon stands elsewhere, which early steps feel
    np.testing.assert_allclose(found, expected, atol=tolerance)


def taught(one: Learner, w: Workload, x: Array) -> Array:
    """Return the outputs after learning; before a softmax only their differences count."""
    for _ in range(3):
        one.learn()
    y = one.answers(x)
    return y - y.mean(axis=1, keepdims=True) if w.loss == "cross-entropy" else y


@pytest.mark.parametrize("contender", ANSWERING)
def test_answers_the_same(contender: Contender) -> None:
    if contender.module == "scikit_learn":
        pytest.skip("its classifier ends in a softmax")
    w = replace(WORKLOADS["W7b"], rows=5)
    x = np.random.default_rng(0).integers(0, 256, (5, 784), np.uint8)
    y = np.asarray(module(contender).answer(w, x, np.zeros(5))()).reshape(5, 10)
    np.testing.assert_allclose(y, network(w)(floats(x)), atol=1e-5)


@pytest.mark.parametrize("contender", CONTENDERS, ids=lambda one: one.module)
def test_every_claim_has_a_function(contender: Contender) -> None:
    for name in contender.workloads:
        kind = WORKLOADS[name].kind
        function = {"learn": "learner", "goal": "learner"}.get(kind, kind)
        assert callable(getattr(module(contender), function))
