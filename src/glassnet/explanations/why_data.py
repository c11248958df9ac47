"""WhyData: what made a network give its answer to one row, as data and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from glassnet.data.meaning import Inputs, Outputs
from glassnet.explanations.contributions import Contributions
from glassnet.explanations.explanation_data import finite
from glassnet.types import Array

FORMAT, VERSION = "glassnet-why", 1


@dataclass(frozen=True)
class NamedContributions:
    """The contributions of one layer, in words: what they are of, and the name of each."""

    of: Contributions
    what: str
    names: Sequence[str]


@dataclass(frozen=True)
class Question:
    """Why one answer: a score, and what it is made of.

    answer      a class, or the name of a quantity
    against     the class that it is compared with: the truth, or else the runner-up; "" without
    formula     the score: "z[3] - z[8]"
    score       what it comes to
    views       what the layers before add, the nearest first and the inputs last
    """

    answer: str
    against: str
    formula: str
    score: float
    views: Sequence[NamedContributions]

    def __str__(self) -> str:
        if self.against:
            return f"Why {self.answer} rather than {self.against}?"
        return f"What makes up {self.answer}?"


@dataclass(frozen=True)
class WhyData:
    """What made a network give its answer to one row.

    inputs, outputs     what the network's numbers mean
    x                   (D,) the row; images as floats 0..1
    said                the answers in words: "3, with 62.1 %"
    truth               in words, where it is known
    probabilities       of each class; empty for values
    questions           one, or one for each quantity
    most                how many contributions are written out
    """

    inputs: Inputs
    outputs: Outputs
    x: Array
    said: str
    truth: str
    probabilities: dict[str, float]
    questions: Sequence[Question]
    most: int = 10

    def to_json(self) -> dict[str, Any]:
        """Give all of it as JSON: docs/explain.md says what each field holds."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "answer": self.said,
            "truth": self.truth or None,
            "probabilities": {name: finite(p) for name, p in self.probabilities.items()},
            "questions": [
                {
                    "answer": question.answer,
                    "against": question.against or None,
                    "formula": question.formula,
                    "score": finite(question.score),
                    "views": [_view(view) for view in question.views],
                }
                for question in self.questions
            ],
        }


def _view(view: NamedContributions) -> dict[str, Any]:
    seen = view.of
    return {
        "node": seen.node,
        "exact": seen.exact,
        "from_mean": seen.from_mean,
        "names": list(view.names),
        "values": _finite(seen.values),
        "slopes": _finite(seen.slopes),
        "parts": _finite(seen.parts),
        "rest": finite(seen.rest),
    }


def _finite(values: Array) -> list[float | None]:
    return [finite(float(value)) for value in values.ravel()]
