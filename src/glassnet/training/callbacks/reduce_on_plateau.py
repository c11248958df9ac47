"""ReduceOnPlateau: smaller steps when training no longer gets on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glassnet.settings import expect, expect_counts
from glassnet.training.callbacks.base import Callback
from glassnet.training.fit import Fit
from glassnet.training.history import Figures, as_json, from_json


class ReduceOnPlateau(Callback):
    """Multiplies the learning rate by `factor` when a figure has not improved for some epochs.

    patience    how many epochs without improvement are borne, each time
    factor      0 < factor < 1
    monitor     the figure to watch
    by          how much better counts as better
    lowest      the factor on the optimiser's rate is not brought below this
    """

    def __init__(
        self,
        patience: int = 3,
        factor: float = 0.5,
        monitor: str = "validation_loss",
        by: float = 0.0,
        lowest: float = 1e-4,
    ) -> None:
        self.patience, self.factor, self.monitor = patience, factor, monitor
        self.by, self.lowest = by, lowest
        expect_counts(self, "patience")
        expect(self, factor="(0, 1)", by="[0, inf)", lowest="[0, 1]")
        self.best: float | None = None
        self.waited = 0

    def on_start(self, fit: Fit) -> None:
        fit.watch(self.monitor)
        self.best, self.waited = None, 0

    def on_epoch(self, fit: Fit, figures: Figures) -> None:
        if fit.improved(self.monitor, self.best, self.by):
            self.best, self.waited = figures[self.monitor], 0
            return
        self.waited += 1
        if self.waited >= self.patience:
            fit.rate_factor = max(fit.rate_factor * self.factor, self.lowest)
            self.waited = 0

    def memory(self) -> Mapping[str, Any]:
        best = {} if self.best is None else {self.monitor: self.best}
        return {"best": as_json(best), "waited": self.waited}

    def recall(self, fit: Fit, memory: Mapping[str, Any]) -> None:  # noqa: ARG002
        self.best = from_json(memory["best"]).get(self.monitor)
        self.waited = int(memory["waited"])
