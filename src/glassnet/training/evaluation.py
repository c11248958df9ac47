"""Measuring a network on a whole set: loss and metrics over all rows at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from glassnet.engines.base import Examples
from glassnet.nn.frame import Blank
from glassnet.nn.losses import Loss
from glassnet.nn.network import Network
from glassnet.nn.passes import Pass
from glassnet.training.history import Figures
from glassnet.training.metrics import Metric
from glassnet.types import Array

ROWS_AT_ONCE = 4096
"""How many rows go through the network together: enough to be fast, few enough to stay small."""


@np.errstate(over="ignore", invalid="ignore")  # what is too large shows in the figures
def evaluate(
    network: Network,
    losses: Mapping[str, Loss],
    examples: Examples,
    metrics: Sequence[Metric],
) -> Figures:
    """Return the loss and the metrics over all rows, weighted where the rows are.

    With several outputs, each output's own figures follow as "NAME_loss", "NAME_accuracy".
    """
    ys = outputs(network, examples)
    several = len(losses) > 1
    weights = examples.weights
    total = 0.0
    own: Figures = {}
    for output, loss in losses.items():
        y, t = ys[output], examples.ts[output]
        mean = float(np.average(loss.forward(y, t, Blank()), weights=weights))
        total += mean
        prefix = f"{output}_" if several else ""
        if several:
            own[f"{prefix}loss"] = mean
        own |= {f"{prefix}{metric.name}": float(metric(y, t, weights)) for metric in metrics}
    return {"loss": total, **own}


def outputs(network: Network, examples: Examples) -> dict[str, Array]:
    """Compute the outputs of all rows, some at a time, by name."""
    parts = list(_passes(network, examples))
    return {name: np.concatenate([p[name].y for p in parts]) for name in network.outputs}


def _passes(network: Network, examples: Examples) -> Iterator[Pass]:
    for start in range(0, len(examples), ROWS_AT_ONCE):
        xs, _, _ = examples.gather(slice(start, start + ROWS_AT_ONCE), network.dtype)
        p = Pass(network, forget=True)
        p.forward(xs)
        yield p
