"""Patient: everything that the doctor may look at, computed when it is first asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from glassnet.doctor.trial import Trial, try_out
from glassnet.engines.base import Examples
from glassnet.engines.numpy import outputs
from glassnet.nn.losses import Loss
from glassnet.nn.network import Network
from glassnet.nn.passes import Pass
from glassnet.optim import Optimizer
from glassnet.training.baseline import constant_loss
from glassnet.training.evaluation import evaluate
from glassnet.training.history import History
from glassnet.types import Array


@dataclass(frozen=True, eq=False)
class Patient:
    """A network with its data and, where they are known, its training.

    losses          by output
    examples        the training rows
    validation      rows that are not trained on, or None
    history         what training measured, or None
    optimizer       by which it is trained
    columns         names of the input's columns; empty, they go by their numbers
    rows_in_pass    how many rows are looked at as a batch
    rows_of_data    how many rows stand for the data
    """

    network: Network
    losses: Mapping[str, Loss]
    examples: Examples
    validation: Examples | None
    history: History | None
    optimizer: Optimizer
    columns: Sequence[str] = ()
    rows_in_pass: int = 512
    rows_of_data: int = 10_000

    @cached_property
    def run(self) -> Pass:
        """One batch, forward and backward as in training."""
        xs, ts, _ = self.examples.gather(self._some(self.rows_in_pass), self.network.dtype)
        with np.errstate(all="ignore"):
            p = self.network.measure(xs, ts, self.losses, training=True)
            p.backward()
        return p

    @cached_property
    def rows(self) -> tuple[dict[str, Array], dict[str, Array]]:
        """Inputs and targets of the rows that stand for the data."""
        xs, ts, _ = self.examples.gather(self._some(self.rows_of_data), self.network.dtype)
        return xs, ts

    @cached_property
    def constant(self) -> float:
        """The loss of the best answer that is the same for every training row."""
        return self.constant_on(self.rows[1])

    def constant_on(self, ts: Mapping[str, Array]) -> float:
        """Return the loss of the best answer that is the same for all of these targets."""
        shapes = self.network.output_shapes
        return constant_loss(self.losses, ts, {name: shapes[name][0] for name in ts})

    @cached_property
    def loss(self) -> float:
        """The loss over the rows that stand for the data, as the network is."""
        xs, ts = self.rows
        return self.loss_on(Examples(xs, ts))

    def loss_on(self, examples: Examples) -> float:
        """Return the loss over rows, as the network is."""
        with np.errstate(all="ignore"):
            ys = outputs(self.network, examples)
            return evaluate(ys, self.losses, examples, {})["loss"]

    @cached_property
    def trial(self) -> Trial:
        """A short training of copies, at the optimiser's rate and beside it."""
        xs, ts, _ = self.examples.gather(self._some(self.rows_in_pass), self.network.dtype)
        return try_out(self.network, self.losses, Examples(xs, ts), self.optimizer)

    def column(self, place: int, of: int) -> str:
        """Call one of so many columns by its name, where names are known, else by its number."""
        return repr(self.columns[place]) if len(self.columns) == of else str(place)

    def _some(self, count: int) -> NDArray[np.intp]:
        """Choose rows at random, always the same ones; all of them where there are no more."""
        order = np.random.default_rng(0).permutation(len(self.examples))
        return np.sort(order[:count])
