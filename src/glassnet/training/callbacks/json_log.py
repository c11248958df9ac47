"""JSONLog: what training measured, one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from glassnet.errors import FileError
from glassnet.training.callbacks.base import Callback, Chunk
from glassnet.training.fit import Fit
from glassnet.training.history import Figures, as_json


class JSONLog(Callback):
    """Writes a JSONL file: a line of settings, one for each epoch and, on request, each step.

        {"event": "start", "losses": {…}, "optimizer": {…}, …}
        {"event": "step", "step": 1, "loss": 2.31, "learning_rate": 0.001}
        {"event": "epoch", "epoch": 1, "loss": 0.52, "validation_loss": 0.31, …}
        {"event": "end", "ended": "finished"}

    A number that is not finite is written as null. A training that goes on appends to the file;
    one that begins anew begins it anew.
    """

    def __init__(self, path: str | Path, steps: bool = False) -> None:
        self.path, self.steps = Path(path), steps

    def on_start(self, fit: Fit) -> None:
        start = {"event": "start", **fit.settings}
        self._write([start], mode="a" if fit.first_epoch else "w")

    def on_chunk(self, fit: Fit, chunk: Chunk) -> None:  # noqa: ARG002
        if self.steps:
            measured = zip(chunk.losses, chunk.rates, strict=True)
            self._write(
                {"event": "step", "step": step, "loss": loss, "learning_rate": rate}
                for step, (loss, rate) in enumerate(measured, chunk.step + 1)
            )

    def on_epoch(self, fit: Fit, figures: Figures) -> None:  # noqa: ARG002
        self._write([{"event": "epoch", **figures}])

    def on_end(self, fit: Fit) -> None:
        self._write([{"event": "end", "ended": fit.history.ended or "error"}])

    def _write(self, events: Iterable[Mapping[str, Any]], mode: str = "a") -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open(mode, encoding="utf-8") as file:
                file.writelines(json.dumps(as_json(event)) + "\n" for event in events)
        except OSError as error:
            raise FileError(f"Cannot write {self.path}: {error.strerror or error}.") from error
