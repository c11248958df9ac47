"""Add and Concatenate: where branches of a network meet."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from glassnet.errors import ShapeError
from glassnet.nn.frame import Frame
from glassnet.nn.layer import Declare, Merge
from glassnet.types import Array, Shape


@dataclass(eq=False)
class Add(Merge):
    """The sum of its inputs: with a shortcut around some layers, a residual block (He et al. 2016).

    y   = Σₖ xₖ         all of one shape
    dxₖ = dy
    """

    affine = True

    def build(self, shape: Sequence[Shape], declare: Declare) -> Shape:  # noqa: ARG002
        if len(set(shape)) != 1:
            raise ShapeError(
                f"Add expects inputs of one shape, got {' and '.join(map(str, shape))}. "
                "Bring them to one size with a Dense layer first."
            )
        return shape[0]

    def forward(self, xs: Sequence[Array], frame: Frame) -> Array:
        frame.keep(count=len(xs))
        y = xs[0]
        for x in xs[1:]:
            y = y + x
        return y

    def backward(self, dy: Array, frame: Frame) -> tuple[Array, ...]:
        count: int = frame["count"]
        return (dy,) * count


@dataclass(eq=False)
class Concatenate(Merge):
    """Its inputs side by side, along the last axis.

    y   = [x₁ x₂ … x_K]           (N, …, D₁ + D₂ + … + D_K)
    dxₖ = the columns of dy that xₖ became
    """

    affine = True

    def build(self, shape: Sequence[Shape], declare: Declare) -> Shape:  # noqa: ARG002
        if len({s[:-1] for s in shape}) != 1:
            raise ShapeError(
                "Concatenate expects inputs that differ in their last axis only, got "
                f"{' and '.join(map(str, shape))}. Add Flatten() before it."
            )
        return (*shape[0][:-1], sum(s[-1] for s in shape))

    def forward(self, xs: Sequence[Array], frame: Frame) -> Array:
        frame.keep(ends=tuple(itertools.accumulate(x.shape[-1] for x in xs)))
        y: Array = frame.xp.concat(xs, axis=-1)
        return y

    def backward(self, dy: Array, frame: Frame) -> tuple[Array, ...]:
        ends = frame["ends"]
        return tuple(dy[..., a:b] for a, b in itertools.pairwise((0, *ends)))
