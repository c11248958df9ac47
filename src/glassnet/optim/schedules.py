"""Schedules: the learning rate as a function of the step.

A step is one update of the weights, not an epoch, and the first is step 0: with N rows in batches
of B, an epoch has ⌈N / B⌉ of them. Any callable from step to rate is a schedule; those below are
also written to model files and read back.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from glassnet.errors import SettingError
from glassnet.optim.rule import Rule
from glassnet.settings import expect, expect_counts, inside

Rate: TypeAlias = float | Callable[[int], float]
"""A learning rate: a number, or a schedule that gives one for each step."""


def rate_at(rate: Rate, step: int) -> float:
    """Return the rate at a step, counted from 0; what a schedule gives is checked."""
    if not callable(rate):
        return rate
    value = rate(step)
    if not inside("[0, inf)", value):
        raise SettingError(
            f"A schedule gives a rate in [0, inf) for every step, but {rate!r} gave {value!r} "
            f"at step {step}."
        )
    return float(value)


@dataclass(frozen=True)
class Schedule(Rule, ABC):
    """A learning rate that changes with the step."""

    @abstractmethod
    def __call__(self, step: int) -> float:
        """Return the rate of an update; the first is step 0."""


@dataclass(frozen=True)
class StepDecay(Schedule):
    """The rate falls by a factor at every so many steps, and stays level between.

        η(s) = initial · factor^⌊s / every⌋

    ``StepDecay(0.1, factor=0.5, every=1000)`` gives 0.1 a thousand times, then 0.05, then 0.025.
    """

    initial: float
    factor: float
    every: int

    def __post_init__(self) -> None:
        expect(self, initial="[0, inf)", factor="(0, 1]")
        expect_counts(self, "every")

    def __call__(self, step: int) -> float:
        return self.initial * self.factor ** (step // self.every)


@dataclass(frozen=True)
class ExponentialDecay(Schedule):
    """The rate falls a little at each step, and by a factor over every so many of them.

        η(s) = initial · factor^(s / every)

    ``ExponentialDecay(0.1, factor=0.5, every=1000)`` meets `StepDecay` at each thousandth step.
    """

    initial: float
    factor: float
    every: int

    def __post_init__(self) -> None:
        expect(self, initial="[0, inf)", factor="(0, 1]")
        expect_counts(self, "every")

    def __call__(self, step: int) -> float:
        return self.initial * math.pow(self.factor, step / self.every)


@dataclass(frozen=True)
class CosineDecay(Schedule):
    """The rate falls along half a cosine from `initial` to `final`, and stays there after `steps`.

        η(s) = final + (initial - final) · (1 + cos π min(s / steps, 1)) / 2

    Source: Loshchilov & Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts (2017), eq. 5,
    without restarts.
    """

    initial: float
    steps: int
    final: float = 0.0

    def __post_init__(self) -> None:
        expect(self, initial="[0, inf)", final="[0, inf)")
        expect_counts(self, "steps")

    def __call__(self, step: int) -> float:
        return _cosine(self.initial, self.final, step / self.steps)


@dataclass(frozen=True)
class OneCycle(Schedule):
    """The rate rises to a high peak early on, and then falls to almost nothing.

        start = peak / start_divisor         up   = rise · steps - 1, the step of the peak
        final = start / final_divisor        last = steps - 1

        η(s) = half a cosine from start to peak over steps 0 to up, then one from peak to final
               over steps up to last; final after that

    Source: Smith & Topin, Super-Convergence: Very Fast Training of Neural Networks Using Large
    Learning Rates (2018), with the cosines and the defaults of PyTorch's OneCycleLR.
    """

    peak: float
    steps: int
    rise: float = 0.3
    start_divisor: float = 25.0
    final_divisor: float = 1e4

    def __post_init__(self) -> None:
        expect(
            self, peak="[0, inf)", rise="[0, 1)", start_divisor="[1, inf)", final_divisor="[1, inf)"
        )
        expect_counts(self, "steps")

    def __call__(self, step: int) -> float:
        start = self.peak / self.start_divisor
        final = start / self.final_divisor
        up, last = self.rise * self.steps - 1, self.steps - 1
        if step < up:
            return _cosine(start, self.peak, step / up)
        return _cosine(self.peak, final, (step - up) / (last - up))


@dataclass(frozen=True)
class WarmUp(Schedule):
    """The rate rises in a straight line over the first `steps`, and then follows `then`.

        η(s) = then(0) · (s + 1) / (steps + 1)     for s < steps
        η(s) = then(s - steps)                     after that

    The first step already moves, and step number `steps` is the first with the full rate:
    ``WarmUp(4, 0.1)`` gives 0.02, 0.04, 0.06, 0.08, 0.1, 0.1, ...

    Source: Goyal et al., Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour (2017), 2.2.
    """

    steps: int
    then: Rate

    def __post_init__(self) -> None:
        expect_counts(self, "steps")
        self._expect_rate("then")

    def __call__(self, step: int) -> float:
        if step < self.steps:
            return rate_at(self.then, 0) * (step + 1) / (self.steps + 1)
        return rate_at(self.then, step - self.steps)


def _cosine(a: float, b: float, part: float) -> float:
    """Go from a to b along half a cosine, of which `part` (at most 1) is behind us."""
    return b + (a - b) * (1 + math.cos(math.pi * min(part, 1.0))) / 2
