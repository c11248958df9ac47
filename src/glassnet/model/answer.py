"""Answer: what a model says to one row, in words, and whether it can be sure of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.data.meaning import Images, Inputs
from glassnet.data.pixels import Pixels
from glassnet.model.experience import Experience
from glassnet.types import Array

if TYPE_CHECKING:
    from glassnet.explanations import Why

UNLIKE, IMPROBABLE, OUTSIDE = "unlike-training", "not-probable", "outside-range"

MOST_OUTSIDE = 10
"""So many features of a row are named at most for being outside their range."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A reason not to be sure.

    code        "unlike-training", "not-probable" or "outside-range"
    message     in words
    input       the feature that is outside its range; "" for the other codes
    """

    code: str
    message: str
    input: str = ""

    def to_json(self) -> dict[str, str]:
        """Give the fields, without an input where there is none."""
        named = {"input": self.input} if self.input else {}
        return {"code": self.code, **named, "message": self.message}


@dataclass(slots=True)
class Answer:
    """What a model says to one row.

    label           the class; "" for values
    probabilities   of each class, by label; empty for values
    values          by name, in their units; empty for classes
    units           by name
    sure            whether nothing speaks against it; None where the model cannot tell, because it
                    has no Experience
    unsure_because  what speaks against it; empty where sure is True or None
    explanation     what made the network say so, where that was asked for
    """

    label: str = ""
    probabilities: Mapping[str, float] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    sure: bool | None = None
    unsure_because: Sequence[Doubt] = ()
    explanation: Why | None = None

    @property
    def probability(self) -> float | None:
        """That of the class; None for values."""
        return self.probabilities.get(self.label)

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON: docs/model.md says what each field holds."""
        document: dict[str, Any]
        if self.probabilities:
            document = {
                "class": self.label,
                "probability": self.probabilities[self.label],
                "probabilities": self.probabilities,
            }
        else:
            document = {
                "values": {
                    name: {"value": value, "unit": self.units[name]}
                    for name, value in self.values.items()
                }
            }
        document["sure"] = self.sure
        document["unsure_because"] = [doubt.to_json() for doubt in self.unsure_because]
        if self.explanation is not None:
            document["explanation"] = self.explanation.to_json()
        return document


def doubts(
    experience: Experience, inputs: Inputs, x: Array | Pixels, probabilities: Sequence[float]
) -> list[tuple[Doubt, ...]]:
    """Say of each row why its answer is not to be relied on: one tuple a row, empty where it is.

    x               (N, D) the rows in their units, images as Pixels or floats 0..1
    probabilities   (N,) of the answers; empty for values
    """
    most, least = experience.most_unlike, experience.least_probability
    scores: list[float] = experience.unlikeness(x).tolist()
    outside: Mapping[int, list[Doubt]] = {}
    if not isinstance(inputs, Images):
        outside = _outside(experience, inputs.names, np.asarray(x))
    found = []
    for n, score in enumerate(scores):
        because = []
        if score > most:
            because.append(_unlike(isinstance(inputs, Images), score, most))
        if probabilities and probabilities[n] < least:
            because.append(_improbable(probabilities[n], least))
        if n in outside:
            because += outside[n]
        found.append(tuple(because))
    return found


def _unlike(image: bool, score: float, most: float) -> Doubt:
    what = "the image is" if image else "the values, taken together, are"
    return Doubt(
        UNLIKE,
        f"{what} unlike what the network learnt from (unlikeness {score:.3g}, "
        f"the limit is {most:.3g})",
    )


def _improbable(probability: float, least: float) -> Doubt:
    return Doubt(
        IMPROBABLE,
        f"the likeliest class has only {100 * probability:.1f} % "
        f"(the limit is {100 * least:.1f} %)",
    )


def _outside(experience: Experience, names: Sequence[str], x: Array) -> dict[int, list[Doubt]]:
    """Name the features that are outside their range, by row."""
    beyond = experience.outside(x)
    if not beyond.any():
        return {}
    found: dict[int, list[Doubt]] = {}
    for n, d in np.argwhere(beyond).tolist():
        of_row = found.setdefault(n, [])
        if len(of_row) < MOST_OUTSIDE:
            low, high = experience.low[d], experience.high[d]
            message = (
                f"{names[d]} {x[n, d]:.12g} is outside {low:.12g}..{high:.12g}, "
                "which is what the network learnt from"
            )
            of_row.append(Doubt(OUTSIDE, message, names[d]))
    return found
