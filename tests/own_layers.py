"""Layers as somebody else would write them, who says what they are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

import glassnet as gn
from glassnet.types import Array


@dataclass(eq=False)
class Clipped(gn.Layer):
    """ReLU with a ceiling.

    y  = min(max(x, 0), 6)
    dx = dy where 0 < x < 6, else 0
    """

    elementwise = True
    bounds = (0, 6)
    flat_at = (0, 6)
    suits = "he_normal"

    def kinks(self) -> tuple[float, ...]:
        return (0, 6)

    def forward(self, x: Array, frame: gn.Frame) -> Array:
        frame.keep(x=x)
        return np.clip(x, 0, 6)

    def backward(self, dy: Array, frame: gn.Frame) -> Array:
        dx: Array = dy * ((frame["x"] > 0) & (frame["x"] < 6))
        return dx


@dataclass(eq=False)
class Arctan(gn.Layer):
    """A soft step from -π/2 to π/2.

    y  = arctan x
    dx = dy / (1 + x²)
    """

    elementwise = True
    bounds = (-math.pi / 2, math.pi / 2)
    steepest = 1

    def forward(self, x: Array, frame: gn.Frame) -> Array:
        frame.keep(x=x)
        return np.arctan(x)

    def backward(self, dy: Array, frame: gn.Frame) -> Array:
        dx: Array = dy / (1 + frame["x"] ** 2)
        return dx


@dataclass(eq=False)
class Scale(gn.Layer):
    """Each feature times a factor that is learnt.

    y  = a x            x, y: (N, D)    a: (D,)
    dx = a dy           da = Σₙ dy x
    """

    params: ClassVar[tuple[str, ...]] = ("a",)
    affine = True

    def build(self, shape: Any, declare: Any) -> Any:
        declare("a", shape, gn.Uniform(0.5, 2))
        return shape

    def forward(self, x: Array, frame: gn.Frame) -> Array:
        frame.keep(x=x)
        y: Array = self.a * x
        return y

    def backward(self, dy: Array, frame: gn.Frame) -> Array:
        frame.grad(a=(dy * frame["x"]).sum(axis=0))
        dx: Array = self.a * dy
        return dx


@dataclass(eq=False)
class Scaler(gn.Layer):
    """Features brought to mean 0 and spread 1, by numbers that are given.

    y  = (x - mean) / std
    dx = dy / std
    """

    center: float = 2.0
    spread: float = 3.0

    buffers = ("mean", "std")
    affine = unit_by_unit = standardizes = True

    def build(self, shape: Any, declare: Any) -> Any:
        declare("mean", shape, gn.Constant(self.center))
        declare("std", shape, gn.Constant(self.spread))
        return shape

    def forward(self, x: Array, frame: gn.Frame) -> Array:  # noqa: ARG002
        y: Array = (x - self.mean) / self.std
        return y

    def backward(self, dy: Array, frame: gn.Frame) -> Array:  # noqa: ARG002
        dx: Array = dy / self.std
        return dx


@dataclass(eq=False)
class Sums(gn.Layer):
    """Weighted sums without a bias.

    y  = x W            x: (N, D)   W: (D, M)   y: (N, M)
    dx = dy Wᵀ          dW = xᵀ dy
    """

    units: int
    start: Any = gn.glorot_uniform

    params = ("W",)
    initializers = ("start",)
    affine = weighted_sum = True

    def build(self, shape: Any, declare: Any) -> Any:
        declare("W", (shape[0], self.units), self.start)
        return (self.units,)

    def forward(self, x: Array, frame: gn.Frame) -> Array:
        frame.keep(x=x)
        y: Array = x @ self.W
        return y

    def backward(self, dy: Array, frame: gn.Frame) -> Array:
        frame.grad(W=frame["x"].T @ dy)
        dx: Array = dy @ self.W.T
        return dx


@dataclass(eq=False)
class Shares(gn.Layer):
    """Each row in positive shares.

    yᵢ  = xᵢ² / Σⱼ xⱼ²
    dxᵢ = 2 xᵢ (dyᵢ - Σⱼ dyⱼ yⱼ) / Σⱼ xⱼ²
    """

    activation = True
    bounds = (0, 1)

    def forward(self, x: Array, frame: gn.Frame) -> Array:
        total = (x * x).sum(axis=-1, keepdims=True)
        y: Array = x * x / total
        frame.keep(x=x, y=y, total=total)
        return y

    def backward(self, dy: Array, frame: gn.Frame) -> Array:
        x, y = frame["x"], frame["y"]
        dx: Array = 2 * x * (dy - (dy * y).sum(axis=-1, keepdims=True)) / frame["total"]
        return dx
