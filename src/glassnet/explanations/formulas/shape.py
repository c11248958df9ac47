"""The formulas of layers that only move numbers or add them: Flatten, Add, Concatenate."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from glassnet.explanations.formula import Formula
from glassnet.explanations.formulas.base import LayerFormula
from glassnet.explanations.step import Place, Step, Term


@dataclass(frozen=True)
class MovedFormula(LayerFormula):
    """Each number of the output is one of an input; its gradient goes back to where it was."""

    def origin(self, place: Place) -> tuple[int, Place]:
        """Say from which input, and from where in it, a number of the output came."""
        raise NotImplementedError

    def destination(self, k: int, place: Place) -> Place:
        """Say where a number of the k-th input went."""
        raise NotImplementedError

    def value(self, place: Place) -> list[Step]:
        k, came_from = self.origin(place)
        title = f"{self.node.layer}: {self.view.label(self.node.inputs[k], came_from)}"
        return [self.valued(place, title, Formula("‹x›"), {"x": self.x(came_from, k)})]

    def gradient(self, k: int, place: Place) -> list[Step]:
        dy = self.dy(self.destination(k, place))
        return [self.carried_back(k, place, Formula("‹∂L/∂y›"), {"∂L/∂y": dy})]


@dataclass(frozen=True)
class FlattenFormula(MovedFormula):
    """In one line, the last axis running fastest."""

    def origin(self, place: Place) -> tuple[int, Place]:
        shape = self.view.y(self.node.inputs[0]).shape
        return 0, tuple(int(i) for i in np.unravel_index(place[0], shape))

    def destination(self, k: int, place: Place) -> Place:
        return (int(np.ravel_multi_index(place, self.view.y(self.node.inputs[k]).shape)),)


@dataclass(frozen=True)
class ConcatenateFormula(MovedFormula):
    """Side by side along the last axis."""

    def origin(self, place: Place) -> tuple[int, Place]:
        k = int(np.searchsorted(self._starts, place[-1], side="right")) - 1
        return k, (*place[:-1], place[-1] - self._starts[k])

    def destination(self, k: int, place: Place) -> Place:
        return (*place[:-1], place[-1] + self._starts[k])

    @property
    def _starts(self) -> list[int]:
        return [0, *self.view.p[self.node.name]["ends"][:-1]]


@dataclass(frozen=True)
class AddFormula(LayerFormula):
    """The sum of the inputs; each gets the whole gradient."""

    def value(self, place: Place) -> list[Step]:
        terms = tuple(
            Term(self.view.label(source, place), Formula("‹x›"), {"x": x}, x)
            for k, source in enumerate(self.node.inputs)
            for x in [self.x(place, k)]
        )
        return [replace(self.valued(place, "Add()", Formula("Σ_k x[k]"), {}), terms=terms)]

    def gradient(self, k: int, place: Place) -> list[Step]:
        return [self.carried_back(k, place, Formula("‹∂L/∂y›"), {"∂L/∂y": self.dy(place)})]
