"""The formulas of Dense: weighted sums forward, weighted sums of δ backward."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from glassnet.explanations.formula import Formula
from glassnet.explanations.formulas.base import Entry, LayerFormula
from glassnet.explanations.step import Place, Step, Term, largest, rest_of
from glassnet.nn.layers import Dense
from glassnet.types import Array


@dataclass(frozen=True)
class DenseFormula(LayerFormula):
    """Weighted sum and bias; BP2 through the weights; BP3 and BP4 for bias and weights."""

    @property
    def layer(self) -> Dense:
        """The layer, as what it is."""
        return cast(Dense, self.node.layer)

    def value(self, place: Place) -> list[Step]:
        (m,), source = place, self.node.inputs[0]
        x, w = self.view.y(source), self.layer.W[:, m]
        bias = f" + b[{m}]" if self.layer.b is not None else ""
        step = self.valued(place, f"{self.layer}", Formula(f"Σ_d x[d]·W[d,{m}]{bias}"), {})
        shown = self._products("x", x, "W", w, source)
        if self.layer.b is not None:
            b = float(self.layer.b[m])
            shown.append(Term(f"b[{m}]", Formula("‹b›"), {"b": b}, b))
        hidden = len(x) - min(len(x), self.view.most)
        return [replace(step, terms=tuple(shown), rest=rest_of(step.result, shown, hidden))]

    def gradient(self, k: int, place: Place) -> list[Step]:
        (d,) = place
        delta, w = self.view.dy(self.node.name), self.layer.W[d]
        shown = self._products("δ", delta, "W", w, self.node.name)
        formula = Formula(f"Σ_m δ[m]·W[{d},m]")
        step = self.carried_back(k, place, formula, {}, tuple(shown), equation="BP2")
        return [replace(step, rest=rest_of(step.result, shown, len(w) - len(shown)))]

    def entries(self, place: Place) -> list[Entry]:
        (m,), x, delta = place, self.view.y(self.node.inputs[0]), self.dy(place)
        product, sum_ = Formula("‹x›·‹δ›"), Formula(f"Σ_n x[n,d]·δ[n,{m}]")
        row = self.view.row_label
        weights = [
            Entry(
                "W", (d, m),
                Term(row, product, {"x": float(x[d]), "δ": delta}, float(x[d]) * delta),
                f"∂L/∂W[d,{m}]", sum_, "BP4",
            )
            for d in range(len(x))
        ]  # fmt: skip
        if self.layer.b is None:
            return weights
        of_row = Term(row, Formula("‹δ›"), {"δ": delta}, delta)
        return [*weights, Entry("b", place, of_row, f"∂L/∂b[{m}]", Formula(f"Σ_n δ[n,{m}]"), "BP3")]

    def _products(self, a: str, left: Array, b: str, right: Array, source: str) -> list[Term]:
        """Write out the largest products of two rows of numbers, named after units of `source`."""
        products = left.astype(np.float64) * right
        return [
            Term(
                self.view.label(source, (int(i),)),
                Formula(f"‹{a}›·‹{b}›"),
                {a: float(left[i]), b: float(right[i])},
                float(products[i]),
            )
            for i in largest(products, self.view.most)
        ]
