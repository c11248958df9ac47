"""The rows that all contenders are given."""

from __future__ import annotations

import numpy as np

import glassnet as gn
from benchmarks.arrays import Array
from benchmarks.workloads import Workload
from glassnet.data.download import own_folder


def examples(w: Workload, data: str) -> tuple[Array, Array]:
    """Return rows and what the workload's loss compares: numbers, or class indices.

    data    of images only: "mnist" (bytes), or "dense" (floats without a zero among them)
    """
    if w.data == "sine":
        x = np.random.default_rng(0).uniform(-np.pi, np.pi, (w.rows, 1)).astype(w.dtype)
        return x, np.sin(x)
    if w.data == "exclusive or":
        x = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], w.dtype)
        return x, np.array([[0], [1], [1], [0]], w.dtype)
    x, t = rows_and_targets(w.rows) if data == "mnist" else dense(w.rows)
    if w.loss == "half squared":
        t = np.eye(10, dtype=w.dtype)[t]
    return x, t


def dense(count: int) -> tuple[Array, Array]:
    """Return as many rows of the size and strength of MNIST's, of which no number is 0."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((count, 784), np.float32) * np.float32(0.3)
    x[x == 0] = 0.3
    return x, rng.integers(0, 10, count)


def rows_and_targets(count: int) -> tuple[Array, Array]:
    """Return the first rows of MNIST, as bytes, and their classes."""
    data = gn.datasets.load("mnist")
    parts = (data.train, data.validation)
    pixels = [part.x.bytes for part in parts if isinstance(part.x, gn.Pixels)]
    return (
        np.concatenate(pixels)[:count],
        np.concatenate([part.t for part in parts])[:count].astype(np.int64),
    )


def has_mnist() -> bool:
    """Return whether MNIST is at hand in the folder that GLASSNET_DATA names."""
    return own_folder("mnist") is not None


def at_hand() -> str:
    """Return the data that is taken where none is asked for."""
    return "mnist" if has_mnist() else "dense"
