"""Clipping: shortening gradients that are too long to be trusted.

One steep place in the loss can throw the weights far away from all that was learnt. A clipping is a
rule on all the gradients of a step, by name; it returns what to use instead and writes to none.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from glassnet.optim.rule import Rule
from glassnet.settings import expect
from glassnet.types import Array


@dataclass(frozen=True)
class Clipping(Rule, ABC):
    """A rule that shortens the gradients of one step."""

    limit: float

    def __post_init__(self) -> None:
        expect(self, limit="(0, inf)")

    @abstractmethod
    def __call__(self, gradients: dict[str, Array]) -> dict[str, Array]:
        """Return the gradients to use; arrays that stay as they are may be handed on."""


@dataclass(frozen=True)
class ClipValue(Clipping):
    """Bring each number of each gradient into -limit ... limit. This may turn the direction.

        g ← max(-limit, min(g, limit))

    Source: Mikolov, Statistical Language Models Based on Neural Networks (2012).
    """

    def __call__(self, gradients: dict[str, Array]) -> dict[str, Array]:
        return {name: np.clip(g, -self.limit, self.limit) for name, g in gradients.items()}


@dataclass(frozen=True)
class ClipNorm(Clipping):
    """Shorten all gradients together, as one long vector, to a norm of at most `limit`.

        ‖g‖ = √(Σ over all arrays of Σ g²)        g ← g · limit / ‖g‖    where ‖g‖ > limit

    The direction stays. PyTorch divides by ‖g‖ + 10⁻⁶, and so ends up a little shorter. Gradients
    that are not finite stay as they are: training has diverged, and that should be seen. All
    others are measured in units of the largest number in them, whose square may be too large.

    Source: Pascanu, Mikolov & Bengio, On the Difficulty of Training Recurrent Neural Networks
    (2013), algorithm 1.
    """

    def __call__(self, gradients: dict[str, Array]) -> dict[str, Array]:
        unit = float(np.max([np.max(np.abs(g), initial=0) for g in gradients.values()], initial=0))
        if not 0 < unit < math.inf:
            return gradients
        units = math.hypot(*(float(np.linalg.norm(g / unit)) for g in gradients.values()))
        if units * unit <= self.limit:
            return gradients
        return {name: g / unit * (self.limit / units) for name, g in gradients.items()}
