"""Penalties: what large weights cost, so that the network does not learn its rows by heart.

A penalty R(w) is added to the loss, and its gradient dR/dw to the gradient of the loss; or it is a
constraint, and after each update the nearest weights that keep it take their place.
"""

from __future__ import annotations

from dataclasses import dataclass

from glassnet.optim.rule import Rule, namespace
from glassnet.settings import expect
from glassnet.types import Array


@dataclass(frozen=True)
class Penalty(Rule):
    """A cost or a constraint on one array of weights; this one costs and forbids nothing.

    The cost is added to the mean loss as it is. Where a book divides λ by the number of rows N, as
    in λ / 2N Σ w², that quotient λ / N is the strength here.
    """

    def value(self, w: Array) -> float:  # noqa: ARG002
        """Return R(w)."""
        return 0.0

    def gradient(self, w: Array) -> Array:
        """Return dR/dw, a new array."""
        zeros: Array = namespace(w).zeros_like(w)
        return zeros

    def projected(self, w: Array) -> Array:
        """Return the nearest weights to w that are allowed; without a constraint, w itself."""
        return w

    def applies_to(self, name: str, w: Array) -> bool:  # noqa: ARG002
        """Say whether a parameter is meant: weight matrices are; biases and gains are not."""
        return w.ndim >= 2


@dataclass(frozen=True)
class L1(Penalty):
    """Absolute values: each step takes the same off every weight, and many end near 0.

        R = λ Σ |w|        dR/dw = λ sign(w), and 0 where w = 0

    λ is `strength`. Source: Tibshirani, Regression Shrinkage and Selection via the Lasso (1996).
    """

    strength: float

    def __post_init__(self) -> None:
        expect(self, strength="[0, inf)")

    def value(self, w: Array) -> float:
        return self.strength * float(namespace(w).sum(abs(w)))

    def gradient(self, w: Array) -> Array:
        dw: Array = self.strength * namespace(w).sign(w)
        return dw


@dataclass(frozen=True)
class L2(Penalty):
    """Squares: each step takes a share off every weight, and none grows large without reason.

        R = ½ λ Σ w²        dR/dw = λ w

    λ is `strength`. Under plain SGD this is weight decay; under Adam it is not: see `AdamW`.
    Source: Krogh & Hertz, A Simple Weight Decay Can Improve Generalization (1992).
    """

    strength: float

    def __post_init__(self) -> None:
        expect(self, strength="[0, inf)")

    def value(self, w: Array) -> float:
        return self.strength / 2 * float(namespace(w).sum(w * w))

    def gradient(self, w: Array) -> Array:
        return self.strength * w


@dataclass(frozen=True)
class MaxNorm(Penalty):
    """A limit c on the norm of each unit's incoming weights, a column of W with shape (in, out).

        w ← w · c / max(‖w‖, c)

    is w itself within the limit, and beyond it the nearest point of the sphere ‖w‖ = c.
    Sources: Srebro & Shraibman, Rank, Trace-Norm and Max-Norm (2005); Hinton et al., Improving
    Neural Networks by Preventing Co-adaptation of Feature Detectors (2012).
    """

    limit: float

    def __post_init__(self) -> None:
        expect(self, limit="(0, inf)")

    def projected(self, w: Array) -> Array:
        xp, c = namespace(w), self.limit
        norm = xp.sqrt(xp.sum(w * w, axis=tuple(range(w.ndim - 1))))
        inside: Array = w * (c / xp.maximum(norm, c))
        return inside
