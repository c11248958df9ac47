"""JSONLog: what training measured, one JSON object a line."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, TextIO

from glassnet.errors import FileError
from glassnet.training.callbacks.base import Callback, Chunk
from glassnet.training.fit import Fit
from glassnet.training.history import Figures


class JSONLog(Callback):
    """Writes a JSONL file: a line of settings, one for each epoch and, on request, each step.

        {"event": "start", "losses": {…}, "optimizer": {…}, …}
        {"event": "step", "step": 1, "loss": 2.31, "learning_rate": 0.001}
        {"event": "epoch", "epoch": 1, "loss": 0.52, "validation_loss": 0.31, …}
        {"event": "end", "ended": "finished"}

    A number that is not finite is written as null. The file is opened anew at each start.
    """

    def __init__(self, path: str | Path, steps: bool = False) -> None:
        self.path, self.steps = Path(path), steps
        self._file: TextIO | None = None

    def on_start(self, fit: Fit) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("w", encoding="utf-8")
        except OSError as error:
            raise FileError(f"Cannot write {self.path}: {error.strerror or error}.") from error
        self._write(event="start", **fit.settings)

    def on_chunk(self, fit: Fit, chunk: Chunk) -> None:  # noqa: ARG002
        if self.steps:
            for i, (loss, rate) in enumerate(zip(chunk.losses, chunk.rates, strict=True)):
                self._write(event="step", step=chunk.step + i + 1, loss=loss, learning_rate=rate)

    def on_epoch(self, fit: Fit, figures: Figures) -> None:  # noqa: ARG002
        self._write(event="epoch", **figures)

    def on_end(self, fit: Fit) -> None:
        if self._file is not None:
            self._write(event="end", ended=fit.history.ended or "error")
            self._file.close()
            self._file = None

    def _write(self, **values: Any) -> None:
        assert self._file is not None, "a log is written between start and end"
        finite = {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in values.items()
        }
        self._file.write(json.dumps(finite, ensure_ascii=False) + "\n")
        self._file.flush()
