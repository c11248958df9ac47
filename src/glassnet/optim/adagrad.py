"""Adagrad: a rate of its own for each weight, which falls with what the weight has seen."""

from __future__ import annotations

from dataclasses import dataclass

from glassnet.optim.base import Optimizer, State
from glassnet.optim.rule import namespace
from glassnet.optim.schedules import Rate
from glassnet.settings import expect
from glassnet.types import Array


@dataclass(frozen=True)
class Adagrad(Optimizer):
    """Divide each gradient by the root of the sum of all its squares so far.

        v ← v + dw²
        w ← w - η dw / (√v + ε)

    Weights of rare features keep long steps, those of frequent ones take ever shorter ones.

    By hand, from w = 1 with η = 0.1 and twice dw = 2: v = 4, w = 1 - 0.2 / 2 = 0.9; then v = 8,
    w = 0.9 - 0.2 / √8 = 0.8293.

    Source: Duchi, Hazan & Singer, Adaptive Subgradient Methods for Online Learning and Stochastic
    Optimization (2011).
    """

    learning_rate: Rate = 1e-2
    epsilon: float = 1e-10

    slots = ("v",)

    def __post_init__(self) -> None:
        super().__post_init__()
        expect(self, epsilon="(0, inf)")

    def moved(
        self, w: Array, dw: Array, state: State, rate: float, step: int  # noqa: ARG002
    ) -> tuple[Array, State]:  # fmt: skip
        v = state["v"] + dw * dw
        return w - rate * dw / (namespace(w).sqrt(v) + self.epsilon), {"v": v}
