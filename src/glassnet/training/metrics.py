"""Metrics: how good the answers are, in numbers that people can judge.

A metric is computed once over all rows, never as a mean of the means of batches. The letters:

    y    what the network gives, one row each: logits or probabilities (N, M), or values (N, M)
    t    the targets: class indices (N,), one-hot rows or probabilities (N, M), or values
    w    the weights of the rows (N,); without them every row counts 1

Of M ≥ 2 outputs the answer is the class with the largest, the first of them if several are. A
single output answers class 1 above a threshold and class 0 else: 0 for a logit, 0.5 for the
probability that a sigmoid layer gives; its targets are 0 or 1, or the probability of 1.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import numpy as np

from glassnet.errors import DataError, SettingError, ShapeError, one_of
from glassnet.settings import expect_counts, named
from glassnet.types import Array

Average = Literal["macro", "micro", "weighted"]


class Metric(ABC):
    """A number that says how good outputs y are for targets t."""

    better: ClassVar[Literal["higher", "lower"]]

    @property
    @abstractmethod
    def name(self) -> str:
        """The name in histories, and the one that `metric` knows."""

    @abstractmethod
    def __call__(self, y: Array, t: Array, weights: Array | None = None) -> float:
        """Return the metric over all rows."""


@dataclass(frozen=True)
class Accuracy(Metric):
    """The share of rows answered rightly:  Σₙ wₙ [answerₙ = truthₙ] / Σₙ wₙ."""

    threshold: float = 0.0

    name = "accuracy"
    better = "higher"

    def __call__(self, y: Array, t: Array, weights: Array | None = None) -> float:
        y, t, w = _checked(y, t, weights)
        return float(np.average(_answer(y, self.threshold) == _truth(y, t), weights=w))


@dataclass(frozen=True)
class TopK(Metric):
    """The share of rows whose true class is among the k with the largest outputs.

    Among equal outputs the class with the smaller index comes first, so TopK(1) is the accuracy.
    """

    k: int = 5

    better = "higher"

    def __post_init__(self) -> None:
        expect_counts(self, "k")

    @property
    def name(self) -> str:
        return f"top-{self.k}"

    def __call__(self, y: Array, t: Array, weights: Array | None = None) -> float:
        y, t, w = _checked(y, t, weights)
        if y.shape[1] == 1:
            raise ShapeError(f"{self.name} expects two outputs or more, got one. Try accuracy.")
        best = np.argsort(-y, axis=1, kind="stable")[:, : self.k]
        found = np.any(best == _truth(y, t)[:, np.newaxis], axis=1)
        return float(np.average(found, weights=w))


class Sums(NamedTuple):
    """For each class c the weights of the rows where

    hits        truth and answer are c
    answered    the answer is c
    actual      the truth is c
    """

    hits: Array
    answered: Array
    actual: Array


@dataclass(frozen=True)
class ClassScore(Metric):
    """A quotient of `Sums` for each class.

    `per_class` gives the quotients; the metric itself is one number made of them:

        macro     their plain mean, over the classes that occur in truth or answers
        weighted  their mean weighted by `actual`
        micro     the quotient of the sums over all classes

    0 / 0, as for the precision of a class that is never the answer, counts as 0.
    """

    average: Average = "macro"
    threshold: float = 0.0

    better = "higher"

    def __post_init__(self) -> None:
        if self.average not in ("macro", "micro", "weighted"):
            raise one_of(f"average of {self.name}", self.average, ["macro", "micro", "weighted"])

    @abstractmethod
    def quotient(self, sums: Sums) -> tuple[Array, Array]:
        """Return numerator and denominator."""

    def __call__(self, y: Array, t: Array, weights: Array | None = None) -> float:
        y, t, w = _checked(y, t, weights)
        sums = _sums(y, t, w, self.threshold)
        if self.average == "micro":
            total = Sums(*(np.sum(part, keepdims=True) for part in sums))
            return float(_divide(*self.quotient(total))[0])
        unweighted = _sums(y, t, np.ones(len(y)), self.threshold)
        occurs = unweighted.answered + unweighted.actual > 0
        scores = _divide(*self.quotient(sums))
        return float(np.average(scores, weights=occurs if self.average == "macro" else sums.actual))

    def per_class(self, y: Array, t: Array, weights: Array | None = None) -> Array:
        """Return the quotient of each class, (M,), or (2,) for a single output."""
        return _divide(*self.quotient(_sums(*_checked(y, t, weights), self.threshold)))


@dataclass(frozen=True)
class Precision(ClassScore):
    """Of the rows answered as a class, the share that belongs to it:  hits / answered."""

    name = "precision"

    def quotient(self, sums: Sums) -> tuple[Array, Array]:
        return sums.hits, sums.answered


@dataclass(frozen=True)
class Recall(ClassScore):
    """Of the rows that belong to a class, the share answered as it:  hits / actual."""

    name = "recall"

    def quotient(self, sums: Sums) -> tuple[Array, Array]:
        return sums.hits, sums.actual


@dataclass(frozen=True)
class F1(ClassScore):
    """The harmonic mean of precision and recall:  2 hits / (answered + actual)."""

    name = "f1"

    def quotient(self, sums: Sums) -> tuple[Array, Array]:
        return 2 * sums.hits, sums.answered + sums.actual


@dataclass(frozen=True)
class MAE(Metric):
    """The mean absolute error:  Σₙ wₙ |yₙ - tₙ| / Σₙ wₙ  of each output, and their mean."""

    name = "mae"
    better = "lower"

    def __call__(self, y: Array, t: Array, weights: Array | None = None) -> float:
        y, t, w = _values(y, t, weights)
        return float(np.mean(np.average(np.abs(y - t), axis=0, weights=w)))


@dataclass(frozen=True)
class RMSE(Metric):
    """The root mean square error:  √(Σₙ wₙ (yₙ - tₙ)² / Σₙ wₙ)  of each output, and their mean."""

    name = "rmse"
    better = "lower"

    def __call__(self, y: Array, t: Array, weights: Array | None = None) -> float:
        y, t, w = _values(y, t, weights)
        return float(np.mean(np.sqrt(np.average((y - t) ** 2, axis=0, weights=w))))


@dataclass(frozen=True)
class R2(Metric):
    """The share of the targets' variance that the outputs explain, of each output, and their mean.

        R² = 1 - Σₙ wₙ (yₙ - tₙ)² / Σₙ wₙ (tₙ - t̄)²        t̄ = Σₙ wₙ tₙ / Σₙ wₙ

    1 is perfect, 0 no better than always answering t̄, and it can be below. Where the targets are
    all the same it is 1 if every output hits them and else 0; of a single row it is NaN.
    """

    name = "r2"
    better = "higher"

    def __call__(self, y: Array, t: Array, weights: Array | None = None) -> float:
        y, t, w = _values(y, t, weights)
        if len(t) < 2:
            return float("nan")
        unexplained = np.average((y - t) ** 2, axis=0, weights=w)
        variance = np.average((t - np.average(t, axis=0, weights=w)) ** 2, axis=0, weights=w)
        varies = np.ptp(t[w > 0], axis=0) > 0
        r2 = np.where(varies, 1 - _divide(unexplained, variance), unexplained == 0)
        return float(np.mean(r2))


METRICS: dict[str, type[Metric]] = {
    "accuracy": Accuracy,
    "top-5": TopK,
    "precision": Precision,
    "recall": Recall,
    "f1": F1,
    "mae": MAE,
    "rmse": RMSE,
    "r2": R2,
}


def metric(what: str | Metric) -> Metric:
    """Return the metric of that name, or `what` itself if it is one; "top-3" and so on work too."""
    if isinstance(what, Metric):
        return what
    k = what.removeprefix("top-")
    return TopK(int(k)) if k != what and k.isdecimal() else named("metric", what, METRICS)()


def confusion_table(
    y: Array, t: Array, classes: Sequence[int] | None = None, threshold: float = 0.0
) -> Array:
    """Count the rows of each truth and answer: an integer array, [truth, answer].

    `classes` picks rows and columns, in that order; rows with other truths or answers are left out.
    """
    y, t, _ = _checked(y, t, None)
    answer, truth, M = _answer(y, threshold), _truth(y, t), _classes(y)
    table = np.bincount(truth * M + answer, minlength=M * M).reshape(M, M)
    shown = np.arange(M) if classes is None else np.asarray(classes, dtype=np.intp)
    if shown.ndim != 1 or not np.all((shown >= 0) & (shown < M)):
        raise SettingError(
            f"confusion_table expects a list of classes from 0 to {M - 1}, got {classes!r}."
        )
    return table[np.ix_(shown, shown)]


def _checked(y: Array, t: Array, weights: Array | None) -> tuple[Array, Array, Array]:
    """Return y as (N, M), t as (N,) or (N, M), and w as (N,)."""
    y, t = np.asarray(y), np.asarray(t)
    y = y[:, np.newaxis] if y.ndim == 1 else y
    t = t[:, 0] if t.ndim == 2 and t.shape[1] == 1 else t
    w = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=np.float64)
    N, M = y.shape if y.ndim == 2 else (len(y), 0)
    if M == 0 or t.shape not in ((N,), (N, M)) or w.shape != (N,):
        raise ShapeError(
            "A metric expects outputs (N, M), targets (N,) or (N, M) and weights (N,), "
            f"got {y.shape}, {t.shape} and {w.shape}."
        )
    if not (np.all(w >= 0) and 0 < np.sum(w) < np.inf):
        raise DataError(
            "A metric expects at least one row, and weights of 0 or more that are not all 0, "
            f"got {N} rows with weights that sum to {np.sum(w)}."
        )
    return y, t, w


def _answer(y: Array, threshold: float) -> Array:
    """Return the class that each row of y answers."""
    answer: Array = np.argmax(y, axis=1) if y.shape[1] > 1 else y[:, 0] > threshold
    return answer.astype(np.intp)


def _truth(y: Array, t: Array) -> Array:
    """Return the true class of each row."""
    M = y.shape[1]
    if t.ndim == 2:
        several = np.isin(t, (0, 1)).all(axis=1) & (t.sum(axis=1) != 1)
        meaning = "one class a row (for several yes or no, write a metric of your own)"
        truth: Array = np.argmax(_within(t, ~several, meaning), axis=1)
    elif M > 1:
        truth = _within(t, (t >= 0) & (t < M) & (t == np.floor(t)), f"classes from 0 to {M - 1}")
    else:
        truth = _within(t, (t >= 0) & (t <= 1), "0 or 1, or the probability of 1") > 0.5
    return truth.astype(np.intp)


def _within(t: Array, allowed: Array, meaning: str) -> Array:
    """Return the targets t, having made sure that all of them are allowed."""
    if not np.all(allowed):
        raise DataError(f"Targets are expected to be {meaning}, got {t[~allowed][0]}.")
    return t


def _sums(y: Array, t: Array, w: Array, threshold: float) -> Sums:
    answer, truth, M = _answer(y, threshold), _truth(y, t), _classes(y)
    return Sums(
        hits=np.bincount(truth, w * (answer == truth), M),
        answered=np.bincount(answer, w, M),
        actual=np.bincount(truth, w, M),
    )


def _values(y: Array, t: Array, weights: Array | None) -> tuple[Array, Array, Array]:
    """Return y and t as (N, M) in float64, and w as (N,)."""
    y, t, w = _checked(y, t, weights)
    t = t[:, np.newaxis] if t.ndim == 1 else t
    if y.shape != t.shape:
        raise ShapeError(f"Outputs of shape {y.shape} and targets of shape {t.shape} do not match.")
    return y.astype(np.float64), t.astype(np.float64), w


def _classes(y: Array) -> int:
    """Count the classes that outputs y tell apart: a single output tells two."""
    M: int = y.shape[1]
    return max(M, 2)


def _divide(a: Array, b: Array) -> Array:
    """Return a / b, with 0 where b is 0."""
    quotient: Array = np.divide(a, b, out=np.zeros(b.shape), where=b != 0)
    return quotient
