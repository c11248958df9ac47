"""A training whose figures are made up, so that one knows what a callback ought to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import glassnet as gn
from tests.training.setups import classifier, quiet, restless, rows


class Scripted(gn.Metric):
    """A metric that gives one figure after the other, on the validation rows.

    Before training each metric is computed once, to see that it can be.
    """

    name = "score"

    def __init__(self, figures: Sequence[float], better: Any = "higher") -> None:
        self.figures, self.better = iter([0.0, *figures]), better  # type: ignore[misc]

    def __call__(self, *_: Any) -> float:
        return next(self.figures)


class Weights(gn.Callback):
    """Remembers the weights after each epoch."""

    def __init__(self) -> None:
        self.after: list[bytes] = []

    def on_epoch(self, fit: Any, figures: Any) -> None:  # noqa: ARG002
        self.after.append(fit.network.parameters()["dense_1.W"].tobytes())


def scripted(
    figures: Sequence[float], *callbacks: gn.Callback, better: str = "higher", **settings: Any
) -> tuple[gn.History, gn.Network, Weights]:
    """Train until the figures are used up, or a callback stops it."""
    network, weights = restless(), Weights()
    trainer = classifier(network, metrics=Scripted(figures, better), **settings)
    history = quiet(
        trainer,
        rows(),
        validation=rows(),
        epochs=len(figures),
        train_metrics=False,
        callbacks=[weights, *callbacks],
    )
    return history, network, weights
