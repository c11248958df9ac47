"""Both engines on the same problem, and how far apart they end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import glassnet as gn
from glassnet.data.batches import in_batches
from glassnet.engines import Examples, NativePredictor, State, library
from glassnet.optim import Clipping, Penalty
from glassnet.types import Array, Generator

HERE = library.report()
needs_native = pytest.mark.skipif(HERE.used is None, reason=f"native engine: {HERE.why}")

POSITIVE = ("running_var", "std")


@dataclass(frozen=True)
class Problem:
    """Something to learn, and how. `make` returns the same network each time."""

    make: Callable[[], gn.Network] = field(repr=False)
    x: Any = field(repr=False)
    t: Any = field(repr=False)
    loss: Any
    optimizer: gn.Optimizer = gn.SGD(0.05)  # noqa: RUF009 (it is frozen)
    penalties: Sequence[Penalty] = ()
    clipping: Clipping | None = None
    weights: Array | None = field(default=None, repr=False)
    batch: int = 7
    epochs: int = 3
    shuffle: bool = True
    note: str = ""

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002
        printer.text(f"{self!r}")  # Hypothesis would show every number

    def trainer(self, engine: str) -> gn.Trainer:
        return gn.Trainer(
            self.make(),
            self.loss,
            self.optimizer,
            penalties=self.penalties,
            clipping=self.clipping,
            engine=engine,
        )

    def train(self, engine: str, chunk: int | None = None) -> Outcome:
        """Train for all epochs, so many batches at a time."""
        trainer = self.trainer(engine)
        examples = trainer.examples((self.x, self.t), self.weights)
        losses: list[NDArray[np.float64]] = []
        step, seed = 0, trainer.seed if self.shuffle else None
        for epoch in range(self.epochs):
            batches = in_batches(len(examples), self.batch, seed=seed, epoch=epoch)
            at_once = chunk or len(batches)
            for first in range(0, len(batches), at_once):
                some = batches[first : first + at_once]
                rates = trainer.optimizer.rates(step + 1, len(some))
                losses.append(trainer.runner.run(examples, some, rates, step))
                step += len(some)
        answers = trainer.runner.outputs(examples)
        return Outcome(trainer, examples, np.concatenate(losses), trainer.runner.state(), answers)


@dataclass
class Outcome:
    trainer: gn.Trainer
    examples: Examples
    losses: NDArray[np.float64]
    state: State
    answers: dict[str, Array]

    def arrays(self) -> dict[str, Array]:
        """Everything that training made, by name."""
        slots = {
            f"{name}'s {slot}": array
            for name, slots in self.state.slots.items()
            for slot, array in slots.items()
        }
        answers = {f"the output {name}": y for name, y in self.answers.items()}
        return {"losses": self.losses, **self.state.arrays, **slots, **answers}

    def bits(self) -> dict[str, bytes]:
        return {name: array.tobytes() for name, array in self.arrays().items()}


def expect_agreement(
    problem: Problem,
    tolerance: float,
    chunk: int | None = None,
    *,
    learns: bool = True,
    counts: Callable[[Outcome], object] = bool,
) -> Outcome:
    """Train on both engines; every array must be within the tolerance, by its largest number.

    learns      whether some weight has to move
    counts      is asked with the reference's outcome whether it is fit for a comparison
    """
    reference = problem.train("numpy")
    counts(reference)
    native = problem.train("native", chunk)
    expect_close(native.arrays(), reference.arrays(), tolerance)
    assert not learns or not all(
        np.array_equal(w, problem.make().arrays()[name])
        for name, w in reference.trainer.network.parameters().items()
    ), "nothing was learnt"
    again = NativePredictor(native.trainer.network).outputs(native.examples)
    for name, y in again.items():
        np.testing.assert_array_equal(y, native.answers[name])
    few = {name: x.rows(slice(0, 1)) if isinstance(x, gn.Pixels) else x[:1]
           for name, x in native.examples.xs.items()}  # fmt: skip
    one = NativePredictor(native.trainer.network).outputs(Examples(few, native.examples.ts))
    close = {name: y[:1] for name, y in native.answers.items()}
    expect_close(one, close, tolerance)
    return native


def expect_close(found: dict[str, Array], right: dict[str, Array], tolerance: float) -> None:
    assert found.keys() == right.keys()
    for name, wanted in right.items():
        got = found[name]
        assert got.shape == wanted.shape, name
        assert got.dtype == wanted.dtype, name
        size = max(float(np.abs(wanted).max(initial=0)), 1e-2)
        far = float(np.abs(got - wanted).max(initial=0)) / size
        assert far <= tolerance, f"{name} is {far:.1e} of its largest number off"


def restless(network: gn.Network, seed: int = 1) -> gn.Network:
    """Draw every array anew, so that none is 0 or 1; return the network."""
    rng = np.random.default_rng(seed)
    for name, array in network.arrays().items():
        if name.endswith(POSITIVE):
            array[...] = rng.uniform(0.5, 2, array.shape)
        else:
            array += rng.normal(0, 0.2, array.shape)
    return network


def some_zero(rng: Generator, x: Array, share: float) -> Array:
    """Set a share of all numbers to 0, and some columns as a whole."""
    x = np.where(rng.random(x.shape) < share, 0, x)
    return np.where(rng.random(x.shape[1:]) < share, 0, x)
