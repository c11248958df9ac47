"""Dropout: learning with units missing, so that none relies on another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glassnet.nn.frame import Frame
from glassnet.nn.layer import Layer
from glassnet.settings import expect
from glassnet.types import Array


@dataclass(eq=False)
class Dropout(Layer):
    """Drops each number with probability `rate` while training (Srivastava et al. 2014).

        y  = m · x        mᵢ = 0 with probability rate, else 1 / (1 - rate)
        dx = m · dy

    The division keeps the mean, E[y] = x, so that nothing has to change for predicting: outside
    training y = x.

    rate    the fraction that is dropped, 0 ≤ rate < 1
    """

    rate: float = 0.5

    affine = unit_by_unit = True

    def __post_init__(self) -> None:
        expect(self, rate="[0, 1)")

    def mixes_rows(self, training: bool) -> bool:
        return training  # the mask is drawn for the batch as a whole

    def forward(self, x: Array, frame: Frame) -> Array:
        if not frame.training:
            return x
        # Drawn in float32 whatever x is, so that the mask does not depend on the precision.
        kept = frame.rng.random(x.shape, dtype=np.float32) >= self.rate
        m: Array = frame.xp.asarray(kept, dtype=x.dtype) * (1 / (1 - self.rate))
        frame.keep(m=m)
        return m * x

    def backward(self, dy: Array, frame: Frame) -> Array:
        if not frame.training:
            return dy
        dx: Array = frame["m"] * dy
        return dx
