"""The formulas of Dropout: the same mask forward and backward, and nothing outside training."""

from __future__ import annotations

from dataclasses import dataclass

from glassnet.explanations.formula import Formula
from glassnet.explanations.formulas.base import LayerFormula
from glassnet.explanations.step import Place, Step


@dataclass(frozen=True)
class DropoutFormula(LayerFormula):
    """y = m x while training, else y = x."""

    def value(self, place: Place) -> list[Step]:
        off = "" if self.view.p.training else ", which drops in training only"
        return [
            self.valued(place, f"{self.node.layer}{off}", *self._masked("x", self.x(place), place))
        ]

    def gradient(self, k: int, place: Place) -> list[Step]:
        return [self.carried_back(k, place, *self._masked("∂L/∂y", self.dy(place), place))]

    def _masked(self, letter: str, value: float, place: Place) -> tuple[Formula, dict[str, float]]:
        if not self.view.p.training:
            return Formula(f"‹{letter}›"), {letter: value}
        return Formula(f"‹m›·‹{letter}›"), {"m": self.kept("m", place), letter: value}
