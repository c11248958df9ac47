"""Losses: how wrong each row is, and in which direction it would be less so.

A loss gives one number a row, l: (N,), for outputs y: (N, M) and targets t. What is minimised is
the weighted mean L = Σₙ wₙ lₙ / Σₙ wₙ (all wₙ = 1 unless said), so that a row of weight 2 counts as
the same row twice. `backward` gets dl = ∂L/∂l, a column (N, 1) or, where all rows weigh the same,
the number 1/N, and returns dy = dl · ∂l/∂y.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from glassnet.errors import DataError, SettingError, ShapeError, one_of
from glassnet.nn.frame import Frame
from glassnet.nn.layer import Layer
from glassnet.nn.layers.activations import Sigmoid, Softmax, softmax
from glassnet.settings import expect
from glassnet.types import Array, Shape


@dataclass(frozen=True)
class Loss:
    """How wrong each row is. To write one, define `forward` and `backward`."""

    inside: ClassVar[type[Layer] | None] = None
    """The activation that it has inside, so that y are logits and the network ends without one."""

    def forward(self, y: Array, t: Array, frame: Frame) -> Array:
        """Return l: (N,), keeping in `frame` what `backward` will want."""
        raise NotImplementedError(f"{type(self).__name__} needs a forward(self, y, t, frame).")

    def backward(self, dl: Array | float, frame: Frame) -> Array:
        """Return dy: (N, M)."""
        raise NotImplementedError(f"{type(self).__name__} needs a backward(self, dl, frame).")

    def targets(self, t: Any, shape: Shape, dtype: Any) -> Array:
        """Check targets for outputs of that shape per row; return them as the loss wants them.

        A loss that compares numbers wants one a number: (N, M), or (N,) where M is 1. Raises
        ShapeError or DataError.
        """
        if len(shape) != 1:
            raise ShapeError(
                f"{type(self).__name__} expects rows of outputs, the network gives shape {shape} "
                "per row. Add Flatten() at its end."
            )
        t = _numbers(t)
        if t.ndim == 1 and shape == (1,):
            t = t[:, None]
        if t.shape[1:] != shape:
            hint = f" For class labels, use gn.one_hot(t, {shape[0]})." if t.ndim == 1 else ""
            raise ShapeError(
                f"{type(self).__name__} compares {shape[0]} outputs a row with as many targets, "
                f"got targets of shape {t.shape}.{hint}"
            )
        return _in_precision(t, dtype)

    def config(self) -> dict[str, Any]:
        """Describe the loss as JSON: its class and its settings."""
        settings = {f.name: getattr(self, f.name) for f in fields(self)}
        return {"class": type(self).__name__, **settings}


@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """The square of the difference, averaged over the outputs.

    l  = 1/M Σₘ (y - t)²
    dy = dl · 2/M (y - t)
    """

    def forward(self, y: Array, t: Array, frame: Frame) -> Array:
        e = y - t
        frame.keep(e=e)
        l: Array = frame.xp.vecdot(e, e) / e.shape[1]  # noqa: E741
        return l

    def backward(self, dl: Array | float, frame: Frame) -> Array:
        e = frame["e"]
        dy: Array = dl * (2 / e.shape[1]) * e
        return dy


@dataclass(frozen=True)
class HalfSquaredError(Loss):
    """Half the square of the distance, the quadratic cost of the textbooks.

    l  = ½ Σₘ (y - t)²
    dy = dl · (y - t)
    """

    def forward(self, y: Array, t: Array, frame: Frame) -> Array:
        e = y - t
        frame.keep(e=e)
        l: Array = 0.5 * frame.xp.vecdot(e, e)  # noqa: E741
        return l

    def backward(self, dl: Array | float, frame: Frame) -> Array:
        dy: Array = dl * frame["e"]
        return dy


@dataclass(frozen=True)
class MeanAbsoluteError(Loss):
    """The size of the difference, averaged over the outputs: outliers pull no harder than others.

        l  = 1/M Σₘ |y - t|
        dy = dl · 1/M sign(y - t)

    At y = t there is no slope; 0 is taken.
    """

    def forward(self, y: Array, t: Array, frame: Frame) -> Array:
        e = y - t
        frame.keep(e=e)
        l: Array = frame.xp.mean(frame.xp.abs(e), axis=1)  # noqa: E741
        return l

    def backward(self, dl: Array | float, frame: Frame) -> Array:
        e = frame["e"]
        dy: Array = dl * (1 / e.shape[1]) * frame.xp.sign(e)
        return dy


@dataclass(frozen=True)
class Huber(Loss):
    """Squared near the target, absolute far from it, joined without a kink (Huber 1964).

        l  = 1/M Σₘ h(y - t)        h(e) = ½ c (2|e| - c)      c = min(|e|, δ)
        dy = dl · 1/M clip(y - t, -δ, δ)

    For |e| ≤ δ that is ½ e², beyond it δ (|e| - ½ δ).

    delta    δ, where the square ends, in units of the target
    """

    delta: float = 1.0

    def __post_init__(self) -> None:
        expect(self, delta="(0, inf)")

    def forward(self, y: Array, t: Array, frame: Frame) -> Array:
        xp, e = frame.xp, y - t
        frame.keep(e=e)
        size = xp.abs(e)
        c = xp.minimum(size, self.delta)
        l: Array = xp.mean(0.5 * c * (2 * size - c), axis=1)  # noqa: E741
        return l

    def backward(self, dl: Array | float, frame: Frame) -> Array:
        e = frame["e"]
        dy: Array = dl * (1 / e.shape[1]) * frame.xp.clip(e, -self.delta, self.delta)
        return dy


@dataclass(frozen=True)
class SigmoidCrossEntropy(Loss):
    """Yes-or-no answers: the surprise at t when the network says p = σ(y), summed over the outputs.

        l  = Σₘ -t ln p - (1 - t) ln(1 - p) = Σₘ ln(1 + e^y) - t y
        dy = dl · (p - t)

    y: (N, M) logits, one question a column; t: (N, M), or (N,) where M is 1, from 0 to 1. The form
    with the logit takes no logarithm of 0: ln(1 + e^y) = max(y, 0) + ln(1 + e^-|y|).
    """

    inside = Sigmoid

    def targets(self, t: Any, shape: Shape, dtype: Any) -> Array:
        checked = super().targets(t, shape, dtype)
        if checked.min() < 0 or checked.max() > 1:
            raise DataError(
                "SigmoidCrossEntropy expects targets from 0 (no) to 1 (yes), "
                f"got values from {checked.min():g} to {checked.max():g}."
            )
        return checked

    def forward(self, y: Array, t: Array, frame: Frame) -> Array:
        xp = frame.xp
        frame.keep(y=y, t=t)
        l: Array = xp.sum(xp.logaddexp(y, 0) - t * y, axis=1)  # noqa: E741
        return l

    def backward(self, dl: Array | float, frame: Frame) -> Array:
        y, t = frame["y"], frame["t"]
        p = 0.5 * frame.xp.tanh(0.5 * y) + 0.5
        dy: Array = dl * (p - t)
        return dy


@dataclass(frozen=True)
class SoftmaxCrossEntropy(Loss):
    """One class of several: the surprise at t when the network says p = softmax(y).

        l  = -Σₘ tₘ ln pₘ = Σₘ tₘ · ln Σⱼ e^yⱼ - Σₘ tₘ yₘ
        dy = dl · (p Σₘ tₘ - t)

    y: (N, M) logits; t: class indices (N,), or one-hot rows or probabilities (N, M), each row
    summing to 1, which leaves dy = dl · (p - t). Each row's maximum is subtracted before e^y.
    """

    inside = Softmax

    def targets(self, t: Any, shape: Shape, dtype: Any) -> Array:
        t = _numbers(t)
        M = shape[0]
        if len(shape) != 1 or M < 2:
            raise ShapeError(
                "SoftmaxCrossEntropy chooses among 2 classes or more, one output each; the network "
                f"gives {_times(shape)}. For one yes-or-no output use SigmoidCrossEntropy."
            )
        if t.ndim == 1:
            return _class_indices(t, M)
        if t.shape[1:] != shape:
            raise ShapeError(
                f"SoftmaxCrossEntropy expects class indices of shape (N,) or rows of {M} "
                f"probabilities, got targets of shape {t.shape}."
                + (" For one column of class indices, give t[:, 0]." if t.shape[1:] == (1,) else "")
            )
        sums = t.sum(axis=1)
        if t.min() < 0 or not np.allclose(sums, 1, atol=1e-3):
            worst = int(np.argmax(np.abs(sums - 1)))
            raise DataError(
                "SoftmaxCrossEntropy expects each row of targets to be probabilities that sum to "
                f"1; row {worst} sums to {sums[worst]:g} and the least value is {t.min():g}."
            )
        return _in_precision(t, dtype)

    def forward(self, y: Array, t: Array, frame: Frame) -> Array:
        xp = frame.xp
        s = y - xp.max(y, axis=1, keepdims=True)
        log_sum = xp.log(xp.sum(xp.exp(s), axis=1))
        frame.keep(s=s, t=t)
        if t.ndim == 1:
            l: Array = log_sum - s[xp.arange(t.shape[0]), t]  # noqa: E741
        else:
            l = xp.sum(t, axis=1) * log_sum - xp.sum(t * s, axis=1)  # noqa: E741
        return l

    def backward(self, dl: Array | float, frame: Frame) -> Array:
        xp, s, t = frame.xp, frame["s"], frame["t"]
        p = softmax(s, xp)
        if t.ndim == 1:
            hot = xp.asarray(t[:, None] == xp.arange(s.shape[1]), dtype=s.dtype)
            dy: Array = dl * (p - hot)
        else:
            dy = dl * (p * xp.sum(t, axis=1, keepdims=True) - t)
        return dy


def _numbers(t: Any) -> Array:
    from glassnet.data.rows import numbers  # glassnet.data is much to import for a loss

    return numbers("t", t)


def _in_precision(t: Array, dtype: Any) -> Array:
    from glassnet.data.rows import in_precision

    return in_precision("t", t, dtype)


def _class_indices(t: Array, classes: int) -> Array:
    """Check that each target is one of 0 … classes - 1; return whole numbers."""
    if t.dtype.kind == "f" and (t != np.floor(t)).any():
        row = int(np.argmax(t != np.floor(t)))
        raise DataError(f"Class indices are whole numbers; row {row} has {t[row]}.")
    outside = (t < 0) | (t >= classes)
    if outside.any():
        row = int(np.argmax(outside))
        raise DataError(
            f"The network has {classes} outputs, so class indices run from 0 to {classes - 1}; "
            f"row {row} has {t[row]}. Give the last layer one output per class, or mend the labels."
        )
    return t.astype(np.intp)


def _times(shape: Shape) -> str:
    return " x ".join(map(str, shape))


LOSSES: dict[str, type[Loss]] = {
    cls.__name__: cls
    for cls in (MeanSquaredError, HalfSquaredError, MeanAbsoluteError, Huber, SigmoidCrossEntropy,
                SoftmaxCrossEntropy)
}  # fmt: skip


def loss_from_config(config: dict[str, Any]) -> Loss:
    """Make the loss that `Loss.config` described."""
    settings = dict(config)
    name = settings.pop("class", None)
    if name not in list(LOSSES):
        raise one_of("loss", name, list(LOSSES))
    try:
        return LOSSES[name](**settings)
    except TypeError as error:
        raise SettingError(f"The loss {name} does not take {settings}: {error}.") from None
