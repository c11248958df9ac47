"""Trainer: decides what happens while a network learns; an engine makes it happen."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal, Never

import numpy as np

from glassnet import engines
from glassnet.data.augment import Augment
from glassnet.data.batches import Batches, batch_size_for, in_batches
from glassnet.engines.base import Examples, Job, Runner, is_finite
from glassnet.errors import DataError, telling_where
from glassnet.nn.losses import Loss
from glassnet.nn.network import Network
from glassnet.optim import Clipping, Optimizer, Penalty
from glassnet.optim import optimizer as make_optimizer
from glassnet.settings import as_tuple, expect_kind, seed_number, whole_number
from glassnet.training.callbacks.base import Callback, Chunk
from glassnet.training.callbacks.progress import Progress
from glassnet.training.checkpoint import Snapshot, read_checkpoint
from glassnet.training.divergence import Trail
from glassnet.training.evaluation import GivenMetrics, evaluate, metrics_of, try_out
from glassnet.training.examples import (
    ClassWeight,
    Data,
    expect_classes,
    expect_pictures,
    make_examples,
    of_epoch,
)
from glassnet.training.fit import Fit
from glassnet.training.history import Figures, History
from glassnet.training.interrupt import on_interrupt


class Trainer:
    """Trains a network.

    network     what learns; its arrays are changed in place
    loss        what is minimised; with several outputs, a list or a dict by name
    optimizer   an optimiser or its name: "adam", "sgd", …
    metrics     names ("accuracy", "top-5", "f1", "mae", "r2", …) or metrics of your own; one or
                several, or a dict of these where outputs are measured differently
    penalties   one or several, on weight matrices
    clipping    ClipNorm or ClipValue, or none
    engine      "auto", or an engine by name
    seed        of shuffling; the network's own unless given

    ``history`` holds what was measured in all epochs so far, ``epoch`` and ``step`` how many epochs
    and updates were made, ``met`` how many rows of the epoch in progress.
    """

    def __init__(
        self,
        network: Network,
        loss: Loss | Sequence[Loss] | Mapping[str, Loss],
        optimizer: Optimizer | str = "adam",
        *,
        metrics: GivenMetrics = (),
        penalties: Penalty | Iterable[Penalty] | None = (),
        clipping: Clipping | None = None,
        engine: str = "auto",
        seed: int | None = None,
    ) -> None:
        expect_kind("network", network, Network, "gn.Sequential([gn.Dense(10)], input_shape=64)")
        self.network = network
        self.losses = network.losses(loss)
        self.optimizer = make_optimizer(optimizer)
        self.metrics = metrics_of(network.outputs, metrics)
        self.penalties = as_tuple("penalties", penalties, Penalty, "gn.L2(1e-4)")
        expect_kind("clipping", clipping, Clipping | None, "gn.ClipNorm(1.0)")
        self.clipping = clipping
        self.seed = network.seed if seed is None else seed_number(seed)
        self.epoch = 0
        self.step = 0
        self.met = 0
        self.history = History()
        self._chunk = 1
        self._job = Job(network, self.losses, self.optimizer, self.penalties, clipping)
        self.engine, self.why = engines.choose(engine, self._job)
        self.runner: Runner = self.engine.prepare(self._job)

    def fit(
        self,
        data: Data,
        *more: Never,
        validation: Data | None = None,
        epochs: int = 10,
        batch_size: int | None = None,
        shuffle: bool = True,
        sample_weight: Any = None,
        class_weight: ClassWeight = None,
        augment: Augment | None = None,
        callbacks: Callback | Iterable[Callback] | None = (),
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
        augment         gn.Augment() trains on the pictures of x drawn otherwise, anew in each
                        epoch; all figures but the loss are still measured on x as it is
        progress        whether to show it
        train_metrics   whether to measure the metrics on the training rows too, after each epoch

        Ctrl-C ends training after the current batches and returns the history so far. Raises
        DivergenceError, with the last good weights in place, if a loss is not a number.
        """
        _expect_a_pair("fit", more)
        examples = make_examples(self.network, self.losses, data, sample_weight, class_weight)
        expect_classes(examples)
        expect_pictures(examples, augment)
        if train_metrics:
            try_out(self.network, examples, self.metrics)
        held_out = None if validation is None else self._held_out(validation)
        batch_size = batch_size_for(len(examples), batch_size)
        plan: dict[str, Any] = {"epochs": whole_number("epochs", epochs), "batch_size": batch_size}
        plan |= {"shuffle": shuffle, "augment": augment and augment.config()}
        fit = self._begin(examples, held_out, train_metrics, plan)
        callbacks = _callbacks(callbacks, progress)
        history = fit.history
        trail = Trail(self, history)
        with ExitStack() as stack:
            stack.callback(setattr, self, "met", 0)  # an epoch that is left begins anew
            stack.enter_context(on_interrupt(lambda: fit.stop("interrupted", now=True)))
            for callback in callbacks:
                stack.callback(callback.on_end, fit)
                callback.on_start(fit)
            while self.epoch < fit.last_epoch and not fit.stopped:
                began = time.perf_counter()
                batches = self._batches(len(examples), batch_size, shuffle)
                drawn = of_epoch(examples, augment, self.seed, self.epoch)
                loss = self._train_epoch(fit, drawn, batches, callbacks, trail)
                if fit.now:
                    break
                self.epoch, self.met = self.epoch + 1, 0
                figures = {"epoch": self.epoch, "loss": loss}
                figures |= self._measure(examples if train_metrics else None, held_out)
                figures["learning_rate"] = self.optimizer.rate(self.step) * fit.rate_factor
                figures["seconds"] = time.perf_counter() - began
                history.epochs.append(figures)
                self.history.epochs.append(figures)
                for callback in callbacks:
                    callback.on_epoch(fit, figures)
            history.ended = fit.stopped or "finished"
        return history

    def evaluate(self, data: Data, *more: Never, sample_weight: Any = None) -> Figures:
        """Return loss and metrics over all the rows."""
        _expect_a_pair("evaluate", more)
        examples = self.examples(data, sample_weight)
        return self._figures(examples)

    def checkpoint(self) -> Snapshot:
        """Return everything that is needed to go on from here, as it is now."""
        return Snapshot(
            network=self.network.config(),
            optimizer=self.optimizer.config(),
            state=self.runner.state().copy(),
            seed=self.network.seed,
            shuffle_seed=self.seed,
            step=self.step,
            epoch=self.epoch,
            met=self.met,
            history=History(list(self.history)),
        )

    def save(self, path: str | Path) -> None:
        """Keep everything that is needed to go on: weights, the optimiser's state, the count."""
        self.checkpoint().write(path)

    def resume(self, path: str | Path) -> History:
        """Go on from a checkpoint of a network and an optimiser like these; return its history.

        The seeds become those of the checkpoint. Raises SettingError, and changes nothing, if the
        network or the optimiser is another.
        """
        kept = read_checkpoint(path)
        kept.expect(self.network, self.optimizer, self.runner.state())
        runner = self.engine.prepare(self._job)
        runner.restore(kept.state)
        self.runner = runner
        self.network.seed, self.seed = kept.seed, kept.shuffle_seed
        self.step, self.epoch, self.met = kept.step, kept.epoch, kept.met
        self.history = kept.history
        return self.history

    # -- inside fit --------------------------------------------------------------------------

    def _held_out(self, data: Data) -> Examples:
        with telling_where("In the validation set"):
            examples = self.examples(data)
            try_out(self.network, examples, self.metrics)
        return examples

    def _begin(
        self,
        examples: Examples,
        held_out: Examples | None,
        train_metrics: bool,
        plan: Mapping[str, Any],
    ) -> Fit:
        """Write down what is planned."""
        measured = self._better()
        better = dict(measured) if train_metrics else {"loss": measured["loss"]}
        if held_out is not None:
            better |= {f"validation_{name}": way for name, way in measured.items()}
        return Fit(
            network=self.network,
            losses=self.losses,
            examples=examples,
            held_out=held_out,
            runner=self.runner,
            history=History(engine=f"{self.engine.name}: {self.why}"),
            settings=self.settings() | dict(plan),
            better=better,
            first_epoch=self.epoch,
            first_step=self.step,
            last_epoch=self.epoch + plan["epochs"],
            checkpoint=self.checkpoint,
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

    def _batches(self, count: int, size: int, shuffle: bool) -> Batches:
        """Cut what this epoch has left of its rows, in its order, into batches.

        The last one may be smaller. Raises DataError if more was met than there is.
        """
        if self.met >= count:
            raise DataError(
                f"The checkpoint was made after {self.met} rows of an epoch, and the data has "
                f"{count} rows. Go on with the data that it was made with."
            )
        seed = self.seed if shuffle else None
        return in_batches(count, size, seed=seed, epoch=self.epoch, start=self.met)

    def _train_epoch(
        self, fit: Fit, examples: Examples, batches: Batches,
        callbacks: Sequence[Callback], trail: Trail,
    ) -> float:  # fmt: skip
        """Train on every batch, a chunk at a time; return the mean loss over their rows."""
        of_epoch = np.empty(len(batches))
        done = 0
        while done < len(batches) and not fit.now:
            chunk = batches[done : done + self._until_pause(fit)]
            rates = self.optimizer.rates(self.step + 1, len(chunk)) * fit.rate_factor
            trail.remember(examples, chunk, rates)
            began = time.perf_counter()
            losses = self.runner.run(examples, chunk, rates, self.step)
            took = time.perf_counter() - began
            if not is_finite(losses):
                raise trail.divergence(self.step + len(losses) - 1, losses[-1])
            of_epoch[done : done + len(chunk)] = losses
            done += len(chunk)
            news = Chunk(self.step, losses, rates, done, len(batches))
            self.step += len(chunk)
            trail.expect_finite_weights()
            self.met += len(chunk.order)
            if len(chunk) == self._chunk:  # only a whole one says how long one takes
                self._chunk = _adapt(self._chunk, took)
            for callback in callbacks:
                callback.on_chunk(fit, news)
        counts = examples.counts(batches[:done])
        return float(np.average(of_epoch[:done], weights=counts)) if counts.any() else 0.0

    def _until_pause(self, fit: Fit) -> int:
        """Say how many batches come next: a chunk, or fewer where someone wants to look sooner."""
        return min([self._chunk, *(step - self.step for step in fit.pauses if step > self.step)])

    def _measure(self, examples: Examples | None, held_out: Examples | None) -> Figures:
        """Measure the metrics on the training rows, and all figures on those held out."""
        figures: Figures = {}
        if examples is not None and any(self.metrics.values()):
            figures |= self._figures(examples)
            del figures["loss"]  # the epoch has its own, the mean over its batches
        if held_out is not None:
            measured = self._figures(held_out)
            figures |= {f"validation_{name}": value for name, value in measured.items()}
        return figures

    def _figures(self, examples: Examples) -> Figures:
        """Measure the loss and the metrics over all rows, by what the engine makes of them."""
        return evaluate(self.runner.outputs(examples), self.losses, examples, self.metrics)

    def _better(self) -> dict[str, Literal["lower", "higher"]]:
        """Name every figure that `evaluate` returns, with the way in which it is better."""
        better: dict[str, Literal["lower", "higher"]] = {"loss": "lower"}
        for output in self.losses:
            prefix = f"{output}_" if len(self.losses) > 1 else ""
            better |= {f"{prefix}loss": "lower"}
            better |= {f"{prefix}{one.name}": one.better for one in self.metrics.get(output, ())}
        return better


def _callbacks(given: Any, progress: bool) -> list[Callback]:
    """Check the callbacks, and add the progress that is shown unless it is not wanted."""
    callbacks = [*as_tuple("callbacks", given, Callback, "gn.EarlyStopping()")]
    if progress and not any(isinstance(one, Progress) for one in callbacks):
        callbacks.append(Progress())
    return callbacks


def _expect_a_pair(method: str, more: Sequence[object]) -> None:
    """Refuse x and t as two arguments, a habit from other libraries."""
    if more:
        raise DataError(
            f"{method} expects x and t as one pair, {method}((x, t)), or rows such as data.train; "
            f"got {1 + len(more)} arguments."
        )


def _adapt(chunk: int, seconds: float) -> int:
    """Choose how many batches come next, so that callbacks hear of them several times a second."""
    return max(1, int(chunk * min(max(0.2 / seconds, 0.5), 16))) if seconds else chunk * 16
