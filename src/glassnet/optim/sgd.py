"""Gradient descent, with or without momentum."""

from __future__ import annotations

from dataclasses import dataclass

from glassnet.errors import SettingError
from glassnet.optim.base import Optimizer, State
from glassnet.optim.schedules import Rate
from glassnet.settings import expect
from glassnet.types import Array


@dataclass(frozen=True)
class SGD(Optimizer):
    """Stochastic gradient descent: go downhill; with momentum μ, roll.

        plain       w ← w - η dw
        momentum    v ← μ v + dw        w ← w - η v
        Nesterov    v ← μ v + dw        w ← w - η (dw + μ v)

    Momentum averages out directions that change their sign from step to step, and adds up those
    that stay, to 1 / (1 - μ) times the plain step. Nesterov's kind goes where the momentum is about
    to lead.

    By hand, from w = 1 with η = 0.1 and twice dw = 2: plain 0.8, 0.6; with μ = 0.9 v = 2, 3.8 and
    w = 0.8, 0.42; Nesterov 0.62, 0.078.

    Sources: Robbins & Monro, A Stochastic Approximation Method (1951); Polyak, Some Methods of
    Speeding up the Convergence of Iteration Methods (1964); Nesterov (1983), in the form of
    Sutskever et al., On the Importance of Initialization and Momentum in Deep Learning (2013).
    """

    learning_rate: Rate = 0.1
    momentum: float = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        expect(self, momentum="[0, 1)")
        if self.nesterov and not self.momentum:
            raise SettingError(
                "SGD expects a momentum above 0 with nesterov=True, got 0. Try momentum=0.9."
            )

    @property
    def slots(self) -> tuple[str, ...]:
        """The velocity v, where there is momentum."""
        return ("v",) if self.momentum else ()

    def moved(
        self, w: Array, dw: Array, state: State, rate: float, step: int  # noqa: ARG002
    ) -> tuple[Array, State]:  # fmt: skip
        if not self.momentum:
            return w - rate * dw, {}
        μ = self.momentum
        v = μ * state["v"]
        v += dw  # in place: v is a new array
        return w - rate * (dw + μ * v if self.nesterov else v), {"v": v}
