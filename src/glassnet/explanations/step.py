"""Step: one number of a pass, with the formula that it comes from and the numbers in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from glassnet.explanations.formula import Formula, bracketed, written
from glassnet.types import Array

Stage: TypeAlias = Literal["forward", "loss", "backward", "gradient", "update"]

Place: TypeAlias = tuple[int, ...]
"""Where a unit stands in its layer's output, without the batch axis: (7,) for "dense_2:7"."""

EQUATIONS = {
    "BP1": "δ at the output",
    "BP2": "δ one layer back",
    "BP3": "the bias gradient",
    "BP4": "the weight gradient",
}
"""The four equations of backpropagation.

Source: Nielsen, Neural Networks and Deep Learning (2015), chapter 2.
"""


@dataclass(frozen=True)
class Term:
    """One summand: what it is of, its formula, its numbers, and what it comes to."""

    label: str
    formula: Formula
    letters: Mapping[str, float]
    value: float


@dataclass(frozen=True)
class Rest:
    """The summands that are not shown: how many, what they are, and what they add up to."""

    count: int
    label: str
    value: float


@dataclass(frozen=True)
class Step:
    """One number, and where it comes from.

    stage       "forward", "loss", "backward", "gradient" (of parameters) or "update"
    node, unit  whose number it is; a loss has the node that it measures
    parameter   "W[3,7]" for a gradient or an update
    symbol      what the number is called: z, a, δ, …
    title       the same in words
    formula     what it equals
    letters     the numbers in the formula, where it is no sum
    terms       the summands, where it is one; those left out are the `rest`
    result      the number, as the pass holds it
    equation    the equation of backpropagation that it is, if it is one: a key of EQUATIONS
    """

    stage: Stage
    node: str
    unit: Place
    symbol: str
    title: str
    formula: Formula
    result: float
    letters: Mapping[str, float] = field(default_factory=dict)
    terms: tuple[Term, ...] = ()
    rest: Rest | None = None
    equation: str | None = None
    parameter: str = ""

    @property
    def numbers(self) -> str:
        """The formula with the numbers in it; empty where it has no letters."""
        if not self.terms:
            return self.formula.filled(self.letters) if self.letters else ""
        parts = [term.formula.filled(term.letters) for term in self.terms]
        if self.rest:
            parts.append(written(self.rest.value))
        return " + ".join([parts[0], *map(bracketed, parts[1:])])


def largest(values: Array, most: int) -> NDArray[np.intp]:
    """Say where the numbers that matter most stand: the largest by size, NaN before all."""
    sizes = np.abs(np.asarray(values, np.float64).ravel())
    sizes[np.isnan(sizes)] = np.inf
    return np.argsort(-sizes, kind="stable")[:most]


def rest_of(result: float, shown: Iterable[Term], count: int, label: str = "others") -> Rest | None:
    """Say what `count` summands that are not shown add up to: the result less those that are."""
    if not count:
        return None
    return Rest(count, label, result - sum(term.value for term in shown))


def place_text(place: Sequence[int]) -> str:
    """Write a place as in "dense_2:7" or "input_1:0,3"."""
    return ",".join(map(str, place))
