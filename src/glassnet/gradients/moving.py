"""all_parameters_move(): what training does not touch, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from textwrap import wrap
from typing import Any

import numpy as np

from glassnet.errors import SettingError
from glassnet.nn.losses import Loss
from glassnet.nn.network import Network
from glassnet.nn.passes import Pass
from glassnet.nn.wiring import NamedNode
from glassnet.optim import Optimizer
from glassnet.settings import inside
from glassnet.text import aligned
from glassnet.training.trainer import Trainer
from glassnet.types import Array

ENOUGH = 0.5
"""At least such a share of an array has to move, what the data alone holds still left aside."""


@dataclass(frozen=True)
class Moved:
    """How much of one parameter moved.

    numbers     how many it has
    moved       how many of them are others now
    excused     how many stood because the input before them is 0 in every row
    why         what holds still, and why; empty where everything moved
    """

    name: str
    numbers: int
    moved: int
    excused: int
    why: str

    @property
    def passed(self) -> bool:
        """Whether enough of it moves."""
        free = self.numbers - self.excused
        return not free or (self.moved > 0 and self.moved >= ENOUGH * free)


@dataclass(frozen=True)
class Movement:
    """What a few steps of training moved.

    parameters  one entry each
    rows, steps of which so many were made, on so many rows
    """

    parameters: tuple[Moved, ...]
    rows: int
    steps: int

    @property
    def passed(self) -> bool:
        """Whether enough of every parameter moves."""
        return all(one.passed for one in self.parameters)

    def to_json(self) -> dict[str, Any]:
        """Describe it as JSON."""
        listed = [asdict(one) | {"passed": one.passed} for one in self.parameters]
        return {"passed": self.passed, "rows": self.rows, "steps": self.steps, "parameters": listed}

    def __str__(self) -> str:
        """Write a table of at most 100 columns, with what holds still below it."""
        rows = [
            [one.name, "ok" if one.passed else "STILL", f"{one.numbers:,}", f"{one.moved:,}"]
            for one in self.parameters
        ]
        table = aligned(["parameter", "", "numbers", "moved"], rows, texts=2)
        reasons = [f"{one.name}: {one.why}" for one in self.parameters if one.why]
        return "\n".join([table, *("\n".join(wrap(text, 100)) for text in reasons)])


def all_parameters_move(
    net: Network,
    x: Any,
    t: Any,
    loss: Loss | Sequence[Loss] | Mapping[str, Loss],
    *,
    optimizer: Optimizer | str = "adam",
    steps: int = 5,
) -> Movement:
    """Train a copy for a few steps on this batch, and see which numbers are still the same.

    The network is left as it is. An array passes when half of it moves; numbers behind an input
    that is 0 in every row cannot move, and are told but not held against it.
    """
    if not isinstance(steps, int) or not inside("[1, inf)", steps):
        raise SettingError(f"all_parameters_move expects steps, from 1, got {steps!r}.")
    twin = net.copy()
    trainer = Trainer(twin, loss, optimizer, engine="numpy")
    batch = trainer.examples((x, t))
    p = net.run(x, t, loss, training=True)
    trainer.fit((x, t), epochs=steps, batch_size=len(batch), progress=False, train_metrics=False)
    after = twin.parameters()
    moved = tuple(_moved(p, name, w, after[name] == w) for name, w in net.parameters().items())
    return Movement(moved, len(batch), steps)


def _moved(p: Pass, name: str, w: Array, still: Array) -> Moved:
    """Say how much of a parameter moved, and why the rest did not."""
    owner, _, array = name.rpartition(".")
    uses = [node for node in p.network.nodes if node.owner == owner]
    empty = _behind_nothing(p, uses[0]) if array == "W" and len(uses) == 1 else 0
    excused = empty * (w.shape[1] if empty else 0)
    why = _why(p, name, uses, still, empty) if still.any() else ""
    return Moved(name, w.size, int(w.size - still.sum()), excused, why)


def _why(p: Pass, name: str, uses: list[NamedNode], still: Array, empty: int) -> str:
    """Put the reasons together that are found for numbers that held still."""
    gradient = p.gradients.get(name)
    if gradient is None:
        return "no gradient reaches it: nothing that is measured depends on it."
    reasons = []
    if empty:
        reasons.append(f"{empty:,} inputs are 0 in every row")
    for kind, silent in _silent(p, uses).items():
        reasons.append(f"{silent:,} units are never active, so that their {kind} lets nothing back")
    if not reasons:
        zero = np.count_nonzero(gradient[still] == 0)
        reasons.append(
            f"the gradient of {zero:,} numbers is 0"
            if zero
            else "the steps are smaller than the precision of the weights"
        )
    return f"{still.sum():,} of {still.size:,} numbers hold still: {'; '.join(reasons)}."


def _behind_nothing(p: Pass, node: NamedNode) -> int:
    """Count the inputs of a layer of weighted sums that are 0 in every row."""
    if not node.layer.weighted_sum:
        return 0
    return int((p[node.inputs[0]].y == 0).all(axis=0).sum())


def _silent(p: Pass, uses: list[NamedNode]) -> Counter[str]:
    """Count the units that an activation right behind the layer silences in every row, by class."""
    names = {node.name for node in uses}
    silent: Counter[str] = Counter()
    for node in p.network.nodes:
        if names & set(node.inputs):
            silent[type(node.layer).__name__] += int(node.layer.silent(p[node.name].y).sum())
    return +silent
