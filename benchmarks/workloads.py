"""The workloads: networks, rules and sizes; each contender does the same work in its own way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Workload:
    """A network, and what is done with it and `rows` rows.

    kind    "epoch": training for one epoch; "answer": answering all rows at once; "gradient": one
            numerical gradient, by central differences in float64, of all rows as one batch
    """

    name: str
    text: str
    sizes: tuple[int, ...]
    rows: int
    batch: int = 1
    activation: Literal["sigmoid", "relu"] = "sigmoid"
    rule: Literal["sgd", "adam"] = "sgd"
    rate: float = 3.0
    kind: Literal["epoch", "answer", "gradient"] = "epoch"


WORKLOADS = {
    w.name: w
    for w in (
        Workload("W1", "784-30-10, sigmoid, ½‖·‖², SGD 3.0, batch 10, an epoch of 50,000",
                 (784, 30, 10), 50_000, 10),
        Workload("W2", "784-100-10, the same", (784, 100, 10), 50_000, 10),
        Workload("W3", "784-512-512-10, ReLU, cross-entropy, Adam 1e-3, batch 128, 60,000",
                 (784, 512, 512, 10), 60_000, 128, "relu", "adam", 1e-3),
        Workload("W6", "784-50-10, one numerical gradient, 39,760 parameters, batch 100",
                 (784, 50, 10), 100, kind="gradient"),
        Workload("W7a", "784-30-10, forward, one row", (784, 30, 10), 1, kind="answer"),
        Workload("W7b", "784-30-10, forward, 10,000 rows", (784, 30, 10), 10_000, kind="answer"),
    )
}  # fmt: skip
