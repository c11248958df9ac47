"""Run: a training that was recorded, any moment of which can be brought back."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from glassnet.data.meaning import Inputs, Outputs
from glassnet.errors import FileError, SettingError
from glassnet.nn.config import network_from_config
from glassnet.nn.layer import Layer
from glassnet.nn.network import Network
from glassnet.settings import as_tuple
from glassnet.training.checkpoint import Snapshot, read_checkpoint
from glassnet.training.history import History
from glassnet.training.recording import (
    RUN,
    kept_moments,
    moment_path,
    read_layers,
    read_log,
    read_run,
)
from glassnet.training.trainer import Trainer


class Run:
    """A recorded training.

    path        its folder; `name` is the folder's name
    settings    how it trained, as JSON
    network     what it trained, as JSON; `at` makes the network itself
    data        the name of the data set, or ""
    inputs, outputs     what rows and answers mean, or None
    steps       the updates that were recorded; before update `steps[i]` the batch's loss was
    losses      `losses[i]`
    epochs      the figures of each epoch
    layers      how activations and gradients were spread, by step: see `glassnet.training.spread`
    moments     the steps whose weights were kept
    ended       "finished", or why else; "" while it is in progress, and after a crash

    Raises FileError if the folder is no recorded run of this version, or damaged. A run that is in
    progress or was cut off is read up to its last whole line.
    """

    def __init__(
        self, path: str | os.PathLike[str], layers: type[Layer] | Iterable[type[Layer]] = ()
    ) -> None:
        self.path = Path(path)
        self._own_layers = as_tuple("layers", layers, type, "a class derived from gn.Layer")
        document = read_run(self.path)
        self.settings: dict[str, Any] = document["settings"]
        self.network: dict[str, Any] = document["network"]
        meaning = document["meaning"]
        self.data = str(meaning.get("data") or "")
        self.inputs: Inputs | None = meaning["inputs"]
        self.outputs: Outputs | None = meaning["outputs"]
        self.moments = kept_moments(self.path)
        self.steps: list[int] = []
        self.losses: list[float] = []
        self.epochs = History()
        self.ended = ""
        for line in read_log(self.path):
            self._take(line)

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.path.resolve().name

    @cached_property
    def layers(self) -> dict[int, dict[str, Any]]:
        """How activations and gradients were spread at each moment; empty without a probe."""
        return read_layers(self.path)

    def at(self, step: int) -> Network:
        """Return the network as it was after so many updates, or at the last moment kept before.

        Raises SettingError for a step that the run does not have.
        """
        kept = self.checkpoint(step)
        return network_from_config(kept.network, kept.state.arrays, self._own_layers)

    def scrub(self) -> Iterator[tuple[int, Network]]:
        """Go through the moments in order: each step, and the network as it was then."""
        for step in self.moments:
            yield step, self.at(step)

    def checkpoint(self, step: int) -> Snapshot:
        """Return everything that was kept of a step, or of the last moment before."""
        moment = self.moment(step)
        path = moment_path(self.path, moment)
        kept = read_checkpoint(path)
        if kept.step != moment:
            raise FileError(f"{path} is damaged: it is of step {kept.step}. Was it renamed?")
        return kept

    def moment(self, step: int) -> int:
        """Return the last moment at or before a step.

        Raises SettingError if the run has no such step, or kept nothing until then.
        """
        last = max([*self.steps[-1:], *self.moments[-1:]], default=0)
        if not 0 <= step <= last:
            raise SettingError(f"There is no step {step}: the run {self.path} ends at step {last}.")
        before = bisect_right(self.moments, step)
        if not before:
            kept = f"its first is {self.moments[0]}" if self.moments else "it has none"
            raise SettingError(f"The run {self.path} has no moment up to step {step}: {kept}.")
        return self.moments[before - 1]

    def resume(self, trainer: Trainer, step: int | None = None) -> History:
        """Put a trainer where the run was after so many updates; by default at its last moment.

        What `trainer.fit` does from there with the same data and batches is the same, to the bit,
        as if it had never stopped. The moment is the last one kept at or before the step;
        ``trainer.step`` says which. Raises SettingError if the trainer's network or optimiser is
        another.
        """
        if step is None:
            step = self.moments[-1] if self.moments else 0
        return trainer.resume(moment_path(self.path, self.moment(step)))

    def __repr__(self) -> str:
        ended = self.ended or "in progress or cut off"
        return (
            f"<Run {self.path}: {len(self.epochs)} epochs, {len(self.steps)} steps, "
            f"{len(self.moments)} moments, {ended}>"
        )

    def _take(self, line: dict[str, Any]) -> None:
        """Take in a line of the log."""
        event = line.pop("event")
        if event == "step":
            self.steps.append(line["step"])
            self.losses.append(line["loss"])
        elif event == "epoch":
            self.epochs.epochs.append(line)
        else:  # the start, or the end, of the training or of a part of it
            self.ended = self.epochs.ended = str(line.get("ended", ""))


def open(path: str | os.PathLike[str], layers: type[Layer] | Iterable[type[Layer]] = ()) -> Run:  # noqa: A001
    """Open a recorded run.

    layers      classes of your own that the network uses

    Raises FileError if the folder is no recorded run of this version, or damaged.
    """
    return Run(path, layers)


def find(folder: str | os.PathLike[str]) -> list[Path]:
    """List the folders of recorded runs in a folder, in order of name."""
    return sorted(path.parent for path in Path(folder).glob(f"*/{RUN}"))
