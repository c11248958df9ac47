"""Adam and AdamW: momentum, in units of the gradient's recent size."""

from __future__ import annotations

from dataclasses import dataclass

from glassnet.optim.base import Optimizer, State
from glassnet.optim.rule import namespace
from glassnet.optim.schedules import Rate
from glassnet.settings import expect
from glassnet.types import Array


@dataclass(frozen=True)
class Adam(Optimizer):
    """Move by the running mean of the gradient, divided by the root of that of its square.

        m ← β₁ m + (1 - β₁) dw        m̂ = m / c₁        c₁ = 1 - β₁ˢ
        v ← β₂ v + (1 - β₂) dw²       v̂ = v / c₂        c₂ = 1 - β₂ˢ
        w ← w - η m̂ / (√v̂ + ε)

    Both means start at 0 and are too small at first; after s steps they hold the shares c₁ and c₂
    of a full mean, and dividing by these puts them right. Multiplied out, which saves two passes
    over the array,

        η m̂ / (√v̂ + ε)  =  η √c₂ / c₁ · m / (√v + ε √c₂).

    By hand, from w = 1 with η = 0.1 and dw = 2: m = 0.2, v = 0.004, so m̂ = 2, v̂ = 4, and
    w = 1 - 0.1 · 2 / 2 = 0.9: the first step is η long, whatever the gradient.

    Source: Kingma & Ba, Adam: A Method for Stochastic Optimization (2015), algorithm 1 and, for the
    second form, the end of section 2.
    """

    learning_rate: Rate = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    slots = ("m", "v")

    def __post_init__(self) -> None:
        super().__post_init__()
        expect(self, beta1="[0, 1)", beta2="[0, 1)", epsilon="(0, inf)")

    def moved(
        self, w: Array, dw: Array, state: State, rate: float, step: int
    ) -> tuple[Array, State]:
        β1, β2, ε = self.beta1, self.beta2, self.epsilon
        m, v = β1 * state["m"], β2 * state["v"]
        m += (1 - β1) * dw  # in place: m and v are new arrays, and no more are made than needed
        v += (1 - β2) * dw * dw
        c1, root_c2 = 1 - β1**step, (1 - β2**step) ** 0.5
        w = w - rate * root_c2 / c1 * m / (namespace(w).sqrt(v) + ε * root_c2)
        return w, {"m": m, "v": v}


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled weight decay: the weights shrink by themselves, not through the gradient.

        w ← (1 - η λ) w,        then Adam's step

    λ is `weight_decay`. An L2 penalty under Adam is divided by √v like the rest of the gradient, so
    that weights with large gradients are hardly held back; here every weight shrinks alike. As in
    PyTorch, that means every array, biases too.

    By hand, from w = 1 with η = 0.1, λ = 0.5 and dw = 2: w = 0.95 · 1 - 0.1 = 0.85.

    Source: Loshchilov & Hutter, Decoupled Weight Decay Regularization (2019), algorithm 2.
    """

    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        expect(self, weight_decay="[0, inf)")

    def moved(
        self, w: Array, dw: Array, state: State, rate: float, step: int
    ) -> tuple[Array, State]:
        return super().moved((1 - rate * self.weight_decay) * w, dw, state, rate, step)
