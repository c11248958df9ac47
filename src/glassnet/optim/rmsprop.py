"""RMSprop: steps measured in units of the gradient's recent size."""

from __future__ import annotations

from dataclasses import dataclass

from glassnet.optim.base import Optimizer, State
from glassnet.optim.rule import namespace
from glassnet.optim.schedules import Rate
from glassnet.settings import expect
from glassnet.types import Array


@dataclass(frozen=True)
class RMSprop(Optimizer):
    """Divide each gradient by the root of the running mean of its square.

        v ← ρ v + (1 - ρ) dw²
        w ← w - η dw / (√v + ε)

    ρ is `decay`: v looks back over about 1 / (1 - ρ) steps. So every weight moves by about η a
    step, be its gradient large or small.

    By hand, from w = 1 with η = 0.1, ρ = 0.75 and dw = 2: v = 0.25 · 4 = 1, w = 1 - 0.2 / 1 = 0.8.

    Source: Tieleman & Hinton, Neural Networks for Machine Learning, Coursera, lecture 6.5 (2012).
    """

    learning_rate: Rate = 1e-3
    decay: float = 0.99
    epsilon: float = 1e-8

    slots = ("v",)

    def __post_init__(self) -> None:
        super().__post_init__()
        expect(self, decay="[0, 1)", epsilon="(0, inf)")

    def moved(
        self, w: Array, dw: Array, state: State, rate: float, step: int  # noqa: ARG002
    ) -> tuple[Array, State]:  # fmt: skip
        ρ, ε = self.decay, self.epsilon
        v = ρ * state["v"] + (1 - ρ) * dw * dw
        return w - rate * dw / (namespace(w).sqrt(v) + ε), {"v": v}
