"""The formulas of the norms: by batch, by row, by the training data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from glassnet.explanations.formula import Formula
from glassnet.explanations.formulas.base import Entry, LayerFormula
from glassnet.explanations.step import Place, Step, Term
from glassnet.nn.layers import Standardize


@dataclass(frozen=True)
class NormFormula(LayerFormula):
    """y = γ ẑ + β with ẑ = (x - μ) / σ. What follows differs in how far μ and σ move with x."""

    def value(self, place: Place) -> list[Step]:
        x, z, σ = self.x(place), self.kept("z", place), self.kept("σ", place)
        parts = {"γ": self._gain("gamma", place), "x": x, "μ": x - z * σ, "σ": σ}
        letters = parts | {"β": self._gain("beta", place)}
        formula = Formula("‹γ›·(‹x› - ‹μ›)/‹σ› + ‹β›")
        return [
            self.valued(place, f"{self.node.layer}, μ and σ of {self.source}", formula, letters)
        ]

    def entries(self, place: Place) -> list[Entry]:
        dy, z, row = self.dy(place), self.kept("z", place), self.view.row_label
        product = Term(row, Formula("‹∂L/∂y›·‹z›"), {"∂L/∂y": dy, "z": z}, dy * z)
        alone = Term(row, Formula("‹∂L/∂y›"), {"∂L/∂y": dy}, dy)
        return [
            Entry("gamma", place, product, "∂L/∂γ", Formula("Σ_n ∂L/∂y[n]·z[n]")),
            Entry("beta", place, alone, "∂L/∂β", Formula("Σ_n ∂L/∂y[n]")),
        ]

    @property
    def source(self) -> str:
        """Whose mean and spread are taken."""
        raise NotImplementedError

    def _gain(self, name: str, place: Place) -> float:
        return float(getattr(self.node.layer, name)[place])


@dataclass(frozen=True)
class BatchNormFormula(NormFormula):
    """Over the rows of the batch in training, by the running statistics outside it."""

    @property
    def source(self) -> str:
        return "the batch" if self.view.p.training else "the running statistics"

    def gradient(self, k: int, place: Place) -> list[Step]:
        letters = {
            "γ": self._gain("gamma", place), "σ": self.kept("σ", place), "∂L/∂y": self.dy(place),
        }  # fmt: skip
        if not self.view.p.training:
            return [self.carried_back(k, place, Formula("‹γ›/‹σ›·‹∂L/∂y›"), letters)]
        of_parameters: Any = self.view.p[self.node.name].gradients
        letters |= {
            "z": self.kept("z", place),
            "mean(∂L/∂y)": float(of_parameters["beta"][place]) / self.view.rows,
            "mean(z·∂L/∂y)": float(of_parameters["gamma"][place]) / self.view.rows,
        }
        formula = Formula("‹γ›/‹σ›·(‹∂L/∂y› - ‹mean(∂L/∂y)› - ‹z›·‹mean(z·∂L/∂y)›)")
        return [self.carried_back(k, place, formula, letters)]


@dataclass(frozen=True)
class LayerNormFormula(NormFormula):
    """Over the numbers of the row itself."""

    source = "the row"

    def gradient(self, k: int, place: Place) -> list[Step]:
        frame, layer = self.view.p[self.node.name], cast(Any, self.node.layer)
        g, z = layer.gamma * self.view.dy(self.node.name), frame["z"][self.view.row]
        letters = {
            "g": float(g[place]), "mean(g)": float(np.mean(g)), "z": float(z[place]),
            "mean(g·z)": float(np.mean(g * z)), "σ": self.kept("σ", place),
        }  # fmt: skip
        formula = Formula("(‹g› - ‹mean(g)› - ‹z›·‹mean(g·z)›)/‹σ›")
        return [self.carried_back(k, place, formula, letters)]


@dataclass(frozen=True)
class StandardizeFormula(LayerFormula):
    """By the statistics of the training data, which never move."""

    def value(self, place: Place) -> list[Step]:
        letters = {"x": self.x(place), "mean": self._of_data("mean", place)}
        formula = Formula("(‹x› - ‹mean›)/‹std›")
        return [self.valued(place, "Standardize", formula, letters | self._spread(place))]

    def gradient(self, k: int, place: Place) -> list[Step]:
        letters = {"∂L/∂y": self.dy(place)} | self._spread(place)
        return [self.carried_back(k, place, Formula("‹∂L/∂y›/‹std›"), letters)]

    def _spread(self, place: Place) -> dict[str, float]:
        return {"std": self._of_data("std", place)}

    def _of_data(self, name: str, place: Place) -> float:
        return float(getattr(cast(Standardize, self.node.layer), name)[place])
