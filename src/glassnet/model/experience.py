"""Experience: what the rows that a network learnt from were like, so that others can be told."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypeAlias

import numpy as np

from glassnet.data.pixels import Pixels
from glassnet.data.rows import Rows, moments, numbers
from glassnet.errors import ModelFileError, SettingError, ShapeError, short
from glassnet.settings import expect, inside
from glassnet.types import Array

RowsLike: TypeAlias = Rows | Pixels | Array

MOST_AXES, MOST_CHOICES = 32, 12
"""How many directions are kept at most, and how many values a feature has that is chosen."""

MOST_ROWS, MOST_NUMBERS = 10_000, 8_000_000
"""The directions are found in so many training rows at most, and in so many numbers of them."""

ROWS_AT_ONCE = 4096
"""So many rows are looked at together."""

FLOOR = 1e-3
"""No direction varies less than this, of what one varies on average: a sum of two other columns,
which never varies by itself, must not make a rounding error unlike anything."""

FEW, MARGIN = 100, 1.5
"""Fewer rows than these do not show what 1 in 100 is: their most extreme score gets a margin."""

LEAST_OUTSIDE = 0.1
"""So many standard deviations beyond the range of the training rows are never outside it."""

SURE = 0.9
"""From this probability on, an answer is never too improbable."""

ARRAYS = ("low", "high", "typical", "center", "scale", "axes", "variances")
INTERVALS = {
    "noise": "(0, inf)",
    "most_unlike": "[0, inf)",
    "most_outside": "[0, inf)",
    "least_probability": "[0, 1]",
}


@dataclass(frozen=True, eq=False, repr=False)
class Experience:
    """What the training rows of a network were like, and where the known ends.

    low, high, typical  (D,) least, greatest and middle value of each input
    choices             for each feature of a table that took at most 12 values, all whole: these
                        values; () for others. Empty for images
    center, scale       (D,) means and standard deviations; 1 for images, whose pixels have one unit
    axes, variances     (K, D) directions of unit length in which the rows vary most, and (K,) how
                        much; K ≤ 32
    noise               σ², how much they vary in each of the other directions
    most_unlike         the limit of `unlikeness`
    most_outside        how many standard deviations outside low..high a feature may be
    least_probability   the limit of the answer's probability; 0 for values

    Rows are unlike the training rows by their distance to the mean, counted in each direction by
    how much these vary there:

        z = (x - center) / scale        uₖ = axesₖ · z        rest = z - Σₖ uₖ axesₖ
        unlikeness = (Σₖ uₖ² / variancesₖ + |rest|² / σ²) / D

    which is 1 on average over the training rows. It is -2 / D times the logarithm of the density of
    probabilistic principal components, less what is the same for all rows (Tipping & Bishop,
    Probabilistic Principal Component Analysis, 1999).

    All arrays are of one precision: float32 for images, float64 for tables. Raises SettingError
    for what does not fit together.
    """

    low: Array
    high: Array
    typical: Array
    center: Array
    scale: Array
    axes: Array
    variances: Array
    noise: float
    most_unlike: float
    most_outside: float = 0.0
    least_probability: float = 0.0
    choices: tuple[tuple[float, ...], ...] = ()

    _weights: Array = field(init=False)
    _per_square: float = field(init=False)
    _scales: bool = field(init=False)
    _least: Array = field(init=False)
    _most: Array = field(init=False)

    def __post_init__(self) -> None:
        expect(self, **INTERVALS)
        _expect_arrays(self)
        _expect_choices(self)
        object.__setattr__(self, "choices", tuple(tuple(map(float, c)) for c in self.choices))
        # The formula with its terms in another order, for one product of a row with a matrix:
        # D · unlikeness = |z|² / σ² - Σₖ uₖ² (1 / σ² - 1 / variancesₖ)
        noise, variances = np.float64(self.noise), self.variances.astype(np.float64)
        weights = self.axes * np.sqrt((1 / noise - 1 / variances) / self.size)[:, None]
        with np.errstate(over="ignore"):
            slack = self.most_outside * self.scale.astype(np.float64)
            ready: dict[str, Any] = {
                "_weights": np.ascontiguousarray(weights.T, self.axes.dtype),
                "_per_square": float(1 / noise / self.size),
                "_scales": bool((self.scale != 1).any()),
                "_least": self.low - slack,
                "_most": self.high + slack,
            }
        for name, value in ready.items():
            object.__setattr__(self, name, value)

    @property
    def size(self) -> int:
        """Numbers per row."""
        return int(self.center.size)

    def unlikeness(self, x: Array | Pixels) -> Array:
        """Say how unlike the training rows each row is: (N,), about 1 for rows like them.

        x   (N, D) as the data sets give them; images as Pixels or floats 0..1

        Infinite for what is too large to compute with. Raises ShapeError for other rows.
        """
        if len(x) > ROWS_AT_ONCE:
            return np.concatenate([self.unlikeness(part) for part in _parts(x, self.axes.dtype)])
        x = np.asarray(x, self.axes.dtype)
        if x.ndim != 2 or x.shape[1] != self.size:
            raise ShapeError(f"Expected rows of {self.size} numbers, got shape {x.shape}.")
        with np.errstate(over="ignore", invalid="ignore"):
            if len(x) == 1 and not self._scales:
                return np.array([self._unlikeness_of(x[0])], x.dtype)
            z = x - self.center
            if self._scales:
                z /= self.scale
            u = z @ self._weights
            s: Array = self._per_square * np.vecdot(z, z) - np.vecdot(u, u)
            # infinity less infinity, NaN, becomes infinite; what rounding took below 0 becomes 0
            return np.maximum(np.fmin(s, math.inf), 0)

    def _unlikeness_of(self, x: Array) -> float:
        """The same for one row (D,) of scale 1, in half the calls: what a service is asked."""
        z = x - self.center
        u = z.dot(self._weights)
        s: float = self._per_square * float(z.dot(z)) - float(u.dot(u))
        return max(s, 0.0) if s < math.inf else math.inf

    def outside(self, x: Array) -> Array:
        """Say which features of each row lie outside the range of the training rows: (N, D)."""
        beyond: Array = (x < self._least) | (x > self._most)
        return beyond

    def __repr__(self) -> str:
        return f"<Experience of rows of {self.size} numbers in {len(self.axes)} directions>"

    # -- making it ---------------------------------------------------------------------------

    @classmethod
    def of(
        cls,
        train: RowsLike,
        validation: RowsLike,
        probabilities: Array | None = None,
        *,
        images: bool | None = None,
    ) -> Self:
        """Look at training rows, and find the limits with rows that were set aside.

        train, validation   (N, D) rows as the data sets give them, or gn.Rows
        probabilities       (N, classes) of the validation rows; None for values
        images              whether rows are images, 0..1; unless given, whether they are Pixels

        Each limit is such that 1 in 100 validation rows lies beyond it. Where they are fewer than
        100, which cannot show that, the training rows join them, each measured against the range
        of the others; if there still are fewer than 100, the limit is the greatest score times
        1.5. The limit of the probability is then the least of the validation rows divided by 1.5.
        It is never above 0.9; `most_outside` is never below a tenth.
        """
        train, validation = _plain("train", train), _plain("validation", validation)
        if train.shape[1] != validation.shape[1]:
            raise ShapeError(
                f"train has rows of {train.shape[1]} numbers, validation of {validation.shape[1]}."
            )
        images = isinstance(train, Pixels) if images is None else images
        dtype = np.dtype(np.float32 if images else np.float64)
        chosen = _some(train, dtype)
        center, scale = (part.astype(dtype) for part in moments("train", chosen))
        if images:
            scale = np.ones_like(scale)
        axes, variances, noise = _principal((chosen - center) / scale)
        parts = list(map(_ends, _parts(train, dtype)))
        made: dict[str, Any] = {
            "low": np.min([low for low, _ in parts], axis=0),
            "high": np.max([high for _, high in parts], axis=0),
            "typical": np.sort(chosen, axis=0)[(len(chosen) - 1) // 2],
            "center": center,
            "scale": scale,
            "axes": axes.astype(dtype),
            "variances": variances.astype(dtype),
            "noise": float(dtype.type(noise)),
            "choices": () if images else tuple(map(_choices, np.asarray(train).T)),
        }
        if probabilities is not None:
            made["least_probability"] = min(_least(np.asarray(probabilities).max(axis=1)), SURE)
        if not images:
            beyond = _beyond(np.asarray(train), np.asarray(validation), scale)
            made["most_outside"] = max(_limit(beyond), LEAST_OUTSIDE)
        loose = cls(**made, most_unlike=0.0)
        shown = (validation,) if len(validation) >= FEW else (validation, train)
        scores = [loose.unlikeness(part) for x in shown for part in _parts(x, dtype)]
        return cls(**made, most_unlike=_limit(np.concatenate(scores)))

    # -- keeping it --------------------------------------------------------------------------

    def to_file(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return what a model file keeps: numbers as JSON, and arrays by name."""
        document: dict[str, Any] = {name: getattr(self, name) for name in INTERVALS}
        document["choices"] = [list(values) for values in self.choices]
        return document, {f"experience.{name}": getattr(self, name) for name in ARRAYS}

    @classmethod
    def from_file(cls, document: object, arrays: dict[str, Array]) -> Self:
        """Read what `to_file` gave, and take its arrays out of those of the file.

        Raises ModelFileError for what is missing, unknown, or does not fit together.
        """
        expected = {*INTERVALS, "choices"}
        if not isinstance(document, Mapping) or set(document) != expected:
            raise ModelFileError(
                f"An experience is a JSON object of {', '.join(sorted(expected))}, "
                f"got {short(document)}."
            )
        if missing := [name for name in ARRAYS if f"experience.{name}" not in arrays]:
            raise ModelFileError(f"The experience lacks its arrays {', '.join(missing)}.")
        told: dict[str, Any] = dict(document)
        try:
            told["choices"] = tuple(map(tuple, told["choices"]))
            told |= {name: arrays.pop(f"experience.{name}") for name in ARRAYS}
            return cls(**told)
        except (SettingError, TypeError) as error:
            raise ModelFileError(f"The experience is not usable: {error}") from error


def _expect_arrays(experience: Experience) -> None:
    """Raise SettingError unless the arrays can be of one data set."""
    arrays = {name: getattr(experience, name) for name in ("axes", *ARRAYS)}
    K, D = np.shape(experience.axes) if np.ndim(experience.axes) == 2 else (0, 0)
    for name, array in arrays.items():
        shape = {"axes": (K, D), "variances": (K,)}.get(name, (D,))
        if not (isinstance(array, np.ndarray) and array.dtype in (np.float32, np.float64)):
            raise SettingError(f"{name} is expected as an array of floats, got {short(array)}.")
        if array.dtype != experience.axes.dtype or array.shape != shape or not D:
            raise SettingError(
                f"axes of shape {np.shape(experience.axes)} ask for {name} of shape {shape} and "
                f"the same precision, got {array.dtype} of shape {array.shape}."
            )
        if not np.isfinite(array).all():
            raise SettingError(f"{name} holds numbers that are NaN or infinite.")
    tiny = float(
        np.finfo(experience.axes.dtype).tiny
    )  # which float32 may not hold the noise beside
    for fits, what in (
        (experience.low <= experience.typical, "low to be at most typical"),
        (experience.typical <= experience.high, "typical to be at most high"),
        (experience.scale >= tiny, "scale above 0"),
        (experience.variances >= np.float64(experience.noise), "no variance below the noise"),
        (experience.noise >= tiny, "noise above 0"),
        (np.abs(experience.axes) <= 1.001, "axes of length 1"),
    ):
        if not np.all(fits):
            raise SettingError(f"An Experience expects {what}.")


def _expect_choices(experience: Experience) -> None:
    """Raise SettingError unless there are no choices, or for each feature a few numbers or none."""
    choices = experience.choices
    if choices and len(choices) != experience.size:
        raise SettingError(
            f"choices are expected for {experience.size} features, got {len(choices)}."
        )
    for values in choices:
        if len(values) > MOST_CHOICES or not all(inside("(-inf, inf)", one) for one in values):
            raise SettingError(
                f"choices are at most {MOST_CHOICES} finite numbers a feature, got {short(values)}."
            )


def _plain(name: str, rows: RowsLike) -> Pixels | Array:
    """Return rows as Pixels or as an array of finite numbers with two axes."""
    x = rows.x if isinstance(rows, Rows) else rows
    x = x if isinstance(x, Pixels) else numbers(name, x)
    if x.ndim != 2:
        raise ShapeError(f"{name} expects rows of numbers, got shape {x.shape}.")
    return x


def _parts(x: Pixels | Array, dtype: np.dtype[Any]) -> Iterator[Array]:
    """Give rows as floats, some at a time, so that bytes need not become floats all at once."""
    for start in range(0, len(x), ROWS_AT_ONCE):
        yield np.asarray(x[start : start + ROWS_AT_ONCE], dtype)


def _some(x: Pixels | Array, dtype: np.dtype[Any]) -> Array:
    """Choose rows evenly, no more than the directions need."""
    most = min(MOST_ROWS, max(MOST_NUMBERS // x.shape[1], 2))
    if len(x) <= most:
        return np.asarray(x, dtype)
    return np.asarray(x[np.linspace(0, len(x) - 1, most).round().astype(np.intp)], dtype)


def _ends(x: Array) -> tuple[Array, Array]:
    """Return the least and the greatest value of each column: (D,) each."""
    return x.min(axis=0), x.max(axis=0)


def _beyond(train: Array, validation: Array, scale: Array) -> Array:
    """Return for each row how far outside the range of training rows it is, in its worst feature.

    The validation rows; where they are few, each training row too, against the range of the others:
    to the row that has the least value the others' least is the second.
    """
    low, high = _ends(train)
    beyond: Array = (np.maximum(low - validation, validation - high) / scale).max(axis=1)
    if len(validation) < FEW and len(train) > 1:
        low, high = np.sort(train, axis=0)[[1, -2]]
        own = (np.maximum(low - train, train - high) / scale).max(axis=1)
        beyond = np.concatenate([beyond, own])
    return beyond


def _principal(z: Array) -> tuple[Array, Array, float]:
    """Find the directions in which centred rows vary most.

    z: (N, D)   Returns axes (K, D), variances (K,) and noise, the mean variance in all others.

    Eigenvectors v of zᵀz / N, or of z zᵀ / N, which has the same eigenvalues, where that is the
    smaller one: then the axes are zᵀv / √(N λ).
    """
    N, D = z.shape
    wide = N < D
    λ, v = np.linalg.eigh((z @ z.T if wide else z.T @ z).astype(np.float64) / N)
    total, λ, v = float(λ.sum()), λ[::-1], v[:, ::-1]
    least = FLOOR * total / D if total > 0 else 1.0
    K = min(MOST_AXES, D - 1, int((λ > least).sum()))
    variances = λ[:K]
    axes = ((z.T @ v[:, :K]) / np.sqrt(N * variances) if wide else v[:, :K]).T
    noise = max((total - float(variances.sum())) / (D - K), least)
    return axes, np.maximum(variances, noise), noise


def _choices(column: Array) -> tuple[float, ...]:
    """Return the values of a feature, if they are few and whole."""
    for values in (np.unique(column[:1000]), np.unique(column)):
        if len(values) > MOST_CHOICES or (values != np.floor(values)).any():
            return ()
    return tuple(map(float, values))


def _limit(scores: Array) -> float:
    """Return the score beyond which 1 in 100 lies."""
    limit = float(np.sort(scores)[-1 - len(scores) // 100])
    limit *= MARGIN if len(scores) < FEW else 1
    return min(max(limit, 0.0), float(np.finfo(np.float32).max))


def _least(probabilities: Array) -> float:
    """Return the probability below which 1 in 100 lies."""
    limit = float(np.sort(probabilities)[len(probabilities) // 100])
    return limit / MARGIN if len(probabilities) < FEW else limit
