"""BaseModel: what answers rows, is judged by rows, and is kept in a file."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet import engines
from glassnet.data.meaning import Classes, Images, Inputs, Outputs, Values
from glassnet.data.pixels import Pixels
from glassnet.data.rows import Rows, check_classes, in_order, in_precision, numbers
from glassnet.errors import (
    DataError,
    FileError,
    SettingError,
    ShapeError,
    short,
)
from glassnet.files import write_sealed
from glassnet.model.answer import Answer, doubts
from glassnet.model.experience import Experience
from glassnet.model.provenance import fit_for_json
from glassnet.model.task import Task
from glassnet.nn.network import Network
from glassnet.settings import as_people_read, expect_kind
from glassnet.training.history import Figures
from glassnet.training.metrics import confusion_table, metric
from glassnet.types import Array

if TYPE_CHECKING:
    from glassnet.explanations import Why

FORMAT, VERSION = "glassnet-model", 1
ANSWER, NUMBER = 2000, 250
"""Bytes that an answer takes, and each number in it beside its name, about."""

METRICS = {Classes: ("accuracy", "precision", "recall", "f1"), Values: ("mae", "rmse", "r2")}


class BaseModel:
    """The part of a `Model` that answers, and is kept in a file; `Model` says what it holds."""

    def __init__(
        self,
        network: Network,
        inputs: Inputs,
        outputs: Outputs,
        provenance: Mapping[str, Any] | None = None,
        experience: Experience | None = None,
    ) -> None:
        if len(network.inputs) != 1 or len(network.outputs) != 1:
            raise SettingError(
                f"A Model holds a network of one input and one output, got {len(network.inputs)} "
                f"and {len(network.outputs)}."
            )
        if not isinstance(inputs, Inputs) or not isinstance(outputs, Outputs):
            raise SettingError(
                "A Model expects inputs as gn.Features or gn.Images and outputs as gn.Classes or "
                f"gn.Values, got {short(inputs)} and {short(outputs)}."
            )
        if isinstance(outputs, Classes) and len(outputs.labels) == 1:
            raise SettingError(f"A Model tells two classes or more apart, got {short(outputs)}.")
        (into,) = network.inputs.values()
        (out,) = network.output_shapes.values()
        for side, shape, meaning in (("input", into, inputs), ("output", out, outputs)):
            if shape != (meaning.size,):
                raise ShapeError(
                    f"The network's {side} has shape {shape} a row, but {short(meaning)} asks for "
                    f"({meaning.size},)."
                )
        self.network = network
        self.inputs = inputs
        self.outputs = outputs
        self.provenance = fit_for_json({} if provenance is None else provenance)
        self.experience = experience
        self.digest = ""
        self._predictor: engines.Predictor | None = None

    @property
    def experience(self) -> Experience | None:
        """What the rows were like that it learnt from. Raises ShapeError for that of others."""
        return self._experience

    @experience.setter
    def experience(self, experience: Experience | None) -> None:
        if experience is not None:
            expect_kind("A Model's experience", experience, Experience, "gn.Experience.of(...)")
            if experience.size != self.inputs.size:
                raise ShapeError(
                    f"The experience is of rows of {experience.size} numbers, but the network "
                    f"takes {self.inputs.size}."
                )
        self._experience = experience

    @property
    def task(self) -> Task:
        """What the network was taught, as far as the provenance says: by which loss and rule."""
        return Task.told_by(self.provenance, self.outputs)

    # -- answers -----------------------------------------------------------------------------

    def predict(self, rows: Any) -> Array:
        """Return the answers: class indices (N,), or values (N, M) in their units."""
        y = self._outputs(rows)
        return chosen_classes(y) if isinstance(self.outputs, Classes) else in_units(y, self.outputs)

    def predict_proba(self, rows: Any) -> Array:
        """Return the probability of each class: (N, classes).

        Raises SettingError for a model that answers with values.
        """
        if not isinstance(self.outputs, Classes):
            raise SettingError(
                f"This model answers with values, {self.outputs.names}: use predict."
            )
        return probabilities(self._outputs(rows).astype(np.float64), self.outputs)

    def answers(self, rows: Any, explain: bool = False) -> list[Answer]:
        """Return the answers in words, each with whether it can be relied on: one a row.

        explain     with what made the network say so, as `glassnet explain` shows it

        The network is asked once. ``[answer.to_json() for answer in model.answers(rows)]`` is what
        the service sends. Raises DataError for so many rows that their answers would take more
        memory than the file may.
        """
        given, x = self._read(rows)
        if len(x) > 1:
            self._expect_room(len(x))
        elif isinstance(x, Pixels):  # floats are looked at twice
            given = x = np.asarray(x, self.network.dtype)
        y = self._ask(x)
        outputs = self.outputs
        if isinstance(outputs, Classes):
            of_rows, chosen = _told(y, outputs)
            best, found = [], []
            for p, k in zip(of_rows, chosen, strict=True):
                best.append(p[k])
                found.append(Answer(outputs.labels[k], dict(zip(outputs.labels, p, strict=True))))
        else:
            of_rows, best = in_units(y.astype(np.float64), outputs).tolist(), []
            chosen = [0] * len(of_rows)
            units = dict(zip(outputs.names, outputs.units or ("",) * outputs.size, strict=True))
            found = [
                Answer(values=dict(zip(outputs.names, row, strict=True)), units=units)
                for row in of_rows
            ]
        if self.experience is not None:
            against = doubts(self.experience, self.inputs, given, best)
            for answer, because in zip(found, against, strict=True):
                answer.sure, answer.unsure_because = not because, because
        if explain:
            for n, answer in enumerate(found):
                row = np.asarray(x[n : n + 1], self.network.dtype)
                answer.explanation = self._why(row, np.array(of_rows[n]), chosen[n])
        return found

    def evaluate(self, rows: Any, targets: Any = None) -> Figures:
        """Return how good the answers are over all rows.

        rows, targets   rows such as ``data.test``, or x and t: class indices, or values in their
                        units. Classes give accuracy, precision, recall, f1 (the mean over the
                        classes) and the cross-entropy; values give mae, rmse and r2.
        """
        x, t = self._with_targets(rows, targets)
        if isinstance(self.outputs, Values):
            answers = self.predict(x)
            return {name: metric(name)(answers, t) for name in METRICS[Values]}
        y = self._outputs(x)
        figures = {name: metric(name)(y, t) for name in METRICS[Classes]}
        p = probabilities(y.astype(np.float64), self.outputs)[np.arange(len(t)), t]
        figures["cross_entropy"] = float(-np.log(np.maximum(p, np.finfo(float).tiny)).mean())
        return figures

    def confusion_table(self, rows: Any, targets: Any = None) -> Array:
        """Count the rows of each class (down) that got each answer (across)."""
        if not isinstance(self.outputs, Classes):
            raise SettingError(f"This model answers with values, {self.outputs.names}.")
        x, t = self._with_targets(rows, targets)
        return confusion_table(self._outputs(x), t, classes=range(len(self.outputs.labels)))

    # -- keeping -----------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Keep all of it in one safetensors file, sealed with a SHA-256.

        An old file there stays whole until the new one is. What is NaN or infinite in the
        provenance becomes null. Raises FileError if it cannot be written.
        """
        document = {
            "format": FORMAT,
            "version": VERSION,
            "network": self.network.config(),
            "inputs": self.inputs.to_json(),
            "outputs": self.outputs.to_json(),
            "provenance": fit_for_json(self.provenance),
        }
        arrays = self.network.arrays()
        if self.experience is not None:
            document["experience"], own = self.experience.to_file()
            if both := sorted(arrays.keys() & own.keys()):
                raise FileError(
                    f"Cannot write {path}: a layer's {', '.join(both)} has the name of an array "
                    "of the model's experience. Give the layer another name."
                )
            arrays = arrays | own
        write_sealed(path, document, arrays)

    def __repr__(self) -> str:
        return (
            f"<Model {type(self.inputs).__name__} -> {type(self.outputs).__name__}: {self.network}>"
        )

    # -- inside ------------------------------------------------------------------------------

    def _outputs(self, rows: Any) -> Array:
        """Compute what the network says to rows as people give them: (N, outputs)."""
        _, x = self._read(rows)
        return self._ask(x)

    def _ask(self, x: Array | Pixels) -> Array:
        """Compute what the network says to rows as it takes them: (N, outputs)."""
        if self._predictor is None:
            self._predictor = engines.predictor(self.network)
        y, finite = self._predictor.answer(x)
        if not finite:
            wrong = np.flatnonzero(~np.isfinite(y).all(axis=1))[0]
            raise DataError(
                f"The network's answer to row {wrong} is no finite number: the row, or the "
                f"network's weights, are too large to compute with in {self.network.dtype}."
            )
        return y

    def _read(self, rows: Any) -> tuple[Array | Pixels, Array | Pixels]:
        """Check rows, and bring them to what the network takes.

        Returns the numbers as they were given, of images as Pixels or floats 0..1, and those for
        the network.
        """
        if isinstance(self.inputs, Images):
            x = _read_images(rows, self.inputs)
            return x, x
        given = numbers("rows", in_order(rows, self.inputs.names))
        return given, in_precision("rows", given, self.network.dtype)

    def _expect_room(self, count: int) -> None:
        """Raise DataError if so many answers take more memory than the network's file may."""
        most, outputs = self.network.most_memory, self.outputs
        if most is None:
            return
        names = outputs.labels if isinstance(outputs, Classes) else outputs.names
        row = ANSWER + sum(NUMBER + len(name) for name in names)
        if count * row > most:
            raise DataError(
                f"{count:,} answers of this model take about {as_people_read(count * row)}, and "
                f"{as_people_read(most)} are allowed. Ask with {max(most // row, 1):,} rows at "
                "most."
            )

    def _why(self, x: Array, told: Array, chosen: int, truth: Array | None = None) -> Why:
        """Say why the network answers a row x, (1, D), as it does: `explanations.why`."""
        from glassnet.explanations import why

        return why(self.network, self.inputs, self.outputs, x, told, truth, chosen=chosen)

    def _with_targets(self, rows: Any, targets: Any) -> tuple[Any, Array]:
        if targets is None and not isinstance(rows, Rows):
            raise DataError("Expected rows such as data.test, or rows and targets.")
        x, t = (rows.x, rows.t) if isinstance(rows, Rows) else (rows, numbers("targets", targets))
        if isinstance(self.outputs, Classes):
            check_classes(t, len(self.outputs.labels))
        elif t.ndim == 1 and self.outputs.size == 1:
            t = t[:, None]
        if len(t) != len(x):
            raise ShapeError(f"{len(x)} rows came with {len(t)} targets.")
        return x, t


def probabilities(y: Array, classes: Classes) -> Array:
    """Turn outputs into probabilities that sum to 1, by the link that the classes name: (N, K).

    Under "identity", outputs of which none is above 0 leave all classes equally likely.
    """
    if classes.link == "identity":
        e = np.maximum(y, 0)
        total = e.sum(axis=1, keepdims=True)
        of_some: Array = np.where(total > 0, e / np.where(total > 0, total, 1), 1 / y.shape[1])
        return of_some
    if classes.link == "sigmoid":
        y = np.concatenate([-y, y], axis=1) if classes.size == 1 else y
        y = -np.logaddexp(0, -y)  # log σ(y), whose softmax is σ(y) / Σ σ(y) without underflow
    e = np.exp(y - y.max(axis=1, keepdims=True))
    p: Array = e / e.sum(axis=1, keepdims=True)
    return p


def _told(y: Array, classes: Classes) -> tuple[list[list[float]], list[int]]:
    """Give the probabilities and the class of each row, as Python's numbers.

    One row, which is what a service is asked, takes Python less time than NumPy needs to be called.
    """
    if len(y) == 1 and classes.link == "softmax":
        (row,) = y.tolist()
        most = max(row)
        e = [math.exp(value - most) for value in row]
        total = sum(e)
        return [[value / total for value in e]], [row.index(most)]
    return probabilities(y.astype(np.float64), classes).tolist(), chosen_classes(y).tolist()


def chosen_classes(y: Array) -> Array:
    """Choose the class of each row: (N,)."""
    chosen: Array = (y[:, 0] > 0).astype(int) if y.shape[1] == 1 else y.argmax(axis=1)
    return chosen


def in_units(y: Array, outputs: Values) -> Array:
    """Bring outputs to the values' units: (N, M). Raises DataError for what overflows."""
    if not outputs.std:
        return y
    with np.errstate(over="ignore"):
        values: Array = y * np.asarray(outputs.std) + np.asarray(outputs.mean)
    if not np.isfinite(values).all():
        raise DataError(f"The answer is too large for a number: {short(outputs)} scales it so.")
    return values


def _read_images(rows: Any, images: Images) -> Array | Pixels:
    if isinstance(rows, Pixels):
        return rows
    floats = isinstance(rows, np.ndarray) and rows.dtype.kind == "f" and rows.ndim == 2
    if floats and rows.size and rows.min() >= 0 and rows.max() <= 1:  # which no NaN is
        checked: Array = rows
        return checked
    x = numbers("images", rows)
    if x.ndim == 3 and x.shape[1:] == (images.height, images.width):
        x = x.reshape(len(x), -1)
    largest = 1 if x.dtype.kind == "f" else images.maximum
    if x.size and not (x.min() >= 0 and x.max() <= largest):
        raise DataError(
            f"Images are whole numbers from 0 to {images.maximum}, or floats from 0 to 1; "
            f"got {x.dtype} from {x.min():g} to {x.max():g}."
        )
    return x if x.dtype.kind == "f" else Pixels(x.astype(np.uint8), images.maximum)
