"""The network in BentoML with PyTorch.

MODEL names the model file. Two services: one answers a row as it comes, one gathers rows to
batches as BentoML offers it; the better counts.
"""

# No `from __future__ import annotations`: BentoML looks at the types as they are.

import os
from typing import Any

import bentoml
import torch

from benchmarks.serving_peers.weights import network

OPTIONS: dict[str, Any] = {
    "workers": 1,
    "traffic": {"timeout": 60, "max_concurrency": 100_000},
    "logging": {"access": {"enabled": False}},
}


def told(p: torch.Tensor) -> dict[str, Any]:
    probabilities = p.tolist()
    best = int(p.argmax())
    return {"digit": str(best), "probability": probabilities[best], "probabilities": probabilities}


@bentoml.service(**OPTIONS)
class Single:
    def __init__(self) -> None:
        torch.set_num_threads(1)
        self.net = network(os.environ["MODEL"])

    @bentoml.api
    async def predict(self, rows: list[float]) -> dict[str, Any]:
        with torch.inference_mode():
            return told(torch.softmax(self.net(torch.tensor(rows) / 255), dim=0))


@bentoml.service(**OPTIONS)
class Batched:
    def __init__(self) -> None:
        torch.set_num_threads(1)
        self.net = network(os.environ["MODEL"])

    @bentoml.api(batchable=True, max_batch_size=64, max_latency_ms=50)
    def predict(self, rows: list[list[float]]) -> list[dict[str, Any]]:
        with torch.inference_mode():
            return [told(p) for p in torch.softmax(self.net(torch.tensor(rows) / 255), dim=1)]
