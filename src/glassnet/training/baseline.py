"""The best answer that does not look at its row: the loss that learning has to beat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from glassnet.nn.frame import ForgetfulFrame
from glassnet.nn.losses import Loss
from glassnet.types import Array

LEAST_SHARE = 1e-12
"""Stands for a share of 0, whose logarithm is not finite."""


def constant_loss(
    losses: Mapping[str, Loss], ts: Mapping[str, Array], outputs: Mapping[str, int]
) -> float:
    """Return the least loss of one answer for all rows, summed over the outputs.

    ts       checked targets, by output
    outputs  the number of outputs, by output
    """
    return sum(_least(loss, ts[name], outputs[name]) for name, loss in losses.items())


def _least(loss: Loss, t: Array, columns: int) -> float:
    """Try what is best for one loss or another: means, medians, logarithms of shares."""
    rows = (np.broadcast_to(answer, (len(t), columns)) for answer in _answers(t, columns))
    with np.errstate(all="ignore"):
        means = [float(np.mean(loss.forward(y, t, ForgetfulFrame()))) for y in rows]
    return min(mean for mean in means if np.isfinite(mean))


def _answers(t: Array, columns: int) -> Iterator[Array]:
    yield np.zeros(columns)
    shares = np.bincount(t, minlength=columns) / len(t) if t.ndim == 1 else t.mean(axis=0)
    yield shares
    if t.ndim > 1:
        yield np.median(t, axis=0)
    if shares.min() >= 0 and shares.max() <= 1:
        sure = np.clip(shares, LEAST_SHARE, 1 - LEAST_SHARE)
        yield np.log(sure)
        yield np.log(sure / (1 - sure))
