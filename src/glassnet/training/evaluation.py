"""Measuring a network on a whole set: loss and metrics over all rows at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from glassnet.engines.base import Examples
from glassnet.engines.numpy import outputs
from glassnet.errors import error_context, one_of
from glassnet.nn.frame import ForgetfulFrame
from glassnet.nn.losses import Loss
from glassnet.nn.network import Network
from glassnet.settings import as_tuple
from glassnet.training.history import Figures
from glassnet.training.metrics import Metric, metric
from glassnet.types import Array

TRIED_ROWS = 8

Metrics: TypeAlias = Mapping[str, Sequence[Metric]]
"""What is measured of each output; of one that is left out, its loss alone."""

Some: TypeAlias = str | Metric | Iterable[str | Metric] | None
GivenMetrics: TypeAlias = Some | Mapping[str, Some]
"""Metrics or their names: one, several or none; or a dict of these by output."""


def metrics_of(outputs: Iterable[str], given: GivenMetrics) -> Metrics:
    """Match metrics to outputs by name; what is given without names is meant for every output."""
    outputs = list(outputs)
    if not isinstance(given, Mapping):
        return dict.fromkeys(outputs, _metrics(given))
    for name in given:
        if name not in outputs:
            raise one_of("output", name, outputs)
    return {name: _metrics(of_output) for name, of_output in given.items()}


@np.errstate(over="ignore", invalid="ignore")  # what is too large shows in the figures
def evaluate(
    ys: Mapping[str, Array], losses: Mapping[str, Loss], examples: Examples, metrics: Metrics
) -> Figures:
    """Return the loss and the metrics of the outputs `ys` of all rows, weighted where they are.

    With several outputs, each output's own figures follow as "NAME_loss", "NAME_accuracy".
    """
    figures: Figures = {"loss": 0.0}
    for output, loss in losses.items():
        of_rows = loss.forward(ys[output], examples.ts[output], ForgetfulFrame())
        mean = float(np.average(of_rows, weights=examples.weights))
        figures["loss"] += mean
        if len(losses) > 1:
            figures[f"{output}_loss"] = mean
        figures |= _measured(output, ys[output], examples, metrics)
    return figures


@np.errstate(all="ignore")
def try_out(network: Network, examples: Examples, metrics: Metrics) -> None:
    """Compute each metric once, before training: one that cannot be computed raises its error here.

    The answers to the first rows, over and over, stand for those to all rows: what a metric refuses
    is a shape, or a target.
    """
    few = Examples(*examples.gather(slice(TRIED_ROWS), network.dtype))
    for output, y in outputs(network, few).items():
        repeated = np.resize(y, (len(examples), *y.shape[1:]))
        _measured(output, repeated, examples, metrics)


def _metrics(given: Some) -> tuple[Metric, ...]:
    names = as_tuple("metrics", given, str | Metric, "'accuracy' or gn.Accuracy()")
    return tuple(metric(one) for one in names)


def _measured(output: str, y: Array, examples: Examples, metrics: Metrics) -> Figures:
    """Compute the metrics of one output, whose name leads theirs where there are several."""
    prefix = f"{output}_" if len(examples.ts) > 1 else ""
    figures: Figures = {}
    for one in metrics.get(output, ()):
        own = f"; metrics={{{output!r}: …}} gives it its own" if prefix else ""
        with error_context(f"The metric {one.name} does not fit the output {output!r}{own}"):
            value = one(y, examples.ts[output], examples.weights)
        figures[f"{prefix}{one.name}"] = float(value)
    return figures
