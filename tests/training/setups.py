"""Small networks and rows that the tests of training share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import glassnet as gn
from glassnet.types import Array


def rows(count: int = 21, seed: int = 7) -> tuple[Array, Array]:
    """Draw points of the plane, and which of three sectors they lie in."""
    x = np.random.default_rng(seed).normal(size=(count, 2))
    return x, (np.arctan2(x[:, 1], x[:, 0]) // (2 * np.pi / 3) + 2).astype(int) % 3


def values(count: int = 21, seed: int = 7) -> tuple[Array, Array]:
    """Draw points of the plane, and a value for each: (N, 1)."""
    x = np.random.default_rng(seed).normal(size=(count, 2))
    return x, x[:, :1] * x[:, 1:] + 0.5


def restless(seed: int = 0) -> gn.Network:
    """Make a network in which everything that could differ from run to run does: it has dropout and
    running statistics."""
    layers = [gn.Dense(8), gn.BatchNorm(), gn.ReLU(), gn.Dropout(0.3), gn.Dense(3)]
    return gn.Sequential(layers, input_shape=2, seed=seed)


def plain(seed: int = 0, outputs: int = 1, dtype: Any = "float64") -> gn.Network:
    layers = [gn.Dense(5), gn.Tanh(), gn.Dense(outputs)]
    return gn.Sequential(layers, input_shape=2, seed=seed, dtype=dtype)


def line(dtype: Any = "float64") -> gn.Network:
    """Make y = x W + b with W = [[2], [-1]] and b = [0.5]."""
    network = gn.Sequential([gn.Dense(1, name="line")], input_shape=2, seed=0, dtype=dtype)
    network.load_parameters({"line.W": [[2], [-1]], "line.b": [0.5]})
    return network


def classifier(network: gn.Network | None = None, **settings: Any) -> gn.Trainer:
    return gn.Trainer(network or restless(), gn.SoftmaxCrossEntropy(), **settings)


def bits(network: gn.Network) -> dict[str, bytes]:
    """Return every array of a network, to be compared bit for bit."""
    return {name: array.tobytes() for name, array in network.arrays().items()}


def quiet(trainer: gn.Trainer, data: Any, **plan: Any) -> gn.History:
    """Fit without showing it."""
    return trainer.fit(data, progress=False, **plan)


@dataclass
class KeepAt(gn.Callback):
    """Keeps a checkpoint after so many updates."""

    step: int
    file: Path

    def on_start(self, fit: Any) -> None:
        fit.pauses.add(self.step)

    def on_chunk(self, fit: Any, chunk: Any) -> None:
        if chunk.step + len(chunk.losses) == self.step:
            fit.checkpoint().write(self.file)


class Moments(gn.Callback):
    """Notes its moments; does something at one of them if asked to."""

    def __init__(self, at: str = "", act: Any = None) -> None:
        self.at, self.act = at, act
        self.seen: list[str] = []

    def _moment(self, name: str, fit: Any) -> None:
        self.seen.append(name)
        if name == self.at:
            self.act(fit)

    def on_start(self, fit: Any) -> None:
        self._moment("start", fit)

    def on_chunk(self, fit: Any, chunk: Any) -> None:  # noqa: ARG002
        self._moment("chunk", fit)

    def on_epoch(self, fit: Any, figures: Any) -> None:  # noqa: ARG002
        self._moment("epoch", fit)

    def on_end(self, fit: Any) -> None:
        self._moment("end", fit)
