"""why(): what made a network give its answer to one row, in the words of its inputs and outputs."""

from __future__ import annotations

import numpy as np

from glassnet.data.meaning import Classes, Images, Inputs, Outputs, Values
from glassnet.explanations.contributions import Contributions, contributions
from glassnet.explanations.why_data import NamedContributions, Question, WhyData
from glassnet.explanations.why_picture import picture_of
from glassnet.explanations.why_text import markdown_of, text_of
from glassnet.nn.network import Network
from glassnet.plots.picture import Picture
from glassnet.types import Array


class Why(WhyData):
    """What made a network give its answer to one row; `print` it, or leave it to a notebook.

    `WhyData` says what each field holds.
    """

    def __str__(self) -> str:
        return text_of(self)

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        return markdown_of(self)

    def picture(self) -> Picture:
        """Draw what the inputs add: an image with its pixels' parts, or the features as bars."""
        return picture_of(self)


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
    said, truth_text = _said(outputs, answer, truth, win)
    if isinstance(outputs, Classes):
        questions = [_of_classes(net, inputs, outputs, x, answer, truth, win)]
        named = zip(outputs.labels, answer, strict=True)
        probabilities = {label: float(p) for label, p in named}
    else:
        questions = [_of_value(net, inputs, outputs, x, m) for m in range(outputs.size)]
        probabilities = {}
    return Why(inputs, outputs, x[0], said, truth_text, probabilities, questions, most)


def _said(outputs: Outputs, answer: Array, truth: Array | None, win: int) -> tuple[str, str]:
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
    views = _views(inputs, x[0], parts)
    return Question(outputs.labels[win], outputs.labels[other], formula, score, views)


def _of_value(net: Network, inputs: Inputs, outputs: Values, x: Array, m: int) -> Question:
    """Take one quantity, in its unit."""
    mean, std = (outputs.mean[m], outputs.std[m]) if outputs.std else (0.0, 1.0)
    c = [0.0] * outputs.size
    c[m] = std
    score, parts = contributions(net, x, c, mean)
    formula = f"{std:.4g}·z[{m}] + {mean:.4g}" if outputs.std else f"z[{m}]"
    return Question(outputs.names[m], "", formula, score, _views(inputs, x[0], parts))


def _views(inputs: Inputs, x: Array, parts: list[Contributions]) -> list[NamedContributions]:
    """Name the numbers of each layer: the last are the inputs, the others units of the network."""
    *hidden, first = parts
    views = [
        NamedContributions(
            one, f"units of {one.node}", [f"{one.node}:{i}" for i in range(one.values.size)]
        )
        for one in hidden
    ]
    if isinstance(inputs, Images):
        places = [f"pixel {i // inputs.width},{i % inputs.width}" for i in range(inputs.size)]
        return [*views, NamedContributions(first, "pixels", places)]
    what = "features, against their means," if first.from_mean else "features"
    units = inputs.units or ("",) * inputs.size
    named = zip(inputs.names, x, units, strict=True)
    return [
        *views,
        NamedContributions(first, what, [f"{n} {v:.4g} {unit}".rstrip() for n, v, unit in named]),
    ]
