"""The stories of activations: a bend forward, its slope backward; and Softmax."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassnet.inspect.explain.formula import Formula
from glassnet.inspect.explain.step import Place, Step
from glassnet.inspect.explain.stories.base import Story
from glassnet.nn.frame import Frame
from glassnet.nn.layer import Layer
from glassnet.nn.layers import ELU, GELU, Identity, LeakyReLU, ReLU, Sigmoid, SiLU, Softplus, Tanh
from glassnet.types import Array


@dataclass(frozen=True)
class Bend:
    """An activation's formulas, in z, a = f(z), its settings, and what its forward keeps."""

    value: str
    slope: str
    settings: Callable[[Any], dict[str, float]] = lambda _: {}
    kept: tuple[str, ...] = ()


BENDS: dict[type[Layer], Bend] = {
    Identity: Bend("‹z›", "1"),
    Sigmoid: Bend("1 / (1 + exp(-‹z›))", "‹a›·(1 - ‹a›)"),
    Tanh: Bend("tanh(‹z›)", "1 - ‹a›²"),
    ReLU: Bend("max(‹z›, 0)", "1 if ‹z› > 0 else 0"),
    LeakyReLU: Bend(
        "‹z› if ‹z› > 0 else ‹slope›·‹z›", "1 if ‹z› > 0 else ‹slope›", lambda f: {"slope": f.slope}
    ),
    ELU: Bend(
        "‹z› if ‹z› > 0 else ‹α›·(exp(‹z›) - 1)",
        "1 if ‹z› > 0 else ‹a› + ‹α›",
        lambda f: {"α": f.alpha},
    ),
    GELU: Bend("‹z›·‹Φ›", "‹Φ› + ‹z›·exp(-‹z›²/2) / √(2·π)", kept=("Φ",)),
    SiLU: Bend("‹z›·‹s›", "‹s› + ‹z›·‹s›·(1 - ‹s›)", kept=("s",)),
    Softplus: Bend("ln(1 + exp(‹z›))", "1 / (1 + exp(-‹z›))"),
}
"""What Φ and s stand for is in the docstrings of GELU and SiLU."""


@dataclass(frozen=True)
class ActivationStory(Story):
    """a = f(z) forward; the slope f'(z), and δ = ∂L/∂a · f'(z), backward."""

    def value(self, place: Place) -> list[Step]:
        formula = Formula(self._bend.value)
        return [self.valued(place, str(self.node.layer), formula, self._letters(place))]

    def gradient(self, k: int, place: Place) -> list[Step]:
        slope = self._slope(place)
        letter = self.scene.gradient_letter(self.node.name)
        product = Formula(f"‹{letter}›·‹a'(z)›")
        letters = {letter: self.dy(place), "a'(z)": slope}
        equation = "BP2" if self.node.name in self.scene.before_weights else "BP1"
        return [
            Step(
                stage="backward",
                node=self.node.inputs[k],
                unit=place,
                symbol="a'(z)",
                title=f"the slope of {self.node.layer}",
                formula=Formula(self._bend.slope),
                letters=self._letters(place),
                result=slope,
            ),
            self.carried_back(k, place, product, letters, equation=equation),
        ]

    @property
    def _bend(self) -> Bend:
        own = Bend(f"{self.node.layer}(‹z›)", f"{self.node.layer}'(‹z›)")
        return BENDS.get(type(self.node.layer), own)

    def _letters(self, place: Place) -> dict[str, float]:
        kept = {name: self.kept(name, place) for name in self._bend.kept}
        settings = self._bend.settings(self.node.layer)
        return {"z": self.x(place), "a": self.y(place), **settings, **kept}

    def _slope(self, place: Place) -> float:
        """Ask the layer's own backward for the slope: it is dx where dy is 1."""
        frame = self.scene.p[self.node.name]
        aside = Frame(frame.training, frame.source, frame.xp)
        aside.kept = frame.kept
        slopes: Array = self.node.layer.backward(np.ones_like(frame.y), aside)
        return float(slopes[(self.scene.row, *place)])


@dataclass(frozen=True)
class SoftmaxStory(Story):
    """Shares of the whole: each output depends on every input of its row."""

    def value(self, place: Place) -> list[Step]:
        formula, letters = share(self.scene.y(self.node.inputs[0]), place)
        return [self.valued(place, str(self.node.layer), formula, letters)]

    def gradient(self, k: int, place: Place) -> list[Step]:
        y, dy = self.scene.y(self.node.name), self.scene.dy(self.node.name)
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
