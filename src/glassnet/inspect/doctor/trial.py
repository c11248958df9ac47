"""A short trial: what some steps of training do to a copy of the network, and at other rates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from glassnet.data.batches import permutation
from glassnet.engines.base import Examples, Job
from glassnet.engines.numpy import NumPyEngine
from glassnet.nn.losses import Loss
from glassnet.nn.network import Network
from glassnet.optim import Optimizer
from glassnet.training.evaluation import evaluate
from glassnet.types import Array

STEPS, BATCH = 20, 32
FASTER, SLOWER = 100.0, 0.1


@dataclass(frozen=True)
class Trial:
    """What some steps of training did.

    rate            the learning rate, at its peak
    steps           how many were made
    before, after   the loss of the same rows
    slower, faster  the loss after as many steps at a tenth, and at a hundred times, of the rate
    ratios          how long the longest step was beside the weights, ‖Δw‖ / ‖w‖, by parameter
    """

    rate: float
    steps: int
    before: float
    after: float
    slower: float
    faster: float
    ratios: Mapping[str, float]


def try_out(
    network: Network, losses: Mapping[str, Loss], examples: Examples, optimizer: Optimizer
) -> Trial:
    """Train copies for some steps each; the network is left as it is."""
    rate = max(optimizer.rate(step) for step in (1, 10, 100, 1000))

    def train(rate: float) -> tuple[float, dict[str, float]]:
        return _train(network, losses, examples, optimizer, rate)

    after, ratios = train(rate)
    return Trial(
        rate=rate,
        steps=STEPS,
        before=_loss(network, losses, examples),
        after=after,
        slower=train(SLOWER * rate)[0],
        faster=train(FASTER * rate)[0],
        ratios=ratios,
    )


def _train(
    network: Network,
    losses: Mapping[str, Loss],
    examples: Examples,
    optimizer: Optimizer,
    rate: float,
) -> tuple[float, dict[str, float]]:
    """Return the loss after some steps of a copy, and how long they were beside the weights."""
    twin = network.astype(network.dtype.name)  # type: ignore[arg-type]
    runner = NumPyEngine().prepare(Job(twin, losses, optimizer))
    matrices = {name: w for name, w in twin.parameters().items() if w.ndim > 1}
    ratios: dict[str, list[float]] = {name: [] for name in matrices}
    for step in range(STEPS):
        before = {name: w.copy() for name, w in matrices.items()}
        runner.run(examples, [_batch(len(examples), step)], [rate], step)
        for name, w in matrices.items():
            ratios[name].append(_ratio(before[name], w))
    return _loss(twin, losses, examples), {name: max(r) for name, r in ratios.items()}


def _batch(rows: int, step: int) -> Array:
    """Choose the rows of a step; epoch after epoch goes through all of them."""
    size = min(BATCH, rows)
    epoch, place = divmod(step, rows // size)
    return permutation(rows, 0, epoch)[place * size : (place + 1) * size]


def _ratio(before: Array, after: Array) -> float:
    size = float(np.linalg.norm(before))
    return float(np.linalg.norm(after - before)) / size if size else 0.0


def _loss(network: Network, losses: Mapping[str, Loss], examples: Examples) -> float:
    with np.errstate(all="ignore"):
        return evaluate(network, losses, examples, {})["loss"]
