"""The engine protocol: what is asked of whatever computes, to train a network and to answer by it.

The trainer decides (epochs, order, rates, callbacks); an engine computes. `prepare` turns a job
into a runner; the runner is handed chunks of batches, by row index, and returns their losses. Where
a chunk ends, everything can be read back: the network's own arrays hold the weights, and `state`
the rest, so that training can be looked at, kept, and gone on with by any other engine. Of a
network that is not trained, `predictor` makes what answers rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from glassnet.data.batches import Batches
from glassnet.data.pixels import Pixels, gather
from glassnet.errors import SettingError
from glassnet.nn.losses import Loss
from glassnet.nn.network import Network
from glassnet.optim import Clipping, Optimizer, Penalty
from glassnet.types import Array


@dataclass(frozen=True)
class Job:
    """What is to be trained, and by which rules; losses are matched to outputs by name.

    frozen      names of the layers that are not trained: those that are frozen when it is made
    """

    network: Network
    losses: Mapping[str, Loss]
    optimizer: Optimizer
    penalties: Sequence[Penalty] = ()
    clipping: Clipping | None = None
    frozen: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "frozen", self.network.frozen())

    @property
    def is_current(self) -> bool:
        """Whether the same layers are frozen still."""
        return self.frozen == self.network.frozen()


@dataclass(frozen=True)
class Examples:
    """Checked rows, ready for training: inputs and targets by name, and what each row counts.

    xs      (N, …) each, in the network's dtype, or Pixels
    ts      (N, …) each, as their losses want them
    weights (N,), or None where all rows count the same
    """

    xs: Mapping[str, Array | Pixels]
    ts: Mapping[str, Array]
    weights: Array | None = None

    def __len__(self) -> int:
        return len(next(iter(self.xs.values())))

    def counts(self, batches: Batches) -> NDArray[np.float64]:
        """Return how much each batch's rows count: as many as they are, unless weighted.

        result: (len(batches),)
        """
        if self.weights is None:
            return batches.sizes.astype(np.float64)
        starts = np.arange(0, len(batches.order), batches.size)
        return np.add.reduceat(self.weights[batches.order], starts, dtype=np.float64)

    def gather(
        self, rows: NDArray[np.intp] | slice, dtype: np.dtype[np.generic]
    ) -> tuple[dict[str, Array], dict[str, Array], Array | None]:
        """Return the inputs, targets and weights of some rows; bytes become floats here."""
        xs = {
            name: x.batch(rows, dtype) if isinstance(x, Pixels) else gather(x, rows)
            for name, x in self.xs.items()
        }
        ts = {name: gather(t, rows) for name, t in self.ts.items()}
        return xs, ts, None if self.weights is None else gather(self.weights, rows)


@dataclass
class State:
    """Everything that training moves: the network's arrays and the optimiser's, by parameter."""

    arrays: dict[str, Array]
    slots: dict[str, dict[str, Array]] = field(default_factory=dict)

    def copy(self, into: State | None = None) -> State:
        """Return a copy that training will not touch.

        into    an old copy of the same job's state, whose memory is used again
        """
        if into is None:
            return State(
                {name: array.copy() for name, array in self.arrays.items()},
                {
                    name: {slot: array.copy() for slot, array in slots.items()}
                    for name, slots in self.slots.items()
                },
            )
        for name, array in self.arrays.items():
            into.arrays[name][...] = array
        for name, slots in self.slots.items():
            for slot, array in slots.items():
                into.slots[name][slot][...] = array
        return into


class Runner(Protocol):
    """One job in progress."""

    def run(
        self, examples: Examples, batches: Batches, rates: NDArray[np.float64], step: int
    ) -> NDArray[np.float64]:
        """Train on each batch in turn and return each one's loss before its update.

        rates   (len(batches),) the learning rate of each batch
        step    how many updates were made before
        result  (len(batches),), in a new array; shorter if a loss is not finite

        If a loss is not finite, its batch makes no update and it is the last one returned. A batch
        whose rows all have the weight 0 has the loss 0 and moves nothing, though it counts.
        """
        ...

    def outputs(self, examples: Examples) -> dict[str, Array]:
        """Return the outputs of all rows by name, (N, …) each, as the network is now.

        Nothing is dropped and nothing moves. What is too large to compute with is not finite.
        """
        ...

    def state(self) -> State:
        """Return the arrays as they are now; the runner goes on changing them."""
        ...

    def restore(self, state: State) -> None:
        """Go on from a state."""
        ...


def prepared_after(runner: Runner, engine: Engine, job: Job) -> Runner:
    """Prepare a job that trains other layers than the one before; what was learnt goes on.

    So does what the optimiser remembers of the parameters that both train.
    """
    slots = runner.state().slots
    anew = engine.prepare(job)
    both = slots.keys() & anew.state().slots.keys()
    anew.restore(State({}, {name: slots[name] for name in both}))
    return anew


class Predictor(Protocol):
    """A network that answers rows, from any thread: as it is at each call, not as it was."""

    network: Network

    def outputs(self, examples: Examples) -> dict[str, Array]:
        """Return the outputs of all rows by name, (N, …) each.

        Nothing is dropped. What is too large to compute with is not finite.
        """
        ...

    def answer(self, x: Array | Pixels) -> tuple[Array, bool]:
        """Return the output for the rows x, (N, …), and whether all of it is finite.

        The network has one input and one output.
        """
        ...


class BaseRunner:
    """What every runner here keeps of its job: the network's own arrays, and the optimiser's."""

    def __init__(self, job: Job) -> None:
        job.network.expect_room()
        self.job = job
        self.parameters = job.network.parameters()
        if not self.parameters and job.frozen:
            raise SettingError("Every layer is frozen: nothing would learn. Call net.unfreeze().")
        self.slots = {name: job.optimizer.start(w) for name, w in self.parameters.items()}

    def expect_current(self) -> None:
        """Raise SettingError if layers were frozen, or unfrozen, while this runs."""
        if not self.job.is_current:
            raise SettingError(
                "Layers were frozen or unfrozen in the middle of a training. Do it between two "
                "calls of fit: fit(…, epochs=5), net.unfreeze(…), fit(…)."
            )

    def state(self) -> State:
        """Return the arrays as they are now; training goes on changing them."""
        return State(self.job.network.arrays(), self.slots)

    def restore(self, state: State) -> None:
        """Go on from a state."""
        self.job.network.load_parameters(state.arrays)
        for name, slots in state.slots.items():
            for slot, value in slots.items():
                self.slots[name][slot][...] = value


class Engine(Protocol):
    """A way to compute."""

    name: str

    def prepare(self, job: Job) -> Runner:
        """Get ready to run a job; SettingError names what the engine cannot do."""
        ...

    def predictor(self, network: Network) -> Predictor:
        """Get ready to answer rows; SettingError names what the engine cannot do."""
        ...

    def refuses(self, what: Job | Network) -> str | None:
        """Say why this engine cannot run a job, or answer by a network; None if it can."""
        ...


def is_finite(losses: NDArray[np.float64]) -> bool:
    """Return whether a runner came to the end of its chunk; only the last loss can be otherwise."""
    return math.isfinite(losses[-1])
