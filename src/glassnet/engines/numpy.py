"""The reference engine: the layers as they are written, on NumPy."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from glassnet.data.batches import Batches
from glassnet.data.pixels import Pixels
from glassnet.engines.base import BaseRunner, Examples, Job
from glassnet.errors import ShapeError
from glassnet.memory import keep_pages
from glassnet.nn.network import Network
from glassnet.nn.passes import Pass
from glassnet.types import Array

ROWS_AT_ONCE, BYTES_AT_ONCE = 4096, 256 << 20
"""So many rows go through the network together, or fewer where they would need more memory."""


class NumPyEngine:
    """Runs the layers as written: the mathematics that every other engine is held to."""

    name = "numpy"

    def prepare(self, job: Job) -> NumPyRunner:
        """Get ready to run a job; this engine can run all of them."""
        keep_pages()
        return NumPyRunner(job)

    def predictor(self, network: Network) -> NumPyPredictor:
        """Get ready to answer rows; this engine can answer by every network."""
        return NumPyPredictor(network)

    def refuses(self, what: Job | Network) -> str | None:  # noqa: ARG002
        """Return None: this engine can run all of them."""
        return None


class NumPyRunner(BaseRunner):
    """Forward, loss, backward, update: one batch after the other."""

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self.looked = False
        self.penalized = [
            (penalty, name)
            for penalty in job.penalties
            for name, w in self.parameters.items()
            if penalty.applies_to(name, w)
        ]

    def run(
        self, examples: Examples, batches: Batches, rates: NDArray[np.float64], step: int
    ) -> NDArray[np.float64]:
        """Train on each batch in turn and return each one's loss before its update."""
        self.expect_current()
        losses: list[float] = []
        # Numbers that overflow are the trainer's business: it stops, and says where it began.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for rows, rate in zip(batches, rates.tolist(), strict=True):
                losses.append(self._batch(examples, rows, rate, step))
                if not math.isfinite(losses[-1]):
                    break
                step += 1
        return np.array(losses, np.float64)

    def _batch(self, examples: Examples, rows: NDArray[np.intp], rate: float, step: int) -> float:
        network = self.job.network
        xs, ts, weights = examples.gather(rows, network.dtype)
        p = Pass(network, training=True, step=step, inputs_too=False)
        p.forward(xs)
        p.measure(self.job.losses, ts, weights)
        counts, loss = weights is None or weights.any(), p.loss
        if counts and math.isfinite(loss):
            p.backward()
            if not self.looked:
                p.expect_sound()
            self._update(p.gradients, rate, step + 1)
            self.looked = True
            p.apply_updates()
        return loss

    def _update(self, gradients: dict[str, Array], rate: float, step: int) -> None:
        """Move the parameters: penalties join the gradients, which are clipped and followed."""
        for penalty, name in self.penalized:
            gradients[name] = gradients[name] + penalty.gradient(self.parameters[name])
        if self.job.clipping is not None:
            gradients = self.job.clipping(gradients)
        for name, dw in gradients.items():
            w, state = self.parameters[name], self.slots[name]
            moved, after = self.job.optimizer.moved(w, dw, state, rate, step)
            if not self.looked:
                _expect_state(f"{self.job.optimizer}.moved: {name}", w, state, after)
            w[...], self.slots[name] = moved, after
        for penalty, name in self.penalized:
            w = self.parameters[name]
            if (inside := penalty.projected(w)) is not w:
                w[...] = inside

    def outputs(self, examples: Examples) -> dict[str, Array]:
        """Return the outputs of all rows by name."""
        return outputs(self.job.network, examples)


class NumPyPredictor:
    """A network's forward pass, layer by layer."""

    def __init__(self, network: Network) -> None:
        self.network = network

    def outputs(self, examples: Examples) -> dict[str, Array]:
        """Return the outputs of all rows by name, (N, …) each."""
        return outputs(self.network, examples)

    def answer(self, x: Array | Pixels) -> tuple[Array, bool]:
        """Return the output for the rows x, (N, …), and whether all of it is finite."""
        (name,) = self.network.inputs
        self.network.expect_inputs({name: x})
        (y,) = self.outputs(Examples({name: x}, {})).values()
        return y, bool(np.isfinite(y).all())


@np.errstate(over="ignore", invalid="ignore")  # what is too large shows in the outputs
def outputs(network: Network, examples: Examples) -> dict[str, Array]:
    """Compute the outputs of all rows, some at a time, by name."""
    parts = list(_passes(network, examples))
    return {name: np.concatenate([p[name].y for p in parts]) for name in network.outputs}


def _passes(network: Network, examples: Examples) -> Iterator[Pass]:
    row = network.need.forward * network.dtype.itemsize
    at_once = max(1, min(ROWS_AT_ONCE, BYTES_AT_ONCE // row))
    for start in range(0, len(examples), at_once):
        xs, _, _ = examples.gather(slice(start, start + at_once), network.dtype)
        p = Pass(network, forget=True)
        p.forward(xs)
        yield p


def _expect_state(
    whose: str, w: Array, before: Mapping[str, Array], after: Mapping[str, Array]
) -> None:
    """Raise ShapeError unless an optimiser keeps its state: arrays of those shapes and dtypes.

    None may be w's own memory, which is written to.
    """

    def told(array: Array) -> str:
        own = ", which is w itself" if np.shares_memory(array, w) else ""
        return f"{array.dtype} of shape {array.shape}{own}"

    wanted = {slot: told(array) for slot, array in before.items()}
    got = {slot: told(array) for slot, array in after.items()}
    if got != wanted:
        raise ShapeError(f"{whose} is expected to keep the state {wanted}, got {got}.")
