"""The workloads: networks, rules and sizes; each contender does the same work in its own way."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Literal

Kind = Literal["learn", "answer", "gradient", "goal"]


@dataclass(frozen=True)
class Workload:
    """A network, and what is done with it and `rows` rows.

    kind        "learn": training, `passes` times over the rows; "answer": answering all rows at
                once; "gradient": one numerical gradient, by central differences in float64, of all
                rows as one batch; "goal": training until 98.0 % of the test images are right
    activation  after each hidden layer, and after the last one too where that is `squashed`
    loss        "half squared": ½‖y - t‖², a mean over the rows of a batch; "cross-entropy": of the
                softmax of the outputs
    rows        0: as many as the contender learns from in about a tenth of a second
    """

    name: str
    text: str
    sizes: tuple[int, ...]
    rows: int
    batch: int = 1
    activation: Literal["sigmoid", "relu"] = "sigmoid"
    squashed: bool = False
    loss: Literal["half squared", "cross-entropy"] = "cross-entropy"
    bias: bool = True
    rule: Literal["sgd", "adam"] = "sgd"
    rate: float = 3.0
    passes: int = 1
    shuffle: bool = True
    dtype: Literal["float32", "float64"] = "float32"
    data: Literal["images", "sine", "exclusive or"] = "images"
    kind: Kind = "learn"

    @property
    def full_batch(self) -> bool:
        """Whether every update sees the same rows."""
        return self.rows == self.batch and not self.shuffle

    @property
    def parameters(self) -> int:
        """How many numbers are learnt."""
        return sum((d + self.bias) * m for d, m in pairwise(self.sizes))

    @property
    def flops(self) -> int:
        """Additions and multiplications in the matrix products of the work, zeros counted too.

        y = x W and dW = xᵀ dy in each layer, dx = dy Wᵀ in each but the first.
        """
        first, *later = [d * m for d, m in pairwise(self.sizes)]
        products = 2 * first + 3 * sum(later) if self.kind == "learn" else first + sum(later)
        return 2 * products * self.rows * self.passes

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Workload:
        settings = json.loads(text)
        return cls(**settings | {"sizes": tuple(settings["sizes"])})


WORKLOADS = {
    w.name: w
    for w in (
        Workload("W1", "784-30-10, sigmoid, ½‖·‖², SGD 3.0, batch 10, an epoch of 50,000",
                 (784, 30, 10), 50_000, 10, squashed=True, loss="half squared"),
        Workload("W2", "784-100-10, the same",
                 (784, 100, 10), 50_000, 10, squashed=True, loss="half squared"),
        Workload("W3", "784-512-512-10, ReLU, cross-entropy, Adam 1e-3, batch 128, 60,000",
                 (784, 512, 512, 10), 60_000, 128, "relu", rule="adam", rate=1e-3),
        # (y - t)² with the rate 1e-3 is ½ (y - t)² with twice the rate.
        Workload("W4", "1-100-100-1, sigmoid, (y - t)², SGD 1e-3, 10,000 steps of one sample",
                 (1, 100, 100, 1), 10_000, 1, loss="half squared", rate=2e-3, data="sine"),
        # The tutorial adds up the four rows' updates, the loss is their mean: hence the rate 4.
        Workload("W5", "3-4-1 without biases, sigmoid, full batch of 4, 60,000 steps, float64",
                 (3, 4, 1), 4, 4, squashed=True, loss="half squared", bias=False, rate=4.0,
                 passes=60_000, shuffle=False, dtype="float64", data="exclusive or"),
        Workload("W6", "784-50-10, one numerical gradient, 39,760 parameters, batch 100",
                 (784, 50, 10), 100, kind="gradient"),
        Workload("W7a", "784-30-10, forward, one row",
                 (784, 30, 10), 1, squashed=True, kind="answer"),
        Workload("W7b", "784-30-10, forward, 10,000 rows",
                 (784, 30, 10), 10_000, squashed=True, kind="answer"),
        Workload("W8", "from start to 98.0 % of the test images: 784-256-10, ReLU, Adam, batch 128",
                 (784, 256, 10), 60_000, 128, "relu", rule="adam", rate=1e-3, kind="goal"),
    )
}  # fmt: skip
