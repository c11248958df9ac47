"""ExplanationData: every step of one row through a network and back, as data and as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from glassnet.explanations.formula import as_latex
from glassnet.explanations.step import EQUATIONS, Place, Stage, Step, Term

FORMAT, VERSION = "glassnet-explanation", 1


@dataclass(frozen=True)
class Omitted:
    """What is not shown: how many units of a node, or weights of a unit, and how small they are.

    largest     the largest of them by size: |y · ∂L/∂y| of units, |∂L/∂w| of weights
    """

    stage: Stage
    node: str
    unit: Place
    what: str
    count: int
    largest: float


@dataclass(frozen=True)
class ExplanationData:
    """Every step of one row through a network and back.

    row, rows   which row, of how many in the batch
    unit        what was asked for: "dense_1:2", "dense_1", or None for the whole network
    training    whether dropout dropped and batch statistics were used
    step        the count of updates made before
    loss        L, over the batch
    losses      each output's loss
    optimizer   the optimiser, and from where it goes on; empty without one
    layers      each node's layer, as one would type it
    steps       in order: forward, loss, backward, gradient, update
    omitted     what is not shown
    """

    row: int
    rows: int
    unit: str | None
    training: bool
    step: int
    loss: float
    losses: Mapping[str, str]
    optimizer: str
    layers: Mapping[str, str]
    steps: tuple[Step, ...]
    omitted: tuple[Omitted, ...]

    def to_json(self) -> dict[str, Any]:
        """Give all of it as JSON: docs/explain.md says what each field holds."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "row": self.row,
            "rows": self.rows,
            "unit": self.unit,
            "training": self.training,
            "step": self.step,
            "loss": finite(self.loss),
            "losses": dict(self.losses),
            "optimizer": self.optimizer or None,
            "layers": dict(self.layers),
            "equations": EQUATIONS,
            "steps": [_step(step) for step in self.steps],
            "omitted": [
                {
                    "stage": omitted.stage,
                    "node": omitted.node,
                    "unit": list(omitted.unit),
                    "what": omitted.what,
                    "count": omitted.count,
                    "largest": finite(omitted.largest),
                }
                for omitted in self.omitted
            ],
        }


def finite(value: float) -> float | None:
    """Make a number fit for JSON, which has no NaN and no infinity: they become null."""
    return value if math.isfinite(value) else None


def _step(step: Step) -> dict[str, Any]:
    rest = step.rest
    return {
        "stage": step.stage,
        "node": step.node,
        "unit": list(step.unit),
        "parameter": step.parameter or None,
        "symbol": step.symbol,
        "title": step.title,
        "equation": step.equation,
        "formula": str(step.formula),
        "latex": as_latex(f"{step.symbol} = {step.formula}"),
        "numbers": step.numbers,
        "letters": _letters(step.letters),
        "terms": [_term(term) for term in step.terms],
        "rest": rest and {"count": rest.count, "label": rest.label, "value": finite(rest.value)},
        "result": finite(step.result),
    }


def _term(term: Term) -> dict[str, Any]:
    return {
        "label": term.label,
        "formula": str(term.formula),
        "numbers": term.formula.filled(term.letters),
        "letters": _letters(term.letters),
        "value": finite(term.value),
    }


def _letters(letters: Mapping[str, float]) -> dict[str, float | None]:
    return {letter: finite(value) for letter, value in letters.items()}
