"""Layers and losses with one planted mistake each."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

import glassnet as gn
from glassnet.types import Array


@dataclass(eq=False)
class BadW(gn.Dense):
    """Dense whose gradient of W went through `change(dW, dy)`."""

    change: Any = None

    def backward(self, dy: Array, frame: gn.Frame) -> Any:
        dx = super().backward(dy, frame)
        frame.grad(W=self.change(frame.gradients["W"], dy))
        return dx


@dataclass(eq=False)
class BadBias(gn.Dense):
    """Dense whose gradient of b went through `change(db, dy)`."""

    change: Any = None

    def backward(self, dy: Array, frame: gn.Frame) -> Any:
        dx = super().backward(dy, frame)
        frame.grad(b=self.change(frame.gradients["b"], dy))
        return dx


@dataclass(eq=False)
class BadInput(gn.Dense):
    """Dense whose dx went through `change(dx, dy)`."""

    change: Any = None

    def backward(self, dy: Array, frame: gn.Frame) -> Any:
        return self.change(super().backward(dy, frame), dy)


@dataclass(eq=False)
class Forgetful(gn.Dense):
    """Dense that sets no gradient of W."""

    def backward(self, dy: Array, frame: gn.Frame) -> Any:
        frame.grad(b=dy.sum(axis=0))
        return dy @ self.W.T


@dataclass(eq=False)
class NoMask(gn.ReLU):
    """ReLU that lets everything back."""

    def backward(self, dy: Array, frame: gn.Frame) -> Array:  # noqa: ARG002
        return dy


@dataclass(eq=False)
class OpenDropout(gn.Dropout):
    """Dropout whose mask backward has forgotten."""

    def backward(self, dy: Array, frame: gn.Frame) -> Array:  # noqa: ARG002
        return dy


ANOTHER = itertools.count()


@dataclass(eq=False)
class Restless(gn.Identity):
    """Noise that nobody can draw again."""

    def forward(self, x: Array, frame: gn.Frame) -> Array:  # noqa: ARG002
        noisy: Array = x + np.random.default_rng(next(ANOTHER)).normal(size=x.shape)
        return noisy


@dataclass(eq=False)
class Hoarder(gn.Layer):
    """y = s x², which keeps x in itself instead of the frame."""

    params = ("s",)
    x: Any = None

    def build(self, shape: Any, declare: Any) -> Any:
        declare("s", shape, gn.Uniform(0.5, 2))
        return shape

    def forward(self, x: Array, frame: gn.Frame) -> Array:  # noqa: ARG002
        self.x = x
        y: Array = self.s * x * x
        return y

    def backward(self, dy: Array, frame: gn.Frame) -> Array:
        frame.grad(s=(dy * self.x**2).sum(axis=0))
        dx: Array = dy * 2 * self.s * self.x
        return dx


@dataclass(eq=False)
class OnceOnly(gn.Dense):
    """Dense that, where it is shared, sets its gradient in one use only."""

    latest = None

    def forward(self, x: Array, frame: gn.Frame) -> Array:
        self.latest = frame
        return super().forward(x, frame)

    def backward(self, dy: Array, frame: gn.Frame) -> Any:
        dx = super().backward(dy, frame)
        if frame is not self.latest:
            frame.gradients.clear()
        return dx


@dataclass(eq=False)
class NoGamma(gn.LayerNorm):
    """LayerNorm that has forgotten γ on the way back."""

    def backward(self, dy: Array, frame: gn.Frame) -> Array:
        dx = super().backward(dy / self.gamma, frame)
        frame.grad(**{name: dw * self.gamma for name, dw in frame.gradients.items()})
        return dx


@dataclass(frozen=True)
class Undivided(gn.MeanSquaredError):
    """A loss that overlooks dl."""

    def backward(self, dl: Any, frame: gn.Frame) -> Array:  # noqa: ARG002
        return super().backward(1.0, frame)
