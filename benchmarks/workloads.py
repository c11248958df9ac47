"""The workloads: networks, rules and sizes; each contender does the same work in its own way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Workload:
    """Training for one epoch, or answering `rows` rows at once where `forward` is set."""

    name: str
    text: str
    sizes: tuple[int, ...]
    rows: int
    batch: int = 1
    activation: Literal["sigmoid", "relu"] = "sigmoid"
    rule: Literal["sgd", "adam"] = "sgd"
    rate: float = 3.0
    forward: bool = False


WORKLOADS = {
    w.name: w
    for w in (
        Workload("W1", "784-30-10, sigmoid, ½‖·‖², SGD 3.0, batch 10, an epoch of 50,000",
                 (784, 30, 10), 50_000, 10),
        Workload("W2", "784-100-10, the same", (784, 100, 10), 50_000, 10),
        Workload("W3", "784-512-512-10, ReLU, cross-entropy, Adam 1e-3, batch 128, 60,000",
                 (784, 512, 512, 10), 60_000, 128, "relu", "adam", 1e-3),
        Workload("W7a", "784-30-10, forward, one row", (784, 30, 10), 1, forward=True),
        Workload("W7b", "784-30-10, forward, 10,000 rows", (784, 30, 10), 10_000, forward=True),
    )
}  # fmt: skip
