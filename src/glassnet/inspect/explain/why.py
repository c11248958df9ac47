"""why(): what made a network give its answer to one row, in the words of its inputs and outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.data.meaning import Classes, Images, Inputs, Outputs, Values
from glassnet.inspect.explain.contributions import Contributions, contributions
from glassnet.inspect.explain.explanation import finite
from glassnet.nn.network import Network
from glassnet.types import Array

if TYPE_CHECKING:
    from glassnet.inspect.plots.picture import Picture

FORMAT, VERSION = "glassnet-why", 1


@dataclass(frozen=True)
class View:
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
    views: Sequence[View]

    def __str__(self) -> str:
        if self.against:
            return f"Why {self.answer} rather than {self.against}?"
        return f"What makes up {self.answer}?"


@dataclass(frozen=True)
class Why:
    """What made a network give its answer to one row; `print` it.

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

    def __str__(self) -> str:
        from glassnet.inspect.explain.why_text import text_of

        return text_of(self)

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        from glassnet.inspect.explain.why_text import markdown_of

        return markdown_of(self)

    def picture(self) -> Picture:
        """Draw what the inputs add: an image with its pixels' parts, or the features as bars."""
        from glassnet.inspect.explain.why_picture import picture_of

        return picture_of(self)

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


def why(
    net: Network,
    inputs: Inputs,
    outputs: Outputs,
    x: Array,
    answer: Array,
    truth: Array | None = None,
    most: int = 10,
    *,
    chosen: int | None = None,
) -> Why:
    """Explain the answer to one row.

    x       (1, D) the row as the network takes it; images as floats 0..1
    answer  (classes,) their probabilities, or (M,) the values in their units
    truth   the class index, or (M,) the values
    chosen  the class that is the answer, where several are as probable; else the first of them

    A class is compared with the true class where the answer is wrong, else with the runner-up.
    """
    win = int(answer.argmax()) if chosen is None else chosen
    said, told = _told(outputs, answer, truth, win)
    if isinstance(outputs, Classes):
        questions = [_of_classes(net, inputs, outputs, x, answer, truth, win)]
        named = zip(outputs.labels, answer, strict=True)
        probabilities = {label: float(p) for label, p in named}
    else:
        questions = [_of_value(net, inputs, outputs, x, m) for m in range(outputs.size)]
        probabilities = {}
    return Why(inputs, outputs, x[0], said, told, probabilities, questions, most)


def _told(outputs: Outputs, answer: Array, truth: Array | None, win: int) -> tuple[str, str]:
    """Say the answer and the truth in words."""
    if isinstance(outputs, Classes):
        known = "" if truth is None else outputs.labels[int(truth)]
        return f"{outputs.labels[win]}, with {100 * answer[win]:.1f} %", known
    return _values(outputs, answer), "" if truth is None else _values(outputs, truth)


def _values(outputs: Values, values: Array) -> str:
    units = outputs.units or ("",) * outputs.size
    names = [f"{name} " for name in outputs.names] if outputs.size > 1 else [""]
    named = zip(names, np.atleast_1d(values), units, strict=True)
    return ", ".join(f"{name}{value:.4g} {unit}".rstrip() for name, value, unit in named)


def _of_classes(
    net: Network,
    inputs: Inputs,
    outputs: Classes,
    x: Array,
    p: Array,
    truth: Array | None,
    win: int,
) -> Question:
    """Compare the outputs of two classes; under one logit the second class is z, the first -z."""
    runner_up = next(int(k) for k in np.argsort(-p, kind="stable") if k != win)
    other = runner_up if truth is None or int(truth) == win else int(truth)
    if outputs.size == 1:
        formula, c = ("z[0]", [1.0]) if win else ("-z[0]", [-1.0])
    else:
        formula, c = f"z[{win}] - z[{other}]", [0.0] * outputs.size
        c[win], c[other] = 1.0, -1.0
    score, parts = contributions(net, x, c)
    views = _views(net, inputs, x[0], parts)
    return Question(outputs.labels[win], outputs.labels[other], formula, score, views)


def _of_value(net: Network, inputs: Inputs, outputs: Values, x: Array, m: int) -> Question:
    """Take one quantity, in its unit."""
    mean, std = (outputs.mean[m], outputs.std[m]) if outputs.std else (0.0, 1.0)
    c = [0.0] * outputs.size
    c[m] = std
    score, parts = contributions(net, x, c, mean)
    formula = f"{std:.4g}·z[{m}] + {mean:.4g}" if outputs.std else f"z[{m}]"
    return Question(outputs.names[m], "", formula, score, _views(net, inputs, x[0], parts))


def _views(net: Network, inputs: Inputs, x: Array, parts: list[Contributions]) -> list[View]:
    """Name the numbers of each layer: the last are the inputs, the others units of the network."""
    *hidden, first = parts
    views = [
        View(one, f"units of {one.node}", [f"{one.node}:{i}" for i in range(one.values.size)])
        for one in hidden
    ]
    if isinstance(inputs, Images):
        places = [f"pixel {i // inputs.width},{i % inputs.width}" for i in range(inputs.size)]
        return [*views, View(first, "pixels", places)]
    what = "features" if first.node in net.inputs else "features, against their means,"
    units = inputs.units or ("",) * inputs.size
    named = zip(inputs.names, x, units, strict=True)
    return [*views, View(first, what, [f"{n} {v:.4g} {unit}".rstrip() for n, v, unit in named])]


def _view(view: View) -> dict[str, Any]:
    seen = view.of
    return {
        "node": seen.node,
        "exact": seen.exact,
        "names": list(view.names),
        "values": _finite(seen.values),
        "slopes": _finite(seen.slopes),
        "parts": _finite(seen.parts),
        "rest": finite(seen.rest),
    }


def _finite(values: Array) -> list[float | None]:
    return [finite(float(value)) for value in values.ravel()]
