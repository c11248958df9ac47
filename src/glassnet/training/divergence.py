"""When the loss stops being a number: where it began, and the last weights that were good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from glassnet.data.batches import Batches
from glassnet.engines.base import Examples, Runner, State
from glassnet.errors import DivergenceError
from glassnet.nn.network import Network
from glassnet.nn.passes import Pass
from glassnet.training.history import History
from glassnet.types import Array


class Steps(Protocol):
    """Who trains, a `Trainer`, as far as it has to go back.

    step    how many updates were made
    """

    network: Network
    runner: Runner
    step: int


@dataclass(frozen=True, eq=False)
class Stretch:
    """A chunk of batches with their rates, and the state and the count of updates before it.

    examples    the rows as they were then
    """

    examples: Examples
    state: State
    step: int
    batches: Batches
    rates: NDArray[np.float64]


class Rollback:
    """The way back to the last good weights: the state two chunks ago, and the batches since.

    Training is the same whenever it is done again, so any step since then can be reached by doing
    its batches once more, on whatever engine runs.
    """

    def __init__(self, trainer: Steps, history: History) -> None:
        self.trainer = trainer
        self.history = history
        self.stretches: list[Stretch] = []

    def remember(self, examples: Examples, batches: Batches, rates: NDArray[np.float64]) -> None:
        """Note a chunk that is about to run."""
        oldest = self.stretches[0].state if len(self.stretches) == 2 else None
        state = self.trainer.runner.state().copy(into=oldest)
        self.stretches = [
            *self.stretches[-1:],
            Stretch(examples, state, self.trainer.step, batches, rates),
        ]

    def expect_finite_weights(self) -> None:
        """Raise DivergenceError if the last update left a weight that is not a finite number."""
        if not all(_finite(w) for w in self.trainer.network.arrays().values()):
            raise self.divergence(self.trainer.step)

    def divergence(self, made: int, loss: float | None = None) -> DivergenceError:
        """Go back to the weights before the last update, and return the error that says why.

        made    how many updates had been made
        loss    what it became then; None if it was the weights that were not finite
        """
        start, last = self.stretches[0], self.stretches[-1]
        failed = last.batches[min(made - last.step, len(last.batches) - 1)]
        where, layer = self._first_not_finite(last.examples, failed, made)
        kept = self.trainer.step = max(made - 1, start.step)
        self.trainer.runner.restore(start.state)
        for stretch in self.stretches:
            self._run(stretch, kept - stretch.step)
        rates = np.concatenate([stretch.rates for stretch in self.stretches])
        step = made if loss is None else made + 1
        what = "it left weights that are no numbers" if loss is None else f"the loss became {loss}"
        self.history.ended = "diverged"
        error = DivergenceError(
            f"Training stopped at step {step}: {what}. {where} The weights after step {kept} were "
            f"kept. Try a smaller learning rate (it was {rates[kept - start.step]:g}), "
            "gradients clipped to a norm of 1, or inputs scaled to about -1..1."
        )
        error.step, error.layer, error.history = step, layer, self.history
        return error

    def _run(self, stretch: Stretch, count: int) -> None:
        """Train on the first `count` batches of a stretch, or on all where it has fewer."""
        if count > 0:
            batches, rates = stretch.batches[:count], stretch.rates[:count]
            self.trainer.runner.run(stretch.examples, batches, rates, stretch.step)

    def _first_not_finite(
        self, examples: Examples, rows: NDArray[np.intp], made: int
    ) -> tuple[str, str]:
        """Look through the pass that failed, in the order in which it is computed."""
        network = self.trainer.network
        xs, _, _ = examples.gather(rows, network.dtype)
        p = Pass(network, training=True, step=made)
        with np.errstate(all="ignore"):
            p.forward(xs)
        for node in network.nodes:
            for name, array in node.layer.arrays().items():
                if not _finite(array):
                    return f"The first that is not finite is {node.owner}.{name}.", node.owner
            if not _finite(p[node.name].y):
                where = f"the output of {node.name}, {node.layer}"
                return f"The first that is not finite is {where}.", node.name
        return "The network's outputs are finite, but too large for the loss.", ""


def _finite(array: Array) -> bool:
    return bool(np.isfinite(array).all())
