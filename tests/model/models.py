"""Models that the tests share: small, and trained on nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

import glassnet as gn
from glassnet.types import Array

LABELS = ("red", "green", "blue")


def classes(link: str = "softmax", labels: tuple[str, ...] = LABELS, **settings: Any) -> gn.Model:
    """Make a model that tells rows of four features into classes."""
    outputs = gn.Classes(labels, link)
    layers = [gn.Dense(5), gn.BatchNorm(), gn.Tanh(), gn.Dense(outputs.size)]
    network = gn.Sequential(layers, input_shape=4, seed=3, **settings)
    return gn.Model(network, gn.Features(("a", "b", "c", "d")), outputs, {"by": "hand"})


def values(**meaning: Any) -> gn.Model:
    """Make a model that answers with two quantities."""
    network = gn.Sequential([gn.Dense(2)], input_shape=4, seed=3)
    outputs = gn.Values(("height", "weight"), ("cm", "kg"), **meaning)
    return gn.Model(network, gn.Features(("a", "b", "c", "d")), outputs)


def images() -> gn.Model:
    network = gn.Sequential([gn.Dense(3)], input_shape=6, seed=3)
    return gn.Model(network, gn.Images(2, 3, maximum=16), gn.Classes(LABELS))


def rows(count: int = 30, columns: int = 4) -> Array:
    return np.random.default_rng(1).normal(size=(count, columns))
