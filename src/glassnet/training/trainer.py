"""Trainer: decides what happens while a network learns; an engine makes it happen."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, Never

import numpy as np

from glassnet import engines
from glassnet.data.augment import Augment
from glassnet.data.batches import Batches, batch_size_for, in_batches
from glassnet.defaults import FIT_EPOCHS
from glassnet.engines.base import Examples, Job, Runner, is_finite, prepared_after
from glassnet.errors import DataError, DivergenceError, carrying, error_context
from glassnet.nn.losses import Loss
from glassnet.nn.network import Network
from glassnet.optim import Clipping, Optimizer, Penalty
from glassnet.optim import optimizer as make_optimizer
from glassnet.settings import as_tuple, expect_kind, seed_number, whole_number
from glassnet.training.callbacks.base import Callback, Chunk
from glassnet.training.callbacks.together import start, tell, with_progress
from glassnet.training.checkpoint import Snapshot, read_checkpoint
from glassnet.training.divergence import Rollback
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
        self._training = secrets.token_hex(8)
        self._losses = self._counts = np.zeros(0)  # of the batches that made up `met`
        self._kept: Snapshot | None = None  # from which the next fit goes on
        self._chunk = 1
        self._job = Job(network, self.losses, self.optimizer, self.penalties, clipping)
        self.engine, self.why = engines.choose(engine, self._job)
        self.runner: Runner = self.engine.prepare(self._job)

    def fit(
        self,
        data: Data,
        *more: Never,
        validation: Data | None = None,
        epochs: int = FIT_EPOCHS,
        until: int | None = None,
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
        until           how many epochs there are to be in all, in place of `epochs` more: so
                        training that goes on ends where it would have ended
        batch_size      rows an update; 32 unless given, or all of them where there are fewer
        shuffle         a new order each epoch, fixed by the seed
        sample_weight   (N,), how much each row counts
        class_weight    {class index: weight}, or "balanced"
        augment         gn.Augment() trains on the pictures of x drawn otherwise, anew in each
                        epoch; all figures but the loss are still measured on x as it is
        progress        whether to show it
        train_metrics   whether to measure the metrics on the training rows too, after each epoch

        Ctrl-C ends training after the current batches and returns the history so far. SIGTERM and
        SIGHUP do, too, and have their effect when the callbacks have ended. Raises DivergenceError
        if a loss is not a number, and whatever a callback raises: the last good weights are in
        place, and the error's `history` is what was measured.
        """
        _expect_a_pair("fit", more)
        if not self._job.is_current:
            self._job = replace(self._job)
            self.runner = prepared_after(self.runner, self.engine, self._job)
        examples = make_examples(self.network, self.losses, data, sample_weight, class_weight)
        expect_classes(examples)
        expect_pictures(examples, augment)
        if train_metrics:
            try_out(self.network, examples, self.metrics)
        held_out = None if validation is None else self._held_out(validation)
        batch_size = batch_size_for(len(examples), batch_size)
        last = self.epoch + whole_number("epochs", epochs)
        if until is not None:
            last = epochs = whole_number("until", until)
        plan: dict[str, Any] = {"epochs": int(epochs), "batch_size": batch_size}
        plan |= {"shuffle": shuffle, "augment": augment and augment.config()}
        fit = self._begin(examples, held_out, train_metrics, plan)
        fit.last_epoch, fit.origin = last, self.epoch if until is None else 0
        callbacks = with_progress(callbacks, progress)
        rollback = Rollback(self, fit.history)
        try:
            with ExitStack() as stack:
                stack.callback(self._begin_epoch)  # an epoch that is left begins anew
                stack.enter_context(on_interrupt(lambda: fit.stop("interrupted", now=True)))
                for folder in [folder for one in callbacks for folder in one.folders()]:
                    fit.claim(folder, stack)
                kept, self._kept = self._kept, None
                start(callbacks, fit, kept, stack)
                with fit.kept_by_an_error():
                    while self.epoch < fit.last_epoch and not fit.stopped:
                        began = time.perf_counter()
                        batches = self._batches(len(examples), batch_size, shuffle)
                        drawn = of_epoch(examples, augment, self.seed, self.epoch)
                        loss = self._train_epoch(fit, drawn, batches, callbacks, rollback)
                        if fit.now:
                            fit.left = fit.checkpoint()
                            break
                        figures = {"epoch": self.epoch + 1, "loss": loss}
                        figures |= self._measure(examples if train_metrics else None, held_out)
                        figures["learning_rate"] = self.optimizer.rate(self.step) * fit.rate_factor
                        figures["seconds"] = time.perf_counter() - began
                        self._end_epoch(fit, figures, callbacks)
                fit.history.ended = fit.stopped or "finished"
        except BaseException as error:
            fit.history.ended = fit.history.ended or "error"
            carrying(error, history=fit.history)
            raise
        return fit.history

    def evaluate(self, data: Data, *more: Never, sample_weight: Any = None) -> Figures:
        """Return loss and metrics over all the rows."""
        _expect_a_pair("evaluate", more)
        examples = self.examples(data, sample_weight)
        return self._figures(examples)

    def checkpoint(self, fit: Fit | None = None) -> Snapshot:
        """Return everything that is needed to go on from here, as it is now.

        fit     the call of `fit` that is in progress, if one is
        """
        done = len(self._losses)
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
            losses=self._losses.copy(),
            counts=self._counts[:done].copy(),
            training=self._training,
            rate_factor=fit.rate_factor if fit else 1.0,
            memory=fit.memories() if fit else {},
            settings=fit.settings if fit else self.settings(),
        )

    def save(self, path: str | Path) -> None:
        """Keep everything that is needed to go on: weights, the optimiser's state, the count."""
        self.checkpoint().write(path)

    def resume(self, path: str | Path) -> History:
        """Go on from a checkpoint of a network and an optimiser like these; return its history.

        The seeds become those of the checkpoint; the callbacks of the next `fit` remember what
        those of the same classes did. Raises SettingError, and changes nothing, if the network or
        the optimiser is another.
        """
        return self.go_on(read_checkpoint(path))

    def go_on(self, kept: Snapshot) -> History:
        """Go on from a snapshot, as `resume` does from a file."""
        kept.expect(self.network, self.optimizer, self.runner.state())
        runner = self.engine.prepare(self._job)
        runner.restore(kept.state)
        self.runner = runner
        self.network.seed, self.seed = kept.seed, kept.shuffle_seed
        self.step, self.epoch, self.met = kept.step, kept.epoch, kept.met
        self._losses, self._counts = kept.losses, kept.counts
        self._training, self._kept = kept.training, kept
        self.history = kept.history
        return self.history

    # -- inside fit --------------------------------------------------------------------------

    def _held_out(self, data: Data) -> Examples:
        with error_context("In the validation set"):
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
            earlier=History(list(self.history)),
            settings=self.settings() | dict(plan),
            better=better,
            first_epoch=self.epoch,
            first_step=self.step,
            last_epoch=self.epoch,
            origin=self.epoch,
            keep=self.checkpoint,
        )

    def _end_epoch(self, fit: Fit, figures: Figures, callbacks: Sequence[Callback]) -> None:
        """Count an epoch, and tell the callbacks of it."""
        self._begin_epoch()
        self.epoch += 1
        fit.history.epochs.append(figures)
        self.history.epochs.append(figures)
        tell(
            [partial(callback.on_epoch, fit, figures) for callback in callbacks]
            + [partial(callback.after_epoch, fit, figures) for callback in callbacks]
        )

    def _begin_epoch(self) -> None:
        self.met, self._losses, self._counts = 0, np.zeros(0), np.zeros(0)

    @contextmanager
    def _whole_chunk(self, rollback: Rollback) -> Iterator[None]:
        """Go back to before a chunk, with weights and counts, if an error breaks it off."""
        before = self.step, self.met, self._losses
        try:
            yield
        except DivergenceError:  # it has gone back already
            raise
        except BaseException:
            self.runner.restore(rollback.stretches[-1].state)
            self.step, self.met, self._losses = before
            raise

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
        if self.met > count or (self.met == count and not len(self._losses)):
            raise DataError(
                f"The checkpoint was made after {self.met} rows of an epoch, and the data has "
                f"{count} rows. Go on with the data that it was made with."
            )
        seed = self.seed if shuffle else None
        return in_batches(count, size, seed=seed, epoch=self.epoch, start=self.met)

    def _train_epoch(
        self, fit: Fit, examples: Examples, batches: Batches,
        callbacks: Sequence[Callback], rollback: Rollback,
    ) -> float:  # fmt: skip
        """Train on every batch, a chunk at a time; return the mean loss over the epoch's rows."""
        earlier, done = len(self._losses), 0
        of_epoch = np.concatenate([self._losses, np.empty(len(batches))])
        self._counts = np.concatenate([self._counts[:earlier], examples.counts(batches)])
        while done < len(batches) and not fit.now:
            chunk = batches[done : done + self._until_pause(fit)]
            rates = self.optimizer.rates(self.step + 1, len(chunk)) * fit.rate_factor
            rollback.remember(examples, chunk, rates)
            began = time.perf_counter()
            with self._whole_chunk(rollback):
                losses = self.runner.run(examples, chunk, rates, self.step)
                took = time.perf_counter() - began
                if not is_finite(losses):
                    raise rollback.divergence(self.step + len(losses) - 1, losses[-1])
                of_epoch[earlier + done : earlier + done + len(chunk)] = losses
                done += len(chunk)
                news = Chunk(self.step, losses, rates, done, len(batches))
                self.step += len(chunk)
                rollback.expect_finite_weights()
                self.met += len(chunk.order)
                self._losses = of_epoch[: earlier + done]
            if len(chunk) == self._chunk:  # only a whole one says how long one takes
                self._chunk = _adapt(self._chunk, took)
            tell([partial(callback.on_chunk, fit, news) for callback in callbacks])
        counts = self._counts[: len(self._losses)]
        return float(np.average(self._losses, weights=counts)) if counts.any() else 0.0

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
