"""Mistakes: the rows that were answered wrongly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from glassnet.types import Array


@dataclass(frozen=True, eq=False)
class Mistakes:
    """The rows that were answered wrongly, those first of which the network was surest.

    rows            (K,) where they stand among those asked
    x               (K, D) what was asked; images as floats 0..1
    truth, answer   (K,) classes
    p               (K, classes) the probability given to each class
    asked           how many rows there were
    """

    rows: Array
    x: Array
    truth: Array
    answer: Array
    p: Array
    asked: int

    @property
    def confidence(self) -> Array:
        """(K,) the probability given to the wrong answer."""
        sure: Array = self.p[np.arange(len(self)), self.answer]
        return sure

    def __len__(self) -> int:
        return len(self.rows)


def find_mistakes(x: Any, t: Array, p: Array) -> Mistakes:
    """Pick the rows x (N, D) whose most probable class, by p (N, classes), is not their class t."""
    answer = p.argmax(axis=1)
    rows = np.flatnonzero(answer != t)
    rows = rows[np.argsort(-p[rows, answer[rows]], kind="stable")]
    return Mistakes(rows, x[rows], t[rows], answer[rows], p[rows], asked=len(t))
