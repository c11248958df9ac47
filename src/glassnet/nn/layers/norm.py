"""Norms: numbers brought to mean 0 and spread 1, by batch, by row, or by what the data was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from glassnet.errors import ShapeError
from glassnet.nn.frame import Frame
from glassnet.nn.initializers import Given, ones, zeros
from glassnet.nn.layer import Declare, Layer
from glassnet.settings import expect
from glassnet.types import Array, Shape


@dataclass(eq=False)
class BatchNorm(Layer):
    """Each feature brought to mean 0 and variance 1 over the batch (Ioffe & Szegedy 2015).

        z  = (x - μ) / σ        μ = mean over the rows    σ = √(var over the rows + ε)
        y  = γ z + β            x, y: (N, D)              γ, β, μ, σ: (D,)
        dγ = Σₙ dy z            dβ = Σₙ dy
        dx = (γ / σ) (dy - mean dy - z · mean(dy z))

    The two means come back through μ and through σ, which every row helped to make. While training
    the running statistics follow, r ← momentum · r + (1 - momentum) · batch, with the variance
    of N - 1; outside training they take the place of μ and σ, and dx = (γ / σ) dy. A batch of one
    row says nothing of the spread: it gives y = β and leaves the running statistics alone.

    momentum    the fraction of the old statistic that is kept
    epsilon     ε, keeps a constant feature from dividing by zero
    """

    momentum: float = 0.9
    epsilon: float = 1e-5

    params = ("gamma", "beta")
    buffers = ("running_mean", "running_var")
    affine = unit_by_unit = True

    def __post_init__(self) -> None:
        expect(self, momentum="[0, 1]", epsilon="(0, inf)")

    def mixes_rows(self, training: bool) -> bool:
        return training

    def build(self, shape: Shape, declare: Declare) -> Shape:
        D = self.expect_rows(shape)
        declare("gamma", (D,), ones)
        declare("beta", (D,), zeros)
        declare("running_mean", (D,), zeros)
        declare("running_var", (D,), ones)
        return shape

    def forward(self, x: Array, frame: Frame) -> Array:
        xp, N = frame.xp, x.shape[0]
        if frame.training:
            μ, var = xp.mean(x, axis=0), xp.var(x, axis=0)
            if N > 1:
                old, new = self.momentum, 1 - self.momentum
                frame.update(
                    running_mean=old * self.running_mean + new * μ,
                    running_var=old * self.running_var + new * var * (N / (N - 1)),
                )
        else:
            μ, var = self.running_mean, self.running_var
        σ = xp.sqrt(var + self.epsilon)
        z = (x - μ) / σ
        frame.keep(z=z, σ=σ)
        y: Array = self.gamma * z + self.beta
        return y

    def backward(self, dy: Array, frame: Frame) -> Array:
        xp, z, σ = frame.xp, frame["z"], frame["σ"]
        frame.grad(gamma=xp.sum(dy * z, axis=0), beta=xp.sum(dy, axis=0))
        slope: Array = self.gamma / σ
        if not frame.training:
            return slope * dy
        dx: Array = slope * (dy - xp.mean(dy, axis=0) - z * xp.mean(dy * z, axis=0))
        return dx


@dataclass(eq=False)
class LayerNorm(Layer):
    """Each row brought to mean 0 and variance 1 (Ba, Kiros & Hinton 2016).

        z  = (x - μ) / σ        μ = mean of the row       σ = √(var of the row + ε)
        y  = γ z + β            x, y: (N, D)              γ, β: (D,)   μ, σ: (N, 1)
        dγ = Σₙ dy z            dβ = Σₙ dy
        dx = (g - mean g - z · mean(g z)) / σ             g = γ dy, means over the row

    epsilon     ε, keeps a constant row from dividing by zero
    """

    epsilon: float = 1e-5

    params = ("gamma", "beta")

    def __post_init__(self) -> None:
        expect(self, epsilon="(0, inf)")

    def build(self, shape: Shape, declare: Declare) -> Shape:
        D = self.expect_rows(shape)
        declare("gamma", (D,), ones)
        declare("beta", (D,), zeros)
        return shape

    def forward(self, x: Array, frame: Frame) -> Array:
        xp = frame.xp
        μ = xp.mean(x, axis=1, keepdims=True)
        σ = xp.sqrt(xp.var(x, axis=1, keepdims=True) + self.epsilon)
        z = (x - μ) / σ
        frame.keep(z=z, σ=σ)
        y: Array = self.gamma * z + self.beta
        return y

    def backward(self, dy: Array, frame: Frame) -> Array:
        xp, z, σ = frame.xp, frame["z"], frame["σ"]
        frame.grad(gamma=xp.sum(dy * z, axis=0), beta=xp.sum(dy, axis=0))
        g = self.gamma * dy
        through_μ = xp.mean(g, axis=1, keepdims=True)
        through_σ = z * xp.mean(g * z, axis=1, keepdims=True)
        dx: Array = (g - through_μ - through_σ) / σ
        return dx


@dataclass(eq=False)
class Standardize(Layer):
    """Each feature brought to mean 0 and spread 1 by statistics of the training data.

        y  = (x - mean) / std
        dx = dy / std

    ``Standardize.of(x)`` measures them; they are kept with the network and never trained. A feature
    that is constant in the data keeps a std of 1.
    """

    buffers = ("mean", "std")
    affine = unit_by_unit = standardizes = True

    @classmethod
    def of(cls, x: Array, name: str | None = None) -> Self:
        """Return the layer that brings the rows x to mean 0 and standard deviation 1."""
        from glassnet.data.rows import moments  # glassnet.data is much to import for a network

        layer = cls(name=name)
        layer.mean, layer.std = moments("x", x)
        return layer

    def build(self, shape: Shape, declare: Declare) -> Shape:
        measured = self.arrays()
        if measured and self.mean.shape != shape:
            raise ShapeError(
                f"Standardize was measured on rows of shape {self.mean.shape}, "
                f"but stands where rows have shape {shape}."
            )
        declare("mean", shape, Given(measured["mean"]) if measured else zeros)
        declare("std", shape, Given(measured["std"]) if measured else ones)
        return shape

    def forward(self, x: Array, frame: Frame) -> Array:  # noqa: ARG002
        y: Array = (x - self.mean) / self.std
        return y

    def backward(self, dy: Array, frame: Frame) -> Array:  # noqa: ARG002
        dx: Array = dy / self.std
        return dx
