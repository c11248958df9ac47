"""Lion: steps of one size, in the direction on which gradient and momentum agree."""

from __future__ import annotations

from dataclasses import dataclass

from glassnet.optim.base import Optimizer, State
from glassnet.optim.rule import namespace
from glassnet.optim.schedules import Rate
from glassnet.settings import expect
from glassnet.types import Array


@dataclass(frozen=True)
class Lion(Optimizer):
    """Move by the sign of a mean of the gradient and its momentum ("evolved sign momentum").

        c ← β₁ m + (1 - β₁) dw
        w ← w - η (sign(c) + λ w)
        m ← β₂ m + (1 - β₂) dw

    λ is `weight_decay`. Every weight moves by η a step, however small its gradient, so η is to be
    3 to 10 times smaller than for Adam, and λ as many times larger. It was found by a search among
    programs; β₁ < β₂ lets c follow the gradient faster than m forgets it.

    By hand, from w = 1 with η = 0.1, λ = 0.5 and twice dw = 2: c = 0.2, w = 1 - 0.1 · 1.5 = 0.85,
    m = 0.02; then c = 0.218, w = 0.85 - 0.1 · 1.425 = 0.7075.

    Source: Chen et al., Symbolic Discovery of Optimization Algorithms (2023), algorithm 2.
    """

    learning_rate: Rate = 1e-4
    beta1: float = 0.9
    beta2: float = 0.99
    weight_decay: float = 0.0

    slots = ("m",)

    def __post_init__(self) -> None:
        super().__post_init__()
        expect(self, beta1="[0, 1)", beta2="[0, 1)", weight_decay="[0, inf)")

    def moved(
        self, w: Array, dw: Array, state: State, rate: float, step: int  # noqa: ARG002
    ) -> tuple[Array, State]:  # fmt: skip
        β1, β2, λ, m = self.beta1, self.beta2, self.weight_decay, state["m"]
        c = β1 * m + (1 - β1) * dw
        w = w - rate * (namespace(w).sign(c) + λ * w)
        return w, {"m": β2 * m + (1 - β2) * dw}
