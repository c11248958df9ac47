"""PyTorch, eager, with fused optimisers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import torch

from benchmarks.arrays import Array, floats
from benchmarks.weights import weights
from benchmarks.workloads import Workload

if threads := os.environ.get("OMP_NUM_THREADS"):
    torch.set_num_threads(int(threads))


def _network(w: Workload, seed: int = 0) -> torch.nn.Sequential:
    bend = {"sigmoid": torch.nn.Sigmoid, "relu": torch.nn.ReLU}[w.activation]
    layers: list[torch.nn.Module] = []
    for W, b in weights(w, seed):
        d, m = W.shape
        linear = torch.nn.Linear(d, m, bias=w.bias, dtype=getattr(torch, w.dtype))
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(W.T))
            if w.bias:
                linear.bias.copy_(torch.from_numpy(b))
        layers += [linear, bend()]
    return torch.nn.Sequential(*(layers if w.squashed else layers[:-1]))


class Learner:
    note = ""

    def __init__(self, w: Workload, x: Array, t: Array, seed: int = 0) -> None:
        torch.manual_seed(seed)
        self.w, self.net = w, _network(w, seed)
        self.rows, self.targets = torch.from_numpy(floats(x, w.dtype)), torch.from_numpy(t)
        rule = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[w.rule]
        self.rule = rule(self.net.parameters(), lr=w.rate, fused=True)

    def learn(self) -> None:
        for _ in range(self.w.passes):
            for x, t in self._batches():
                y = self.net(x)
                if self.w.loss == "half squared":
                    loss = 0.5 * ((y - t) ** 2).sum() / len(t)
                else:
                    loss = torch.nn.functional.cross_entropy(y, t)
                self.rule.zero_grad()
                loss.backward()
                self.rule.step()

    def _batches(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        if self.w.full_batch:
            yield self.rows, self.targets
            return
        count, size = len(self.rows), self.w.batch
        order = torch.randperm(count) if self.w.shuffle else torch.arange(count)
        for start in range(0, count, size):
            i = order[start : start + size]
            yield self.rows[i], self.targets[i]

    def answers(self, rows: Array) -> Array:
        with torch.inference_mode():
            y: Array = self.net(torch.from_numpy(rows)).numpy()
        return y


learner = Learner


def answer(w: Workload, x: Array, _: Array) -> Callable[[], object]:
    net, rows = _network(w).eval(), torch.from_numpy(floats(x))

    def work() -> object:
        with torch.inference_mode():
            return net(rows)

    return work
