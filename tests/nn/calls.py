"""Calling a row's layer directly, without a network around it; a merge and a layer alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from glassnet.nn import Frame, Initializer, Layer, Merge, zeros
from glassnet.types import Array, Generator, Shape
from tests.cases import LayerCase

POSITIVE = ("running_var", "std")


def build(layer: Layer, *shapes: Shape, rng: Generator | None = None) -> None:
    """Give a layer the arrays that it declares for rows of these shapes, in float64."""
    rng, made = rng or np.random.default_rng(1), {}

    def declare(name: str, shape: Shape, init: Initializer = zeros, /) -> None:
        made[name] = np.array(init(shape, rng))

    layer.build(list(shapes) if isinstance(layer, Merge) else shapes[0], declare)
    for name in (*layer.params, *layer.buffers):
        setattr(layer, name, made.get(name))


def built(case: LayerCase, dtype: str = "float64") -> Layer:
    """Make and build the row's layer, with every array drawn anew, so that none is 0 or 1."""
    layer, rng = case.make(), np.random.default_rng(1)
    build(layer, *case.shapes, rng=rng)
    for name, array in layer.arrays().items():
        values = rng.uniform(0.5, 2, array.shape)
        if name not in POSITIVE:
            values *= rng.choice([-1, 1], array.shape)
        setattr(layer, name, values.astype(dtype))
    return layer


def inputs(case: LayerCase, rows: int, seed: int = 2) -> list[Array]:
    """Draw a batch for each of the row's inputs."""
    rng = np.random.default_rng(seed)
    return [case.draw(rng, (rows, *shape)) for shape in case.shapes]


def frame_for(case: LayerCase, wants_dx: bool = True) -> Frame:
    """Make a frame; all of them draw the same random numbers."""
    return Frame(case.training, source=(3, 4, 5), wants_dx=wants_dx)


def forward(layer: Layer, xs: Sequence[Array], frame: Frame) -> Array:
    """Call `forward` with all inputs or with the only one."""
    return layer.forward(xs if isinstance(layer, Merge) else xs[0], frame)


def backward(layer: Layer, dy: Array, frame: Frame) -> tuple[Array, ...]:
    """Call `backward`; return one gradient for each input."""
    dx = layer.backward(dy, frame)
    assert dx is not None
    return dx if isinstance(dx, tuple) else (dx,)


def strided(x: Array) -> Array:
    """Return the same numbers as a view with gaps between them."""
    with_gaps = np.zeros([2 * size for size in x.shape], x.dtype)
    view = with_gaps[tuple(slice(None, None, 2) for _ in x.shape)]
    view[...] = x
    return view
