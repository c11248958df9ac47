"""Finding a learning rate: raise it from batch to batch, and see where the loss stops falling."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glassnet.data.batches import Batches, batch_size_for, permutation
from glassnet.errors import DataError, SettingError
from glassnet.training.examples import Data

if TYPE_CHECKING:
    from glassnet.training.trainer import Trainer


@dataclass(frozen=True)
class LearningRates:
    """The loss at each of a rising row of learning rates.

    rates, losses   one a batch; the losses are smoothed
    suggestion      a tenth of the rate at which the loss was lowest: safely below where it rises;
                    the rate of the steepest fall where the loss was still falling at the last one
    """

    rates: Sequence[float]
    losses: Sequence[float]
    suggestion: float


def find_learning_rate(
    trainer: Trainer,
    data: Data,
    *,
    lowest: float = 1e-6,
    highest: float = 10.0,
    steps: int = 100,
    batch_size: int | None = None,
) -> LearningRates:
    """Train for some batches with a rate that rises evenly on a logarithmic scale.

    The curve ends where the loss is four times its best. The network, the optimiser's state and the
    count of steps are put back as they were. Sources: Smith, Cyclical Learning Rates for Training
    Neural Networks (2017), section 3.3; the tenth of Howard & Gugger, Deep Learning for Coders
    (2020), chapter 5.
    """
    if not 0 < lowest < highest < math.inf:
        raise SettingError(f"Expected 0 < lowest < highest, got {lowest} and {highest}.")
    if steps < 10:
        raise SettingError(f"A curve needs 10 steps or more, got {steps}.")
    examples = trainer.examples(data)
    size = batch_size_for(len(examples), batch_size)
    epochs = -(-steps * size // len(examples))
    order = np.concatenate(
        [permutation(len(examples), trainer.seed, epoch) for epoch in range(epochs)]
    )
    batches = Batches(order[: steps * size], size)
    rates = np.geomspace(lowest, highest, steps)
    before = trainer.runner.state().copy()
    try:
        losses = trainer.runner.run(examples, batches, rates, trainer.step).tolist()
    finally:
        trainer.runner.restore(before)
    if not math.isfinite(losses[0]):
        raise DataError(
            f"The loss is {losses[0]} before the first step: gn.diagnose(net, x, t, loss) says "
            "where it begins."
        )
    smooth = _smooth(losses)
    if len(smooth) < 10:
        raise DataError(
            f"The loss left all bounds after {len(smooth)} batches, from the rate {lowest} on. "
            "Scale the inputs, or begin with a lower rate."
        )
    tried = rates[: len(smooth)].tolist()
    return LearningRates(tried, smooth, _suggestion(tried, smooth, finished=len(tried) == steps))


def _smooth(losses: Iterable[float]) -> list[float]:
    """Smooth losses, up to the first that is not finite or the mean that is four times its best."""
    smooth: list[float] = []
    average = 0.0
    for step, loss in enumerate(losses, 1):
        if not math.isfinite(loss):
            break
        # An exponential mean whose start is corrected, as in Adam.
        average = 0.9 * average + 0.1 * loss
        smooth.append(average / (1 - 0.9**step))
        if smooth[-1] > 4 * min(smooth):
            break
    return smooth


def _suggestion(rates: Sequence[float], losses: Sequence[float], *, finished: bool) -> float:
    """Stay below the lowest loss; where that is the range's end, nobody knows where it rises."""
    lowest = int(np.argmin(losses))
    if finished and lowest == len(losses) - 1:
        few = len(losses) // 5  # the first means are of few batches, and fall by chance
        return rates[few + int(np.argmin(np.gradient(losses)[few:]))]
    return rates[lowest] / 10
