"""PyTorch, eager, with fused Adam."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import pairwise

import torch

from benchmarks.workloads import Workload
from glassnet.types import Array

LABEL = "PyTorch eager"
torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))


def _network(w: Workload) -> torch.nn.Sequential:
    bend = {"sigmoid": torch.nn.Sigmoid, "relu": torch.nn.ReLU}[w.activation]
    layers: list[torch.nn.Module] = []
    for d, m in pairwise(w.sizes):
        layers += [torch.nn.Linear(d, m), bend()]
    return torch.nn.Sequential(*(layers[:-1] if w.activation == "relu" else layers))


def epoch(w: Workload, x: Array, t: Array) -> Callable[[], object]:
    torch.manual_seed(0)
    net, rows, classes = _network(w), torch.tensor(x).float() / 255, torch.tensor(t)
    squared = w.activation == "sigmoid"
    targets = torch.eye(10)[classes] if squared else classes
    rule: torch.optim.Optimizer
    if w.rule == "sgd":
        rule = torch.optim.SGD(net.parameters(), lr=w.rate)
    else:
        rule = torch.optim.Adam(net.parameters(), lr=w.rate, fused=True)

    def work() -> None:
        order = torch.randperm(len(rows))
        for start in range(0, len(rows), w.batch):
            i = order[start : start + w.batch]
            y = net(rows[i])
            if squared:
                loss = 0.5 * ((y - targets[i]) ** 2).sum() / len(i)
            else:
                loss = torch.nn.functional.cross_entropy(y, targets[i])
            rule.zero_grad()
            loss.backward()
            rule.step()

    return work


def answer(w: Workload, x: Array, _: Array) -> Callable[[], object]:
    net, rows = _network(w).eval(), torch.tensor(x).float() / 255

    def work() -> None:
        with torch.inference_mode():
            net(rows)

    return work
