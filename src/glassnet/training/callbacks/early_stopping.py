"""EarlyStopping: ends training when it no longer helps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from glassnet.settings import expect, expect_counts
from glassnet.training.callbacks.base import Callback
from glassnet.training.fit import Fit
from glassnet.training.history import Figures, as_json, from_json
from glassnet.types import Array


class EarlyStopping(Callback):
    """Stops when a figure has not improved for some epochs, and brings the best weights back.

    patience    how many epochs without improvement are borne
    monitor     the figure to watch: "validation_loss", "validation_accuracy", "loss", …
    by          how much better counts as better
    restore     whether to end, however training ends, with the weights of the best epoch

    Source: Prechelt, Early Stopping — But When? (1998).
    """

    def __init__(
        self,
        patience: int = 5,
        monitor: str = "validation_loss",
        by: float = 0.0,
        restore: bool = True,
    ) -> None:
        self.patience, self.monitor, self.by, self.restore = patience, monitor, by, restore
        expect_counts(self, "patience")
        expect(self, by="[0, inf)")
        self.best: Figures = {}
        self.weights: dict[str, Array] = {}

    def on_start(self, fit: Fit) -> None:
        self.best, self.weights = {}, {}
        fit.watch(self.monitor)

    def on_epoch(self, fit: Fit, figures: Figures) -> None:
        if fit.improved(self.monitor, self.best.get(self.monitor), self.by):
            self.best = figures
            if self.restore:
                self.weights = {name: w.copy() for name, w in fit.network.arrays().items()}
        else:
            self._lose_patience(fit, figures["epoch"])

    def on_end(self, fit: Fit) -> None:
        if self.weights:
            fit.network.load_parameters(self.weights)

    def memory(self) -> Mapping[str, Any]:
        return {"best": as_json(self.best), **self.weights}

    def recall(self, fit: Fit, memory: Mapping[str, Any]) -> None:
        self.best = from_json(memory["best"])
        self.weights = {k: w.copy() for k, w in memory.items() if isinstance(w, np.ndarray)}
        if self.best:
            self._lose_patience(fit, fit.first_epoch)

    def _lose_patience(self, fit: Fit, epoch: float) -> None:
        """Stop if the best epoch is too long ago."""
        if epoch - self.best["epoch"] >= self.patience:
            fit.stop(f"{self.monitor} was best in epoch {self.best['epoch']:.0f}")
