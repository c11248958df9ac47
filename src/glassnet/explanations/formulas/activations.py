"""The formulas of activations: the function forward, its slope backward; and Softmax."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassnet.explanations.formula import Formula
from glassnet.explanations.formulas.base import LayerFormula
from glassnet.explanations.step import Place, Step
from glassnet.nn.layer import Layer
from glassnet.nn.layers import ELU, GELU, Identity, LeakyReLU, ReLU, Sigmoid, SiLU, Softplus, Tanh
from glassnet.types import Array


@dataclass(frozen=True)
class ActivationFormula:
    """An activation's formulas, in z, a = f(z), its settings, and what its forward keeps."""

    value: str
    slope: str
    settings: Callable[[Any], dict[str, float]] = lambda _: {}
    kept: tuple[str, ...] = ()


ACTIVATION_FORMULAS: dict[type[Layer], ActivationFormula] = {
    Identity: ActivationFormula("‹z›", "1"),
    Sigmoid: ActivationFormula("1 / (1 + exp(-‹z›))", "‹a›·(1 - ‹a›)"),
    Tanh: ActivationFormula("tanh(‹z›)", "1 - ‹a›²"),
    ReLU: ActivationFormula("max(‹z›, 0)", "1 if ‹z› > 0 else 0"),
    LeakyReLU: ActivationFormula(
        "‹z› if ‹z› > 0 else ‹slope›·‹z›", "1 if ‹z› > 0 else ‹slope›", lambda f: {"slope": f.slope}
    ),
    ELU: ActivationFormula(
        "‹z› if ‹z› > 0 else ‹α›·(exp(‹z›) - 1)",
        "1 if ‹z› > 0 else ‹a› + ‹α›",
        lambda f: {"α": f.alpha},
    ),
    GELU: ActivationFormula("‹z›·‹Φ›", "‹Φ› + ‹z›·exp(-‹z›²/2) / √(2·π)", kept=("Φ",)),
    SiLU: ActivationFormula("‹z›·‹s›", "‹s› + ‹z›·‹s›·(1 - ‹s›)", kept=("s",)),
    Softplus: ActivationFormula("ln(1 + exp(‹z›))", "1 / (1 + exp(-‹z›))"),
}
"""What Φ and s stand for is in the docstrings of GELU and SiLU."""


@dataclass(frozen=True)
class ElementwiseFormula(LayerFormula):
    """a = f(z) forward; the slope f'(z), and δ = ∂L/∂a · f'(z), backward."""

    def value(self, place: Place) -> list[Step]:
        formula, (title, _) = Formula(self.formulas.value), self.titles(place)
        return [self.valued(place, title, formula, self._letters(place))]

    def gradient(self, k: int, place: Place) -> list[Step]:
        slope, (_, title) = self.slope(place), self.titles(place)
        letter = self.view.gradient_letter(self.node.name)
        product = Formula(f"‹{letter}›·‹a'(z)›")
        letters = {letter: self.dy(place), "a'(z)": slope}
        equation = "BP2" if self.node.name in self.view.before_weights else "BP1"
        return [
            Step(
                stage="backward",
                node=self.node.inputs[k],
                unit=place,
                symbol="a'(z)",
                title=title,
                formula=Formula(self.formulas.slope),
                letters=self._letters(place),
                result=slope,
            ),
            self.carried_back(k, place, product, letters, equation=equation),
        ]

    @property
    def formulas(self) -> ActivationFormula:
        """Those of the layer's class."""
        return ACTIVATION_FORMULAS[type(self.node.layer)]

    def titles(self, place: Place) -> tuple[str, str]:
        """What value and slope are, in words."""
        at_kink = self.x(place) in self.node.layer.kinks()
        side = ", which has none here: one side's is taken" if at_kink else ""
        return str(self.node.layer), f"the slope of {self.node.layer}{side}"

    def _letters(self, place: Place) -> dict[str, float]:
        kept = {name: self.kept(name, place) for name in self.formulas.kept}
        settings = self.formulas.settings(self.node.layer)
        return {"z": self.x(place), "a": self.y(place), **settings, **kept}

    def slope(self, place: Place) -> float:
        """The slope that the layer's backward takes."""
        slopes = self.node.layer.slopes(self.view.p[self.node.name])
        return float(slopes[(self.view.row, *place)])


@dataclass(frozen=True)
class SoftmaxFormula(LayerFormula):
    """Shares of the whole: each output depends on every input of its row."""

    def value(self, place: Place) -> list[Step]:
        formula, letters = share(self.view.y(self.node.inputs[0]), place)
        return [self.valued(place, str(self.node.layer), formula, letters)]

    def gradient(self, k: int, place: Place) -> list[Step]:
        y, dy = self.view.y(self.node.name), self.view.dy(self.node.name)
        mean = float(np.sum(dy * y, axis=-1)[place[:-1]])
        formula = Formula("‹y›·(‹∂L/∂y› - ‹Σ_j ∂L/∂y[j]·y[j]›)")
        letters = {
            "y": self.y(place), "∂L/∂y": self.dy(place), "Σ_j ∂L/∂y[j]·y[j]": mean,
        }  # fmt: skip
        return [self.carried_back(k, place, formula, letters)]


def share(x: Array, place: Place) -> tuple[Formula, dict[str, float]]:
    """Explain one share of a softmax along the last axis of x: its formula and its letters.

    The largest is subtracted first, as softmax does: nothing overflows, and the share is the same.
    """
    row = x[place[:-1]].astype(np.float64)
    m = float(row.max())
    total = "Σ_j exp(z[j] - max z)"
    letters = {"z": float(row[place[-1]]), "max z": m, total: float(np.exp(row - m).sum())}
    return Formula(f"exp(‹z› - ‹max z›) / ‹{total}›"), letters
