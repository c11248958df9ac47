"""Adagrad: a rate of its own for each weight, which falls with what the weight has seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glassnet.optim.base import Optimizer, State
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

    def update(self, w: Array, dw: Array, state: State, rate: float, step: int) -> None:  # noqa: ARG002
        v = state["v"]
        v += dw * dw
        w -= rate * dw / (np.sqrt(v) + self.epsilon)
