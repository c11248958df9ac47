"""The formulas of losses: how wrong the row is, and δ at the output."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from glassnet.explanations.formula import Formula
from glassnet.explanations.formulas.activations import ACTIVATION_FORMULAS, share
from glassnet.explanations.row_view import RowView
from glassnet.explanations.step import Place, Step, Term, largest, rest_of
from glassnet.nn.frame import ForgetfulFrame
from glassnet.nn.layers import Sigmoid, Softmax
from glassnet.nn.losses import (
    HalfSquaredError,
    Huber,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
)
from glassnet.types import Array

HUBER = "‹min(|e|, Δ)›·(2·|‹y› - ‹t›| - ‹min(|e|, Δ)›)/(2·‹M›)"
"""Half the square up to Δ, a straight line from there on, with e = y - t: as Huber writes it."""


def _alone(loss: Loss, y: Array, t: Array, m: int) -> float:
    """What output m adds: the loss of that output alone."""
    return float(loss.forward(y[:, m : m + 1], t[:, m : m + 1], ForgetfulFrame())[0])


def _shared(loss: Loss, y: Array, t: Array, m: int) -> float:
    """What output m adds to a mean over the outputs."""
    return _alone(loss, y, t, m) / len(y[0])


def _of_class(loss: Loss, y: Array, t: Array, m: int) -> float:
    """What class m adds: the loss where only that class has a target."""
    return float(loss.forward(y, np.where(np.arange(y.shape[1]) == m, t, 0), ForgetfulFrame())[0])


@dataclass(frozen=True)
class Cost:
    """A loss's formulas, in the output y, its target t, its p, and the number M of outputs.

    summand     what one output adds to l
    part        asks the loss how much that is, for a row y, t: (1, M)
    slope       ∂l/∂y
    own         the loss's own letters, from the loss and e = y - t
    p           makes p from the outputs, where the formulas have one; `p_of` explains it
    """

    summand: str
    part: Callable[[Loss, Array, Array, int], float]
    slope: str
    own: Callable[[Any, float], dict[str, float]] = lambda _, __: {}
    p: Callable[[Array], Array] | None = None
    p_of: Callable[[Array, Place], tuple[Formula, dict[str, float]]] | None = None


def _bounded(loss: Huber, e: float) -> dict[str, float]:
    return {"Δ": loss.delta, "min(|e|, Δ)": min(abs(e), loss.delta)}


def _sigmoid_of(y: Array, place: Place) -> tuple[Formula, dict[str, float]]:
    return Formula(ACTIVATION_FORMULAS[Sigmoid].value), {"z": float(y[place])}


COSTS: dict[type[Loss], Cost] = {
    MeanSquaredError: Cost("(‹y› - ‹t›)²/‹M›", _shared, "2/‹M›·(‹y› - ‹t›)"),
    HalfSquaredError: Cost("½·(‹y› - ‹t›)²", _alone, "(‹y› - ‹t›)"),
    MeanAbsoluteError: Cost("|‹y› - ‹t›|/‹M›", _shared, "sign(‹y› - ‹t›)/‹M›"),
    Huber: Cost(HUBER, _shared, "clip(‹y› - ‹t›, -‹Δ›, ‹Δ›)/‹M›", _bounded),
    SigmoidCrossEntropy: Cost(
        "-‹t›·ln(‹p›) - (1 - ‹t›)·ln(1 - ‹p›)",
        _alone,
        "(‹p› - ‹t›)",
        p=lambda y: Sigmoid().forward(y, ForgetfulFrame()),
        p_of=_sigmoid_of,
    ),
    SoftmaxCrossEntropy: Cost(
        "-‹t›·ln(‹p›)",
        _of_class,
        "(‹p›·‹Σt› - ‹t›)",
        p=lambda y: Softmax().forward(y, ForgetfulFrame()),
        p_of=share,
    ),
}


@dataclass(frozen=True)
class LossFormula:
    """One output and its loss. A loss of people's own has no formula: its numbers stand alone."""

    view: RowView
    output: str
    loss: Loss

    def value(self) -> Step:
        """Explain l, how wrong the row is by this output."""
        cost, (y, t) = COSTS.get(type(self.loss)), self._batch()
        l = float(self.loss.forward(y, t, ForgetfulFrame(xp=self.view.p.xp))[0])  # noqa: E741
        step = Step(
            stage="loss",
            node=self.output,
            unit=(),
            symbol="l",
            title=type(self.loss).__name__,
            formula=Formula(f"{type(self.loss).__name__}({self.letter}, t)"),
            result=l,
        )
        if cost is None:
            return step
        terms = [term for m in range(y.shape[1]) if (term := self._term(cost, m)).value]
        shown = tuple(
            terms[i] for i in largest(np.array([term.value for term in terms]), self.view.most)
        )
        rest = rest_of(l, shown, len(terms) - len(shown))
        return replace(step, formula=self._formula(f"Σ_m {cost.summand}"), terms=shown, rest=rest)

    def gradient(self, place: Place) -> list[Step]:
        """Explain BP1, the gradient of one output, as far as it comes from this loss."""
        cost, symbol = COSTS.get(type(self.loss)), self.view.gradient_letter(self.output)
        result, title = float(self.view.of_loss(self.output)[place]), type(self.loss).__name__
        if cost is None:
            formula = Formula(f"‹∂L/∂l›·∂l/∂{self.letter}")
            letters = {"∂L/∂l": self.view.dl}
            return [self._step(place, symbol, f"from {title}", formula, letters, result, "BP1")]
        letters = self._letters(cost, place)
        formula = self._formula(f"‹∂L/∂l›·{cost.slope}")
        step = self._step(place, symbol, f"from {title}", formula, letters, result, "BP1")
        if cost.p_of is None:
            return [step]
        of_p = cost.p_of(self.view.y(self.output), place)
        return [self._step(place, "p", f"inside {title}", *of_p, letters["p"]), step]

    @property
    def letter(self) -> str:
        """The letter of the outputs."""
        return self.view.letter(self.output)

    def _step(
        self,
        place: Place,
        symbol: str,
        title: str,
        formula: Formula,
        letters: Mapping[str, float],
        result: float,
        equation: str | None = None,
    ) -> Step:
        return Step(
            "backward", self.output, place, symbol, title, formula, result, letters,
            equation=equation,
        )  # fmt: skip

    def _term(self, cost: Cost, m: int) -> Term:
        """Write out what one output adds to l."""
        y, _ = self._batch()
        value = cost.part(self.loss, y, self._targets()[None], m)
        label, formula = self.view.label(self.output, (m,)), self._formula(cost.summand)
        return Term(label, formula, self._letters(cost, (m,)), value)

    def _formula(self, text: str) -> Formula:
        """Call the output by its letter; leave out the sum of the targets where it is 1."""
        if self._targets().sum() == 1:
            text = text.replace("·‹Σt›", "")
        return Formula(text.replace("‹y›", f"‹{self.letter}›"))

    def _letters(self, cost: Cost, place: Place) -> dict[str, float]:
        y, t = self.view.y(self.output), self._targets()
        letters = {
            self.letter: float(y[place]), "t": float(t[place]), "M": float(len(y)),
            "Σt": float(t.sum()), "∂L/∂l": self.view.dl,
        }  # fmt: skip
        letters |= cost.own(self.loss, letters[self.letter] - letters["t"])
        return letters | ({"p": float(cost.p(y[None])[0][place])} if cost.p else {})

    def _batch(self) -> tuple[Array, Array]:
        """The row as a batch of one: outputs and targets as the loss takes them."""
        row = slice(self.view.row, self.view.row + 1)
        return self.view.p[self.output].y[row], self.view.targets[self.output][row]

    def _targets(self) -> Array:
        """The row's targets, one for each output: a class index becomes 0 … 1 … 0."""
        y, t = self._batch()
        whole: Array = t[0] if t.ndim > 1 else (np.arange(y.shape[1]) == t).astype(y.dtype)
        return whole
