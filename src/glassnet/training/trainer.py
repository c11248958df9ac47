"""Trainer: decides what happens while a network learns; an engine makes it happen."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from glassnet import engines
from glassnet.data.batches import permutation
from glassnet.data.rows import Rows
from glassnet.engines.base import Examples, Job, Runner, is_finite
from glassnet.errors import DataError, SettingError
from glassnet.nn.losses import Loss
from glassnet.nn.network import Network
from glassnet.optim import Clipping, Optimizer, Penalty
from glassnet.optim import optimizer as make_optimizer
from glassnet.training import checkpoint
from glassnet.training.callbacks.base import Callback, Chunk
from glassnet.training.callbacks.progress import Progress
from glassnet.training.divergence import Trail
from glassnet.training.evaluation import evaluate
from glassnet.training.examples import ClassWeight, make_examples
from glassnet.training.fit import Fit
from glassnet.training.history import Figures, History
from glassnet.training.interrupt import on_interrupt
from glassnet.training.metrics import Metric, metric

Data = Rows | tuple[Any, Any]
"""Rows such as ``data.train``, or a pair (x, t) of arrays."""

DEFAULT_BATCH_SIZE = 32


class Trainer:
    """Trains a network.

    network     what learns; its arrays are changed in place
    loss        what is minimised; with several outputs, a list or a dict by name
    optimizer   an optimiser or its name: "adam", "sgd", …
    metrics     names ("accuracy", "top-5", "f1", "mae", "r2", …) or metrics of your own
    penalties   one or several, on weight matrices
    clipping    ClipNorm or ClipValue, or none
    engine      "auto", or an engine by name
    seed        of shuffling; the network's own unless given
    """

    def __init__(
        self,
        network: Network,
        loss: Loss | Sequence[Loss] | Mapping[str, Loss],
        optimizer: Optimizer | str = "adam",
        *,
        metrics: Sequence[str | Metric] = (),
        penalties: Penalty | Sequence[Penalty] = (),
        clipping: Clipping | None = None,
        engine: str = "auto",
        seed: int | None = None,
    ) -> None:
        self.network = network
        self.losses = network.losses(loss)
        self.optimizer = make_optimizer(optimizer)
        self.metrics = [metric(one) for one in metrics]
        self.penalties = (penalties,) if isinstance(penalties, Penalty) else tuple(penalties)
        self.clipping = clipping
        self.engine, self.why = engines.choose(engine)
        self.seed = network.seed if seed is None else seed
        self.epoch = 0
        self.step = 0
        self._chunk = 1
        self.runner: Runner = self.engine.prepare(
            Job(network, self.losses, self.optimizer, self.penalties, clipping)
        )

    def fit(
        self,
        data: Data,
        *,
        validation: Data | None = None,
        epochs: int = 10,
        batch_size: int | None = None,
        shuffle: bool = True,
        sample_weight: Any = None,
        class_weight: ClassWeight = None,
        callbacks: Iterable[Callback] = (),
        progress: bool = True,
        train_metrics: bool = True,
    ) -> History:
        """Train for some epochs and return what was measured. A second call goes on from there.

        data            rows such as ``data.train``, or a pair (x, t)
        validation      rows that are measured after each epoch and never trained on
        batch_size      rows an update; 32 unless given, or all of them where there are fewer
        shuffle         a new order each epoch, fixed by the seed
        sample_weight   (N,), how much each row counts
        class_weight    {class index: weight}, or "balanced"
        progress        whether to show it
        train_metrics   whether to measure the metrics on the training rows too, after each epoch

        Ctrl-C ends training after the current batches and returns the history so far. Raises
        DivergenceError, with the last good weights in place, if a loss is not a number.
        """
        examples = make_examples(self.network, self.losses, data, sample_weight, class_weight)
        held_out = None if validation is None else self.examples(validation)
        batch_size = _batch_size(batch_size, len(examples))
        plan = {"epochs": epochs, "batch_size": batch_size, "shuffle": shuffle}
        fit = self._begin(held_out, epochs, train_metrics, plan)
        history = fit.history
        callbacks = list(callbacks)
        if progress and not any(isinstance(one, Progress) for one in callbacks):
            callbacks.append(Progress())
        trail = Trail(self, examples, history)
        with ExitStack() as stack:
            stack.enter_context(on_interrupt(lambda: fit.stop("interrupted", now=True)))
            for callback in callbacks:
                stack.callback(callback.on_end, fit)
                callback.on_start(fit)
            while self.epoch < fit.last_epoch and not fit.stopped:
                began = time.perf_counter()
                batches = self._batches(len(examples), batch_size, shuffle)
                loss = self._train_epoch(fit, examples, batches, callbacks, trail)
                if fit.now:
                    break
                self.epoch += 1
                trail.expect_finite_weights(self.step)
                figures = {"epoch": self.epoch, "loss": loss}
                figures |= self._measure(examples if train_metrics else None, held_out)
                figures["learning_rate"] = self._rate(fit, self.step - 1)
                figures["seconds"] = time.perf_counter() - began
                history.epochs.append(figures)
                for callback in callbacks:
                    callback.on_epoch(fit, figures)
            history.ended = fit.stopped or "finished"
        return history

    def evaluate(self, data: Data, *, sample_weight: Any = None) -> Figures:
        """Return loss and metrics over all the rows."""
        examples = self.examples(data, sample_weight)
        return evaluate(self.network, self.losses, examples, self.metrics)

    def save(self, path: str | Path, history: History | None = None) -> None:
        """Keep everything that is needed to go on: weights, the optimiser's state, the count."""
        checkpoint.write(
            path, self.network, self.optimizer, self.runner.state(), self.step, self.epoch, history
        )

    def resume(self, path: str | Path) -> History:
        """Go on from a checkpoint of a network and an optimiser like these; return its history."""
        kept = checkpoint.read(path)
        kept.expect(self.network, self.optimizer, self.runner.state())
        self.runner.restore(kept.state)
        self.step, self.epoch = kept.step, kept.epoch
        return kept.history

    # -- inside fit --------------------------------------------------------------------------

    def _begin(
        self,
        held_out: Examples | None,
        epochs: int,
        train_metrics: bool,
        settings: Mapping[str, Any],
    ) -> Fit:
        """Check the plan and write it down."""
        if not isinstance(epochs, int) or epochs < 1:
            raise SettingError(f"fit expects epochs as a whole number from 1, got {epochs!r}.")
        measured = self._better()
        better = dict(measured) if train_metrics else {"loss": measured["loss"]}
        if held_out is not None:
            better |= {f"validation_{name}": way for name, way in measured.items()}
        return Fit(
            network=self.network,
            runner=self.runner,
            history=History(engine=f"{self.engine.name}: {self.why}"),
            settings=self.settings() | dict(settings),
            better=better,
            first_epoch=self.epoch,
            last_epoch=self.epoch + epochs,
            save=self.save,
        )

    def settings(self) -> dict[str, Any]:
        """Describe how this trainer trains, as JSON."""
        return {
            "losses": {name: loss.config() for name, loss in self.losses.items()},
            "optimizer": self.optimizer.config(),
            "penalties": [penalty.config() for penalty in self.penalties],
            "clipping": self.clipping and self.clipping.config(),
            "engine": self.engine.name,
            "seed": self.seed,
        }

    def examples(self, data: Data, sample_weight: Any = None) -> Examples:
        """Check data against the network and its losses, and make it ready for training."""
        return make_examples(self.network, self.losses, data, sample_weight)

    def _batches(self, count: int, size: int, shuffle: bool) -> list[NDArray[np.intp]]:
        """Cut this epoch's order of the rows into batches; the last one may be smaller."""
        rows = permutation(count, self.seed, self.epoch) if shuffle else np.arange(count)
        return [rows[start : start + size] for start in range(0, count, size)]

    def _train_epoch(
        self, fit: Fit, examples: Examples, batches: Sequence[NDArray[np.intp]],
        callbacks: Sequence[Callback], trail: Trail,
    ) -> float:  # fmt: skip
        """Train on every batch, a chunk at a time; return the mean loss over their rows."""
        total = counted = 0.0
        done = 0
        while done < len(batches) and not fit.now:
            chunk = batches[done : done + self._chunk]
            rates = [self._rate(fit, self.step + i) for i in range(len(chunk))]
            trail.remember(self.runner.state(), chunk, rates, self.step)
            began = time.perf_counter()
            losses = self.runner.run(examples, chunk, rates, self.step)
            took = time.perf_counter() - began
            if not is_finite(losses):
                raise trail.divergence(self.step + len(losses) - 1, losses[-1])
            for rows, loss in zip(chunk, losses, strict=True):
                weight = examples.weight(rows)
                total += loss * weight
                counted += weight
            done += len(chunk)
            news = Chunk(self.step, losses, rates, done, len(batches))
            self.step += len(chunk)
            self._chunk = _adapt(self._chunk, took)
            for callback in callbacks:
                callback.on_chunk(fit, news)
        return total / counted if counted else 0.0

    def _rate(self, fit: Fit, step: int) -> float:
        return self.optimizer.rate(step + 1) * fit.rate_factor

    def _measure(self, examples: Examples | None, held_out: Examples | None) -> Figures:
        """Measure the metrics on the training rows, and all figures on those held out."""
        figures: Figures = {}
        if examples is not None and self.metrics:
            figures |= evaluate(self.network, self.losses, examples, self.metrics)
            del figures["loss"]  # the epoch has its own, the mean over its batches
        if held_out is not None:
            measured = evaluate(self.network, self.losses, held_out, self.metrics)
            figures |= {f"validation_{name}": value for name, value in measured.items()}
        return figures

    def _better(self) -> dict[str, Literal["lower", "higher"]]:
        """Name every figure that `evaluate` returns, with the way in which it is better."""
        better: dict[str, Literal["lower", "higher"]] = {"loss": "lower"}
        for output in self.losses:
            prefix = f"{output}_" if len(self.losses) > 1 else ""
            better |= {f"{prefix}loss": "lower"}
            better |= {f"{prefix}{one.name}": one.better for one in self.metrics}
        return better


def _batch_size(given: int | None, rows: int) -> int:
    if given is None:
        return min(DEFAULT_BATCH_SIZE, rows)
    if not isinstance(given, int | np.integer) or given < 1:
        raise SettingError(f"batch_size is a whole number from 1, got {given!r}.")
    if given > rows:
        raise DataError(
            f"batch_size={given} is larger than the data, which has {rows} rows. "
            f"Use a batch size of at most {rows}."
        )
    return int(given)


def _adapt(chunk: int, seconds: float) -> int:
    """Choose how many batches come next, so that callbacks hear of them several times a second."""
    if seconds < 0.05:
        return chunk * 2
    return max(1, chunk // 2) if seconds > 0.2 else chunk
