"""Maxout: a bend that is learnt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from glassnet.nn.frame import Frame
from glassnet.nn.initializers import Initializer, glorot_uniform, initializer, zeros
from glassnet.nn.layer import Declare, Layer
from glassnet.settings import expect_counts
from glassnet.types import Array, Shape


@dataclass(eq=False)
class Maxout(Layer):
    """The largest of several weighted sums (Goodfellow et al. 2013).

        pₖ  = x Wₖ + bₖ     x: (N, D)   W: (D, K, M), Wₖ = W[:, k]   b: (K, M)   pₖ: (N, M)
        y   = maxₖ pₖ       y: (N, M)
        dpₖ = dy where pₖ is the largest, else 0
        dx  = Σₖ dpₖ Wₖᵀ    dWₖ = xᵀ dpₖ      dbₖ = Σₙ dpₖ

    Each unit is made of up to K straight pieces and is convex in x: a bend that is learnt. ReLU is
    the case of two, one of them 0. Where two tie there is no slope; that of the first is taken.

    units       M, the number of outputs
    pieces      K, how many weighted sums each of them chooses from
    init        of W, bias_init of b: functions, or their names such as "he_normal"
    """

    units: int
    pieces: int = 2
    init: Initializer = glorot_uniform
    bias_init: Initializer = zeros

    params = ("W", "b")
    initializers = ("init", "bias_init")
    not_in: ClassVar[Mapping[str, str]] = {
        "native": "no kernel takes the largest of several sums",
        "page": "its program has no such layer",
    }

    def __post_init__(self) -> None:
        self.init, self.bias_init = initializer(self.init), initializer(self.bias_init)
        expect_counts(self, "units", "pieces")

    def build(self, shape: Shape, declare: Declare) -> Shape:
        D, K, M = self.expect_rows(shape), self.pieces, self.units
        declare("W", (D, K, M), self.init)
        declare("b", (K, M), self.bias_init)
        return (M,)

    def forward(self, x: Array, frame: Frame) -> Array:
        xp = frame.xp
        y: Array = xp.matmul(x, self.W[:, 0, :]) + self.b[0, :]
        largest = xp.zeros(y.shape, dtype=xp.int32)
        for k in range(1, self.pieces):
            p = xp.matmul(x, self.W[:, k, :]) + self.b[k, :]
            largest = xp.where(p > y, k, largest)
            y = xp.maximum(y, p)
        frame.keep(x=x, largest=largest)
        return y

    def backward(self, dy: Array, frame: Frame) -> Array | None:
        xp, x, largest = frame.xp, frame["x"], frame["largest"]
        dp = [xp.where(largest == k, dy, 0) for k in range(self.pieces)]
        frame.grad(
            W=xp.stack([xp.matmul(x.T, dp_k) for dp_k in dp], axis=1),
            b=xp.stack([xp.sum(dp_k, axis=0) for dp_k in dp]),
        )
        if not frame.wants_dx:
            return None
        dx: Array = sum(xp.matmul(dp_k, self.W[:, k, :].T) for k, dp_k in enumerate(dp))
        return dx
