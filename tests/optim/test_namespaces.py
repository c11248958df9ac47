"""Rules on the arrays of other libraries: the same numbers as on NumPy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.cases import (
    CLIPPINGS,
    OPTIMIZERS,
    PENALTIES,
    ClippingCase,
    OptimizerCase,
    PenaltyCase,
)
from tests.namespaces import by_namespace, by_precision, computed, expect_alike, in_dtype


@by_namespace
@by_precision
@pytest.mark.parametrize("case", OPTIMIZERS, ids=str)
def test_optimizer(case: OptimizerCase, dtype: str, namespace: str) -> None:
    rule, rng = case.make(), np.random.default_rng(0)

    def two_steps(_: Any, w: Any, dws: Any, state: Any, rate: float, step: int) -> Any:
        for k, dw in enumerate(dws):
            w, state = rule.moved(w, dw, state, rate, step + k)
        return w, state

    w, *dws = in_dtype(dtype, [rng.normal(size=(4, 3)) for _ in range(3)])
    given = w, dws, rule.start(w), 0.1, 7
    expect_alike(computed(namespace, two_steps, *given), two_steps(np, *given), dtype)


@by_namespace
@by_precision
@pytest.mark.parametrize("case", PENALTIES, ids=str)
def test_penalty(case: PenaltyCase, dtype: str, namespace: str) -> None:
    penalty = case.make()

    def both(_: Any, w: Any) -> Any:
        return penalty.gradient(w), penalty.projected(w)

    w = np.random.default_rng(0).normal(0, 5, (4, 3)).astype(dtype)
    expect_alike(computed(namespace, both, w), both(np, w), dtype)


@by_namespace
@by_precision
@pytest.mark.parametrize("size", [1.0, 1e-3, 0.0, np.inf])
@pytest.mark.parametrize("case", CLIPPINGS, ids=str)
def test_clipping(case: ClippingCase, size: float, dtype: str, namespace: str) -> None:
    clipping = case.make()

    def clipped(_: Any, gradients: Any) -> Any:
        return clipping(gradients)

    gradients = in_dtype(dtype, {"a": np.array([size, 1.0, -1.0]), "b": np.array(case.b) * 3.0})
    if not size:
        gradients = {name: np.zeros_like(g) for name, g in gradients.items()}
    expect_alike(computed(namespace, clipped, gradients), clipped(np, gradients), dtype)
