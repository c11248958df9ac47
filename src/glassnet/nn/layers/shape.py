"""Flatten: rows of any shape become rows of numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

from glassnet.nn.frame import Frame
from glassnet.nn.layer import Declare, Layer
from glassnet.types import Array, Shape


@dataclass(eq=False)
class Flatten(Layer):
    """Writes the numbers of each row in one line, the last axis running fastest.

    y  = x as (N, D)           D = the product of the row's axes
    dx = dy in the shape of x
    """

    affine = True

    def build(self, shape: Shape, declare: Declare) -> Shape:  # noqa: ARG002
        return (math.prod(shape),)

    def forward(self, x: Array, frame: Frame) -> Array:
        frame.keep(shape=x.shape)
        y: Array = frame.xp.reshape(x, (x.shape[0], math.prod(x.shape[1:])))
        return y

    def backward(self, dy: Array, frame: Frame) -> Array:
        dx: Array = frame.xp.reshape(dy, frame["shape"])
        return dx
