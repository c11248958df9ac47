"""Optimizer: a rule that moves one array of parameters by its gradient."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from glassnet.optim.rule import Rule
from glassnet.optim.schedules import Rate, rate_at
from glassnet.types import Array

State: TypeAlias = dict[str, Array]
"""What an optimiser remembers of one array: arrays of its shape, by the names in `slots`."""


@dataclass(frozen=True)
class Optimizer(Rule, ABC):
    """A rule that moves one array of parameters `w` by its gradient `dw`.

    An optimiser holds settings only. What it wants to remember from step to step is the array's
    `State`, kept by whoever runs the training. The letters of the derivations: w the parameters,
    dw their gradient, η the rate of this step.

    To write one: make it a frozen dataclass, name its state in `slots`, and define `moved`.
    `Rule` says what it may compute with.
    """

    learning_rate: Rate

    def __post_init__(self) -> None:
        self._expect_rate("learning_rate")

    @property
    def slots(self) -> tuple[str, ...]:
        """The names of the state arrays; most optimisers write ``slots = ("m", "v")``."""
        return ()

    def rate(self, step: int) -> float:
        """Return η for a step, counted from 1; a schedule is asked for step - 1."""
        return rate_at(self.learning_rate, step - 1)

    def rates(self, first: int, count: int) -> NDArray[np.float64]:
        """Return η for `count` steps from `first` on, counted from 1: (count,)."""
        if not callable(self.learning_rate):
            return np.full(count, self.rate(first), np.float64)
        steps = range(first, first + count)
        return np.fromiter((self.rate(step) for step in steps), np.float64, count)

    def start(self, w: Array) -> State:
        """Return the state before the first step: zeros."""
        return {name: np.zeros_like(w) for name in self.slots}

    @abstractmethod
    def moved(
        self, w: Array, dw: Array, state: State, rate: float, step: int
    ) -> tuple[Array, State]:
        """Return w and the state after one step, counted from 1: new arrays, all of w's shape."""
