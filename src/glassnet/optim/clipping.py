"""Clipping: shortening gradients that are too long to be trusted.

One steep place in the loss can throw the weights far away from all that was learnt. A clipping is a
rule on all the gradients of a step, by name; it returns what to use instead.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

from glassnet.optim.rule import Rule, namespace
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
        c = self.limit
        return {name: namespace(g).clip(g, -c, c) for name, g in gradients.items()}


@dataclass(frozen=True)
class ClipNorm(Clipping):
    """Shorten all gradients together, as one long vector, to a norm of at most `limit`.

        ‖g‖ = √(Σ over all arrays of Σ g²)        g ← g · limit / ‖g‖    where ‖g‖ > limit

    The direction stays. PyTorch divides by ‖g‖ + 10⁻⁶, and so ends up a little shorter. Gradients
    that are not finite stay as they are: training has diverged, and that should be seen. All
    others are measured in units of the largest number in them, u, whose square may be too large:

        ‖g‖ = u ‖g / u‖        g ← g · a / u    where u > a        a = limit / ‖g / u‖

    Source: Pascanu, Mikolov & Bengio, On the Difficulty of Training Recurrent Neural Networks
    (2013), algorithm 1.
    """

    def __call__(self, gradients: dict[str, Array]) -> dict[str, Array]:
        if not any(g.size for g in gradients.values()):
            return gradients
        xp = namespace(next(iter(gradients.values())))
        line = xp.concat([xp.reshape(g, (-1,)) for g in gradients.values()])
        most = xp.max(abs(line))
        u = xp.where((most > 0) & (most < math.inf), most, 1)
        line = line / u
        a = self.limit / xp.maximum(xp.sqrt(line @ line), 1)  # a norm below 1 is that of zeros
        share = xp.where((most < math.inf) & (most > a), a / u, 1)
        return {name: g * share for name, g in gradients.items()}
