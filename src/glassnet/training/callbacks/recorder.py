"""Recorder: keeps a whole run, so that any moment of it can be looked at and gone on from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from glassnet.data.meaning import Inputs, Outputs
from glassnet.engines.base import Examples
from glassnet.errors import SettingError
from glassnet.files import remove_leftovers
from glassnet.settings import expect_counts
from glassnet.training.callbacks.base import Callback, Chunk
from glassnet.training.callbacks.json_log import JSONLog
from glassnet.training.checkpoint import Snapshot
from glassnet.training.examples import Data, make_examples
from glassnet.training.fit import Fit
from glassnet.training.history import Figures
from glassnet.training.json_lines import append_lines, read_lines
from glassnet.training.recording import (
    LAYERS,
    LOG,
    MOMENTS,
    RUN,
    cut_back,
    moment_path,
    read_run,
    set_aside,
    write_run,
)
from glassnet.training.spread import spreads

STEPS = tuple(digit * 10**power for power in range(9) for digit in (1, 2, 5))
"""1, 2, 5, 10, 20, 50, …: most happens early."""

PROBE_ROWS = 256


class Recorder(Callback):
    """Records a run in a folder, from which ``gn.runs.open(folder)`` gives any moment back.

    folder          where to; it is made
    steps           after which updates the weights are kept, besides the first and the last; unless
                    given 1, 2, 5, 10, 20, 50, …
    epochs          how many ends of epochs are kept, at most, evenly spread
    probe           rows such as ``data.validation``: at each moment that is kept, the activations
                    and gradients of every layer are measured on the first 256
    data            the name of the data set, where it has one
    inputs, outputs what rows and answers mean, where it is known, as a Model has them

    A moment is a checkpoint: weights, the optimiser's state and the count. A training that goes on
    cuts the run in the folder back to where it goes on from; one that begins anew moves a run that
    is there into the folder's own folder earlier-1, or the next that is free. Recording changes no
    number of the training.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        steps: Iterable[int] = STEPS,
        epochs: int = 50,
        probe: Data | None = None,
        data: str = "",
        inputs: Inputs | None = None,
        outputs: Outputs | None = None,
    ) -> None:
        self.folder, self.steps, self.epochs, self.probe = Path(folder), {*steps}, epochs, probe
        expect_counts(self, "epochs")
        self.meaning = {
            "data": data,
            "inputs": inputs and inputs.to_json(),
            "outputs": outputs and outputs.to_json(),
        }
        self._log = JSONLog(self.folder / LOG, steps=True)
        self._examples: Examples | None = None
        self._unwritten: Snapshot | None = None
        self._began = False

    def on_start(self, fit: Fit) -> None:
        if self.probe is not None:
            examples = make_examples(fit.network, fit.losses, self.probe)
            self._examples = Examples(*examples.gather(slice(PROBE_ROWS), fit.network.dtype))
        remove_leftovers(self.folder / MOMENTS)
        start = fit.checkpoint()
        self._began, self._unwritten = False, None
        fresh = not start.step or not (self.folder / RUN).exists()
        if fresh:
            set_aside(self.folder, RUN, LOG, LAYERS, MOMENTS)
        else:
            self._expect_same_network(start)
            cut_back(self.folder, start.step, start.epoch)
        self._began = True
        described = {"network": start.network, "settings": dict(fit.settings)}
        write_run(self.folder, described | {"meaning": self.meaning})
        self._log.on_start(fit)
        fit.pauses |= self.steps
        if fresh or moment_path(self.folder, start.step).exists() or self._chosen(fit, start):
            self._keep(fit, start)

    def folders(self) -> Iterable[Path]:
        return (self.folder,)

    def on_chunk(self, fit: Fit, chunk: Chunk) -> None:
        self._log.on_chunk(fit, chunk)
        within = chunk.done < chunk.of  # the end of an epoch is kept when it has been measured
        if within and chunk.step + len(chunk.losses) in self.steps:
            self._keep(fit, fit.checkpoint())

    def on_epoch(self, fit: Fit, figures: Figures) -> None:
        self._log.on_epoch(fit, figures)

    def after_epoch(self, fit: Fit, figures: Figures) -> None:  # noqa: ARG002
        self._unwritten = moment = fit.checkpoint()
        if self._chosen(fit, moment):
            self._keep(fit, moment)

    def on_end(self, fit: Fit) -> None:
        if not self._began:
            return
        if (last := fit.left or self._unwritten) is not None:
            self._write(last)
        self._log.on_end(fit)

    def _chosen(self, fit: Fit, moment: Snapshot) -> bool:
        """Say whether a moment is one of those that are kept."""
        every = max(1, -(-(fit.last_epoch - fit.origin) // self.epochs))
        chosen = (moment.epoch - fit.origin) % every == 0 or moment.epoch == fit.last_epoch
        return moment.step in self.steps or (chosen and not moment.met)

    def _keep(self, fit: Fit, moment: Snapshot) -> None:
        """Keep a moment that is now."""
        self._write(moment)
        path = self.folder / LAYERS
        if self._examples is not None:
            there = read_lines(path) if moment.step == fit.first_step and path.exists() else []
            if all(line.get("step") != moment.step for line in there):
                layers = spreads(fit.network, fit.losses, self._examples)
                append_lines(path, [{"step": moment.step, "layers": layers}])

    def _write(self, moment: Snapshot) -> None:
        moment.write(moment_path(self.folder, moment.step))
        self._unwritten = None

    def _expect_same_network(self, start: Snapshot) -> None:
        """Raise SettingError if the folder holds a run of another network."""
        if read_run(self.folder)["network"].get("layers") != start.network["layers"]:
            raise SettingError(
                f"{self.folder} holds a run of another network than the one that goes on. "
                "Record it in another folder."
            )
