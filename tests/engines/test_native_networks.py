"""The compiled engine on networks that nobody thought of: drawn whole, and run on both engines.

GLASSNET_SOAK=10000 draws so many of them.
"""

from __future__ import annotations

import copy
import os
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import glassnet as gn
from glassnet.nn import Node
from glassnet.types import Array, Generator
from tests import cases
from tests.engines.both import Problem, expect_agreement, needs_native, restless, some_zero

pytestmark = needs_native

SOAK = int(os.environ.get("GLASSNET_SOAK", "0"))
WIDTHS = (1, 2, 15, 16, 17, 31, 32, 33, 64, 65, 100)
BATCHES = (1, 2, 7, 10, 24, 25, 64)
TOLERANCES = {"float64": 1e-10, "float32": 3e-4}

widths = st.sampled_from(WIDTHS)
ACTIVATIONS = (
    gn.Identity, gn.Sigmoid, gn.Tanh, gn.ReLU, gn.LeakyReLU, gn.ELU, gn.GELU, gn.SiLU, gn.Softplus,
    gn.Softmax,
)  # fmt: skip


@dataclass
class Growing:
    """A network that is being drawn: its values so far, each a node and its width."""

    values: list[tuple[Node, int]]
    shared: dict[tuple[int, int], gn.Dense]


def grow(draw: Any, so_far: Growing) -> None:
    """Add a layer to some value."""
    value, width = draw(st.sampled_from(so_far.values[-4:]))
    kind = draw(
        st.sampled_from(
            ("dense", "dense", "dense", "activation", "shared", "norm", "other", "merge")
        )
    )
    node: Node
    if kind == "dense":
        units = draw(widths)
        node = gn.Dense(units, bias=draw(st.booleans()))(value)
        if draw(st.booleans()):
            node = draw(st.sampled_from(ACTIVATIONS))()(node)
        width = units
    elif kind == "activation":
        node = draw(st.sampled_from(ACTIVATIONS))()(value)
    elif kind == "shared":
        units = draw(st.sampled_from((2, 17, 32)))
        layer = so_far.shared.setdefault((width, units), gn.Dense(units))
        node, width = layer(value), units
    elif kind == "norm":
        # A column of equal numbers has no spread but rounding, which a small ε would make large.
        node = draw(
            st.sampled_from(
                (gn.BatchNorm(epsilon=0.1), gn.LayerNorm(epsilon=0.1), gn.Standardize())
            )
        )(value)
    elif kind == "other":
        node = draw(
            st.sampled_from((gn.Dropout(0.3), gn.Dropout(0.0), gn.Flatten(), gn.Identity()))
        )(value)
    else:
        mates = draw(st.lists(st.sampled_from(so_far.values), min_size=1, max_size=3))
        same = [mate for mate, size in mates if size == width]
        if same and draw(st.booleans()):
            node = gn.Add()(value, *same)
        else:
            node = gn.Concatenate()(value, *(mate for mate, _ in mates))
            width += sum(size for _, size in mates)
    so_far.values.append((node, width))


def lone(these: list[Any]) -> Any:
    """What a network of one input or output is given: the thing itself."""
    return these if len(these) > 1 else these[0]


def of_class(rng: Generator, shape: tuple[int, int]) -> Array:
    return rng.integers(shape[1], size=shape[0])


def normal(rng: Generator, shape: tuple[int, int]) -> Array:
    return rng.normal(size=shape)


def share(rng: Generator, shape: tuple[int, int]) -> Array:
    return rng.dirichlet(np.ones(shape[1]), shape[0])


def chance(rng: Generator, shape: tuple[int, int]) -> Array:
    return rng.uniform(size=shape)


LOSSES = (
    (gn.MeanSquaredError(), normal),
    (gn.HalfSquaredError(), normal),
    (gn.MeanAbsoluteError(), normal),
    (gn.Huber(0.5), normal),
    (gn.SigmoidCrossEntropy(), chance),
    (gn.SoftmaxCrossEntropy(), of_class),
    (gn.SoftmaxCrossEntropy(), share),
)


def calm(rule: gn.Optimizer) -> gn.Optimizer:
    """Take a small rate, smaller for steps that add up, and a large ε, where the rule has one.

    What is divided by √v alone moves by chance where the slope is rounding.
    """
    large = {"epsilon": 0.01} if hasattr(rule, "epsilon") else {}
    rate = 1e-3 if large or not rule.slots else 3e-4
    return replace(rule, learning_rate=rate, **large)


OPTIMIZERS = (
    *(calm(case.make()) for case in cases.OPTIMIZERS if case.native is True),
    gn.SGD(gn.WarmUp(3, then=1e-3)),
)
PENALTIES = ((), (gn.L2(0.01),), (gn.MaxNorm(0.8),), (gn.L1(1e-4), gn.MaxNorm(1.5), gn.L2(0.1)))
CLIPPINGS = (None, None, gn.ClipValue(0.01), gn.ClipNorm(0.1), gn.ClipNorm(100.0))


@st.composite
def problems(draw: Any) -> tuple[Problem, int, str]:
    dtype = draw(st.sampled_from(tuple(TOLERANCES)))
    seed = draw(st.integers(0, 2**32))
    batch = draw(st.sampled_from(BATCHES))
    rows = batch * draw(st.integers(1, 3)) + draw(st.integers(0, batch - 1))
    sizes = draw(st.lists(widths, min_size=1, max_size=2))
    kinds = [draw(st.sampled_from(("few zeros", "zeros", "bytes"))) for _ in sizes]
    tables = [
        kind != "bytes" and size % 3 == 0 and draw(st.booleans())
        for size, kind in zip(sizes, kinds, strict=True)
    ]
    inputs = [
        gn.Input((size // 3, 3) if table else (size,), f"x{i}")
        for i, (size, table) in enumerate(zip(sizes, tables, strict=True))
    ]
    so_far = Growing([], {})
    for x, size, table in zip(inputs, sizes, tables, strict=True):
        node: Node = gn.Flatten()(x) if table else x
        so_far.values.append((gn.Dense(draw(widths))(node), 0))  # every input is used
        so_far.values[-1] = (so_far.values[-1][0], so_far.values[-1][0].layer.units)  # type: ignore[union-attr]
        so_far.values.append((node, size))
    for _ in range(draw(st.integers(1, 6))):
        grow(draw, so_far)
    ends = [so_far.values[-1][0], *(so_far.values[2 * i][0] for i in range(len(inputs)))]
    joined = gn.Concatenate()(*ends)
    outputs, losses, targets = [], [], []
    rng = np.random.default_rng(seed)
    for i in range(draw(st.integers(1, 2))):
        loss, make_targets = draw(st.sampled_from(LOSSES))
        width = draw(widths)
        if isinstance(loss, gn.SoftmaxCrossEntropy):
            width = max(2, width)
        output: Node = gn.Dense(width)(
            joined if i == 0 else draw(st.sampled_from(so_far.values))[0]
        )
        if draw(st.integers(0, 3)) == 0:
            output = draw(st.sampled_from(ACTIVATIONS))()(output)
        outputs.append(output)
        losses.append(loss)
        targets.append(make_targets(rng, (rows, width)))
    network = restless(gn.Network(inputs, outputs, seed=seed, dtype=dtype), seed)
    xs: list[Any] = []
    for x, size, kind in zip(inputs, sizes, kinds, strict=True):
        values: Any = rng.normal(size=(rows, *x.shape))
        if kind == "zeros":
            values = some_zero(rng, values, 0.7)
        if kind == "bytes":
            bytes_ = rng.integers(1, 256, (rows, size))
            values = gn.Pixels(some_zero(rng, bytes_, 0.7).astype(np.uint8))
        xs.append(values)
    weights = None
    if draw(st.booleans()):
        weights = rng.integers(0, 3, rows) / 2
        weights[: draw(st.sampled_from((0, batch)))] = 0  # a batch that does not count
        weights[-1] = 1
    return (
        Problem(
            lambda: copy.deepcopy(network),
            lone(xs),
            lone(targets),
            lone(losses),
            draw(st.sampled_from(OPTIMIZERS)),
            draw(st.sampled_from(PENALTIES)),
            draw(st.sampled_from(CLIPPINGS)),
            weights,
            batch,
            epochs=draw(st.integers(1, 2)),
            shuffle=weights is None or draw(st.booleans()),
            note=f"{dtype}: {[(n.name, n.inputs, n.layer, n.shape) for n in network.nodes]}",
        ),
        draw(st.integers(1, 4)),
        dtype,
    )


@pytest.mark.timeout(0 if SOAK else 600)
@settings(
    max_examples=SOAK or 150,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(problems())
def test_networks(drawn: tuple[Problem, int, str]) -> None:
    problem, chunk, dtype = drawn
    # A lone Softmax does not learn; what runs away makes much of every rounding.
    expect_agreement(
        problem,
        TOLERANCES[dtype],
        chunk,
        learns=False,
        counts=lambda reference: assume(reference.losses.max() < 1e3),
    )
