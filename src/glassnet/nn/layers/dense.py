"""Dense: every output sees every input."""

from __future__ import annotations

from dataclasses import dataclass

from glassnet.nn.frame import Frame
from glassnet.nn.initializers import Initializer, glorot_uniform, initializer, zeros
from glassnet.nn.layer import Declare, Layer
from glassnet.settings import expect_counts
from glassnet.types import Array, Shape


@dataclass(eq=False)
class Dense(Layer):
    """Affine map: each output is a weighted sum of every input, plus a bias.

        y  = x W + b        x: (N, D)   W: (D, M)   b: (M,)   y: (N, M)
        dx = dy Wᵀ          dW = xᵀ dy              db = Σₙ dyₙ

    One number: yₙₘ = Σ_d xₙ_d W_dₘ + bₘ, so ∂yₙₘ/∂W_dₘ = xₙ_d, ∂yₙₘ/∂xₙ_d = W_dₘ, ∂yₙₘ/∂bₘ = 1.
    The chain rule sums over every y that a number reached: over m for x, over n for W and b.

    units       M, the number of outputs
    init        of W, bias_init of b: functions, or their names such as "he_normal"
    bias        False leaves b out
    """

    units: int
    init: Initializer = glorot_uniform
    bias_init: Initializer = zeros
    bias: bool = True

    params = ("W", "b")
    initializers = ("init", "bias_init")
    affine = weighted_sum = True

    def __post_init__(self) -> None:
        self.init, self.bias_init = initializer(self.init), initializer(self.bias_init)
        expect_counts(self, "units")

    def build(self, shape: Shape, declare: Declare) -> Shape:
        D, M = self.expect_rows(shape), self.units
        declare("W", (D, M), self.init)
        if self.bias:
            declare("b", (M,), self.bias_init)
        return (M,)

    def forward(self, x: Array, frame: Frame) -> Array:
        frame.keep(x=x)
        y: Array = frame.xp.matmul(x, self.W)
        return y if self.b is None else y + self.b

    def backward(self, dy: Array, frame: Frame) -> Array | None:
        xp, x = frame.xp, frame["x"]
        frame.grad(W=xp.matmul(x.T, dy))
        if self.b is not None:
            frame.grad(b=xp.sum(dy, axis=0))
        if not frame.wants_dx:
            return None
        dx: Array = xp.matmul(dy, self.W.T)
        return dx
