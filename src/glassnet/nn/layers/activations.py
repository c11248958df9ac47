"""Activations: the bend between two affine maps, without which they would be one.

Each works number by number (Softmax row by row) on an array of any shape (N, ...), so that its
derivative is a slope: dx = dy · y'(x).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from glassnet.errors import one_of
from glassnet.nn.frame import Frame
from glassnet.nn.layer import Layer
from glassnet.settings import expect
from glassnet.types import Array


@dataclass(eq=False)
class Elementwise(Layer):
    """An activation that works number by number, the same everywhere."""

    elementwise = True


@dataclass(eq=False)
class Identity(Elementwise):
    """Nothing: y = x, dx = dy."""

    affine = True

    def forward(self, x: Array, frame: Frame) -> Array:  # noqa: ARG002
        return x

    def backward(self, dy: Array, frame: Frame) -> Array:  # noqa: ARG002
        return dy


@dataclass(eq=False)
class Sigmoid(Elementwise):
    """A soft step from 0 to 1.

        y  = σ(x) = 1 / (1 + e⁻ˣ) = ½ (1 + tanh ½x)
        dx = dy · y (1 - y)

    The form with tanh is the same number and cannot overflow.
    """

    bounds = (0, 1)
    steepest = 0.25

    def forward(self, x: Array, frame: Frame) -> Array:
        y = _sigmoid(x, frame.xp)
        frame.keep(y=y)
        return y

    def backward(self, dy: Array, frame: Frame) -> Array:
        y = frame["y"]
        dx: Array = dy * y * (1 - y)
        return dx


@dataclass(eq=False)
class Tanh(Elementwise):
    """A soft step from -1 to 1.

    y  = tanh x
    dx = dy · (1 - y²)
    """

    bounds = (-1, 1)
    steepest = 1

    def forward(self, x: Array, frame: Frame) -> Array:
        y: Array = frame.xp.tanh(x)
        frame.keep(y=y)
        return y

    def backward(self, dy: Array, frame: Frame) -> Array:
        y = frame["y"]
        dx: Array = dy * (1 - y * y)
        return dx


@dataclass(eq=False)
class ReLU(Elementwise):
    """The positive part (Nair & Hinton 2010).

        y  = max(x, 0)
        dx = dy where x > 0, else 0

    At x = 0 there is no slope; 0 is taken.
    """

    bounds = (0, math.inf)
    flat_at = (0,)
    suits = "he_uniform"

    def kinks(self) -> tuple[float, ...]:
        return (0,)

    def forward(self, x: Array, frame: Frame) -> Array:
        y: Array = frame.xp.maximum(x, 0)
        frame.keep(y=y)
        return y

    def backward(self, dy: Array, frame: Frame) -> Array:
        dx: Array = dy * frame.xp.asarray(frame["y"] > 0, dtype=dy.dtype)
        return dx


@dataclass(eq=False)
class LeakyReLU(Elementwise):
    """ReLU that leaks, so that no unit dies (Maas, Hannun & Ng 2013).

    y  = x  where x > 0, else slope · x
    dx = dy where x > 0, else slope · dy
    """

    slope: float = 0.01

    suits = "he_uniform"

    def __post_init__(self) -> None:
        expect(self, slope="[0, 1)")

    def kinks(self) -> tuple[float, ...]:
        return (0,)

    def forward(self, x: Array, frame: Frame) -> Array:
        frame.keep(x=x)
        y: Array = frame.xp.where(x > 0, x, self.slope * x)
        return y

    def backward(self, dy: Array, frame: Frame) -> Array:
        dx: Array = frame.xp.where(frame["x"] > 0, dy, self.slope * dy)
        return dx


@dataclass(eq=False)
class ELU(Elementwise):
    """ReLU with a smooth floor at -alpha (Clevert, Unterthiner & Hochreiter 2015).

    y  = x  where x > 0, else α (eˣ - 1)
    dx = dy where x > 0, else dy · α eˣ = dy · (y + α)
    """

    alpha: float = 1.0

    suits = "he_uniform"

    def __post_init__(self) -> None:
        expect(self, alpha="(0, inf)")

    def kinks(self) -> tuple[float, ...]:
        return () if self.alpha == 1 else (0,)

    def forward(self, x: Array, frame: Frame) -> Array:
        xp = frame.xp
        y: Array = xp.where(x > 0, x, self.alpha * xp.expm1(xp.minimum(x, 0)))
        frame.keep(x=x, y=y)
        return y

    def backward(self, dy: Array, frame: Frame) -> Array:
        dx: Array = frame.xp.where(frame["x"] > 0, dy, dy * (frame["y"] + self.alpha))
        return dx


@dataclass(eq=False)
class GELU(Elementwise):
    """The input, times the chance that a normal draw lies below it (Hendrycks & Gimpel 2016).

    y  = x Φ(x)                    Φ(x) = ½ (1 + erf(x / √2))
    dx = dy · (Φ(x) + x φ(x))      φ(x) = e^(-x²/2) / √(2π) = Φ'(x)
    """

    suits = "he_uniform"

    def forward(self, x: Array, frame: Frame) -> Array:
        Φ = 0.5 * (1 + frame.special.erf(x * math.sqrt(0.5)))
        frame.keep(x=x, Φ=Φ)
        y: Array = x * Φ
        return y

    def backward(self, dy: Array, frame: Frame) -> Array:
        x, Φ = frame["x"], frame["Φ"]
        φ = frame.xp.exp(-0.5 * x * x) * (1 / math.sqrt(2 * math.pi))
        dx: Array = dy * (Φ + x * φ)
        return dx


@dataclass(eq=False)
class SiLU(Elementwise):
    """The input, times its own sigmoid, also called swish (Elfwing, Uchibe & Doya 2018).

    y  = x s                  s = σ(x)
    dx = dy · (s + x s (1 - s))
    """

    suits = "he_uniform"

    def forward(self, x: Array, frame: Frame) -> Array:
        s = _sigmoid(x, frame.xp)
        frame.keep(x=x, s=s)
        return x * s

    def backward(self, dy: Array, frame: Frame) -> Array:
        x, s = frame["x"], frame["s"]
        dx: Array = dy * (s + x * s * (1 - s))
        return dx


@dataclass(eq=False)
class Softplus(Elementwise):
    """A smooth ReLU (Dugas et al. 2001).

    y  = ln(1 + eˣ)
    dx = dy · σ(x)
    """

    def forward(self, x: Array, frame: Frame) -> Array:
        frame.keep(x=x)
        y: Array = frame.xp.logaddexp(x, 0)
        return y

    def backward(self, dy: Array, frame: Frame) -> Array:
        return dy * _sigmoid(frame["x"], frame.xp)


@dataclass(eq=False)
class Softmax(Layer):
    """Turns each row into positive shares that sum to 1.

        yᵢ  = e^xᵢ / Σⱼ e^xⱼ
        dxᵢ = yᵢ (dyᵢ - Σⱼ dyⱼ yⱼ)        from ∂yⱼ/∂xᵢ = yⱼ (δᵢⱼ - yᵢ)

    Each row's maximum is subtracted first: the shares stay the same and nothing overflows. To train
    a classifier, leave this layer out and use SoftmaxCrossEntropy, which has it inside.
    """

    activation = True
    bounds = (0, 1)

    def forward(self, x: Array, frame: Frame) -> Array:
        y = softmax(x, frame.xp)
        frame.keep(y=y)
        return y

    def backward(self, dy: Array, frame: Frame) -> Array:
        y = frame["y"]
        dx: Array = y * (dy - frame.xp.sum(dy * y, axis=-1, keepdims=True))
        return dx


def softmax(x: Array, xp: Any) -> Array:
    """Return e^x / Σ e^x along the last axis, for numbers of any size."""
    e = xp.exp(x - xp.max(x, axis=-1, keepdims=True))
    y: Array = e / xp.sum(e, axis=-1, keepdims=True)
    return y


def _sigmoid(x: Array, xp: Any) -> Array:
    y: Array = 0.5 * xp.tanh(0.5 * x) + 0.5
    return y


ACTIVATIONS: dict[str, type[Layer]] = {
    cls.__name__.lower(): cls
    for cls in (Identity, Sigmoid, Tanh, ReLU, LeakyReLU, ELU, GELU, SiLU, Softplus, Softmax)
}


def activation(name: str) -> Layer:
    """Make the activation of that name, in lower case: "relu", "tanh", "leakyrelu", …"""
    if name not in ACTIVATIONS:
        raise one_of("activation", name, list(ACTIVATIONS))
    return ACTIVATIONS[name]()
