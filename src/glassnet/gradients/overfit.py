"""can_overfit(): a network that cannot learn one batch by heart will learn nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from glassnet.engines.base import Examples
from glassnet.engines.numpy import outputs
from glassnet.errors import DataError, DivergenceError, SettingError
from glassnet.nn.losses import Loss
from glassnet.nn.network import Network
from glassnet.optim import Adam
from glassnet.settings import inside
from glassnet.training.baseline import constant_loss
from glassnet.training.evaluation import evaluate
from glassnet.training.history import as_json
from glassnet.training.trainer import Trainer

RATES = (1e-3, 1e-2, 1e-1)


@dataclass(frozen=True)
class Overfit:
    """How far the loss of one batch falls.

    before, after   the loss as the network was, and after the training
    constant        that of the best answer that is the same for all rows
    least           that of the best answer there is: above 0 where the same row has two targets
    rows, steps     of the batch; of the training
    rate            Adam's learning rate that got furthest
    """

    before: float
    after: float
    constant: float
    least: float
    rows: int
    steps: int
    rate: float

    @property
    def bar(self) -> float:
        """What `after` is to reach: a tenth of the way from the best there is to the constant."""
        return self.least + 0.1 * max(self.constant - self.least, 0.01 * self.before)

    @property
    def passed(self) -> bool:
        """Whether the batch can be learnt by heart."""
        return self.after <= self.bar

    def to_json(self) -> dict[str, Any]:
        """Describe it as JSON."""
        document: dict[str, Any] = as_json({"passed": self.passed, "bar": self.bar, **asdict(self)})
        return document

    def __str__(self) -> str:
        verdict = "Yes" if self.passed else "No"
        text = (
            f"{verdict}: loss {self.before:.4g} -> {self.after:.4g} on {self.rows} rows, in "
            f"{self.steps} steps of Adam({self.rate:g}); {self.bar:.4g} is asked for."
        )
        if self.passed:
            return text
        return (
            f"{text}\nThe best answer that is the same for every row has {self.constant:.4g}. A "
            "network that cannot learn a few\nrows by heart will not learn many: check the "
            "gradients, that the last layer\nfits the loss, and that inputs and targets are about "
            "-1..1; ask gn.diagnose."
        )


def can_overfit(
    net: Network,
    x: Any,
    t: Any,
    loss: Loss | Sequence[Loss] | Mapping[str, Loss],
    *,
    steps: int = 300,
) -> Overfit:
    """Train a copy on this one batch, with Adam at three learning rates, and see how far it gets.

    It ends with the first rate that reaches the bar. The network is left as it is.
    """
    if not isinstance(steps, int) or not inside("[1, inf)", steps):
        raise SettingError(f"can_overfit expects steps, a whole number from 1, got {steps!r}.")
    trainer = Trainer(net, loss)
    batch = trainer.examples((x, t))
    before = trainer.evaluate((x, t))["loss"]
    if not math.isfinite(before):
        raise DataError(
            f"The loss is {before} before the first step: gn.diagnose(net, x, t, loss) says where "
            "it begins."
        )
    best: Overfit | None = None
    for rate in RATES:
        after = _trained(net, trainer.losses, batch, (x, t), rate, steps)
        result = Overfit(
            before=before,
            after=after,
            constant=_constant(net, trainer.losses, batch),
            least=_least(net, trainer.losses, batch),
            rows=len(batch),
            steps=steps,
            rate=rate,
        )
        if best is None or result.after < best.after:
            best = result
        if best.passed:
            break
    assert best is not None
    return best


def _trained(
    net: Network,
    losses: Mapping[str, Loss],
    batch: Examples,
    data: Any,
    rate: float,
    steps: int,
) -> float:
    """Return the loss of the batch after training a copy; infinity if it diverges."""
    trainer = Trainer(net.copy(), losses, Adam(rate), engine="numpy")
    try:
        trainer.fit(data, epochs=steps, batch_size=len(batch), progress=False, train_metrics=False)
    except DivergenceError:
        return math.inf
    return evaluate(outputs(trainer.network, batch), losses, batch, {})["loss"]


def _constant(net: Network, losses: Mapping[str, Loss], batch: Examples) -> float:
    return constant_loss(losses, batch.ts, {k: s[0] for k, s in net.output_shapes.items()})


def _least(net: Network, losses: Mapping[str, Loss], batch: Examples) -> float:
    """Return the least loss of answers that are the same where the rows are."""
    rows, _, _ = batch.gather(slice(None), net.dtype)
    flat = np.concatenate([x.reshape(len(x), -1) for x in rows.values()], axis=1)
    _, group = np.unique(flat, axis=0, return_inverse=True)
    total = 0.0
    for k in range(group.max() + 1):
        same = np.flatnonzero(group.ravel() == k)
        if len(same) > 1:
            of_group = Examples(batch.xs, {name: t[same] for name, t in batch.ts.items()})
            total += len(same) * _constant(net, losses, of_group)
    return total / len(batch)
