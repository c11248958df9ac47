"""A short trial: what some steps of training do to a copy of the network, and at other rates."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from glassnet.data.batches import Batches, permutation
from glassnet.engines.base import Examples, Job
from glassnet.engines.numpy import NumPyEngine, outputs
from glassnet.nn.losses import Loss
from glassnet.nn.network import Network
from glassnet.optim import Optimizer
from glassnet.training.evaluation import evaluate
from glassnet.types import Array

STEPS, BATCH = 20, 32
FASTER, SLOWER = 100.0, 0.1

LEAPS = 4
"""So often a rate at which nothing happens is made a hundred times as large."""

IDLE, BETTER = 0.02, 0.1
"""A loss that falls by less than the first share hardly moves; by more than the second, well."""


@dataclass(frozen=True)
class Trial:
    """What some steps of training did.

    rate            the learning rate, at its peak
    steps           how many were made
    before, after   the loss of the same rows
    slower          the loss after as many steps at a tenth of the rate
    faster          that at `factor` times the rate
    factor          a hundred; a power of it where that did not move the loss either
    ratios          how long a step, the median, is beside the weights, ‖Δw‖ / ‖w‖, by parameter
    longest         the longest of these steps
    """

    rate: float
    steps: int
    before: float
    after: float
    slower: float
    faster: float
    factor: float
    ratios: Mapping[str, float]
    longest: Mapping[str, float]

    @property
    def idle(self) -> bool:
        """Whether the loss hardly moved at the rate itself."""
        return abs(self.before - self.after) < IDLE * self.before

    @property
    def fell_well(self) -> bool:
        """Whether the loss fell as it should."""
        return self.after < (1 - BETTER) * self.before


def try_out(
    network: Network, losses: Mapping[str, Loss], examples: Examples, optimizer: Optimizer
) -> Trial:
    """Train copies for some steps each; the network is left as it is."""
    rate = max(optimizer.rate(step) for step in (1, 10, 100, 1000))

    def train(rate: float) -> tuple[float, dict[str, list[float]]]:
        return _train(network, losses, examples, optimizer, rate)

    before = _loss(network, losses, examples)
    after, ratios = train(rate)
    factor = FASTER
    faster, _ = train(factor * rate)
    for _ in range(1, LEAPS):
        stuck = (1 - BETTER) * before <= faster <= (1 + IDLE) * before
        if not (stuck and abs(before - after) < IDLE * before):
            break
        factor *= FASTER
        faster, _ = train(factor * rate)
    return Trial(
        rate=rate,
        steps=STEPS,
        before=before,
        after=after,
        slower=train(SLOWER * rate)[0],
        faster=faster,
        factor=factor,
        ratios={name: float(np.median(each)) for name, each in ratios.items()},
        longest={name: max(each) for name, each in ratios.items()},
    )


def _train(
    network: Network,
    losses: Mapping[str, Loss],
    examples: Examples,
    optimizer: Optimizer,
    rate: float,
) -> tuple[float, dict[str, list[float]]]:
    """Return the loss after some steps of a copy, and how long they were beside the weights."""
    twin = network.copy()
    runner = NumPyEngine().prepare(Job(twin, losses, optimizer))
    matrices = {name: w for name, w in twin.parameters().items() if w.ndim > 1}
    ratios: dict[str, list[float]] = {name: [] for name in matrices}
    for step in range(STEPS):
        before = {name: w.copy() for name, w in matrices.items()}
        runner.run(examples, _batch(len(examples), step), np.array([rate]), step)
        for name, w in matrices.items():
            ratios[name].append(_ratio(before[name], w))
    return _loss(twin, losses, examples), ratios


def _batch(rows: int, step: int) -> Batches:
    """Choose the rows of a step; epoch after epoch goes through all of them."""
    size = min(BATCH, rows)
    epoch, place = divmod(step, rows // size)
    return Batches(permutation(rows, 0, epoch), size)[place : place + 1]


def _ratio(before: Array, after: Array) -> float:
    size, moved = float(np.linalg.norm(before)), float(np.linalg.norm(after - before))
    return moved / size if size else math.inf if moved else 0.0


def _loss(network: Network, losses: Mapping[str, Loss], examples: Examples) -> float:
    with np.errstate(all="ignore"):
        return evaluate(outputs(network, examples), losses, examples, {})["loss"]
