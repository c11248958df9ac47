"""TensorBoard: the figures as event files that TensorBoard reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from glassnet.errors import FileError, missing_extra
from glassnet.training.callbacks.base import Callback, Chunk
from glassnet.training.fit import Fit
from glassnet.training.history import Figures


class TensorBoard(Callback):
    """Writes event files into `folder`: each step's loss and rate, each epoch's figures.

    histograms      also the distribution of each parameter, once an epoch

    Needs tensorboardX (the extra `tensorboard`); look with ``tensorboard --logdir FOLDER``.
    """

    def __init__(self, folder: str | Path, histograms: bool = False) -> None:
        self.folder, self.histograms = Path(folder), histograms
        self._writer: Any = None

    def on_start(self, fit: Fit) -> None:  # noqa: ARG002
        try:
            from tensorboardX import SummaryWriter
        except ImportError:
            raise missing_extra("TensorBoard", "tensorboardX", "tensorboard") from None
        try:
            self._writer = SummaryWriter(str(self.folder))
        except OSError as error:
            raise FileError(f"Cannot write {self.folder}: {error.strerror or error}.") from error

    def on_chunk(self, fit: Fit, chunk: Chunk) -> None:  # noqa: ARG002
        for i, (loss, rate) in enumerate(zip(chunk.losses, chunk.rates, strict=True)):
            self._writer.add_scalar("step/loss", loss, chunk.step + i + 1)
            self._writer.add_scalar("step/learning_rate", rate, chunk.step + i + 1)

    def on_epoch(self, fit: Fit, figures: Figures) -> None:
        epoch = int(figures["epoch"])
        for name, value in figures.items():
            if name != "epoch":
                self._writer.add_scalar(f"epoch/{name}", value, epoch)
        if self.histograms:
            for name, array in fit.network.parameters().items():
                self._writer.add_histogram(name, array, epoch)

    def on_end(self, fit: Fit) -> None:  # noqa: ARG002
        if self._writer is not None:
            self._writer.close()
            self._writer = None
