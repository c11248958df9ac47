"""JSONLog: what training measured, one JSON object a line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from glassnet.files import remove_leftovers
from glassnet.training.callbacks.base import Callback, Chunk
from glassnet.training.fit import Fit
from glassnet.training.history import Figures
from glassnet.training.json_lines import append_lines, cut_lines


class JSONLog(Callback):
    """Writes a JSONL file: a line of settings, one for each epoch and, on request, each step.

        {"event": "start", "losses": {…}, "optimizer": {…}, …}
        {"event": "step", "step": 1, "loss": 2.31, "learning_rate": 0.001}
        {"event": "epoch", "epoch": 1, "loss": 0.52, "validation_loss": 0.31, …}
        {"event": "end", "ended": "finished"}

    A number that is not finite is written as null. A training that goes on cuts the file back to
    where it goes on from, so that each epoch is there once, and appends to it; one that begins anew
    begins it anew.
    """

    def __init__(self, path: str | Path, steps: bool = False) -> None:
        self.path, self.steps = Path(path), steps

    def on_start(self, fit: Fit) -> None:
        remove_leftovers(self.path.parent)
        lines: list[dict[str, Any]] = [{"event": "start", **fit.settings}]
        if fit.first_step and (there := cut_lines(self.path, fit.first_step, fit.first_epoch)):
            logged = {line.get("epoch") for line in there if line.get("event") == "epoch"}
            lost = [one for one in fit.earlier if one["epoch"] not in logged]
            lines = [*({"event": "epoch", **figures} for figures in lost), *lines]
        append_lines(self.path, lines, anew=not fit.first_step)

    def on_chunk(self, fit: Fit, chunk: Chunk) -> None:  # noqa: ARG002
        if self.steps:
            measured = zip(chunk.losses.tolist(), chunk.rates.tolist(), strict=True)
            steps = (
                {"event": "step", "step": step, "loss": loss, "learning_rate": rate}
                for step, (loss, rate) in enumerate(measured, chunk.step + 1)
            )
            append_lines(self.path, steps)

    def on_epoch(self, fit: Fit, figures: Figures) -> None:  # noqa: ARG002
        append_lines(self.path, [{"event": "epoch", **figures}])

    def on_end(self, fit: Fit) -> None:
        append_lines(self.path, [{"event": "end", "ended": fit.history.ended or "error"}])
