"""Models whose answers one knows."""

from __future__ import annotations

import numpy as np

import glassnet as gn


def line() -> gn.Model:
    """Make y = 2 x + 1, in m, of x in s."""
    network = gn.Sequential([gn.Dense(1)], input_shape=1, dtype="float64", seed=0)
    network.load_parameters({"dense_1.W": [[2]], "dense_1.b": [1]})
    return gn.Model(network, gn.Features(("time",), ("s",)), gn.Values(("way",), ("m",)))


def halves(classes: int = 2) -> gn.Model:
    """Answer "right" where x1 > 0, else "left", the surer the farther; more classes never."""
    network = gn.Sequential([gn.Dense(classes)], input_shape=2, dtype="float64", seed=0)
    W, b = np.zeros((2, classes)), np.full(classes, -50.0)
    W[0, :2], b[:2] = (-5, 5), 0
    network.load_parameters({"dense_1.W": W, "dense_1.b": b})
    labels = ("left", "right", *(f"other {k}" for k in range(classes - 2)))
    return gn.Model(network, gn.Features(("x1", "x2"), ("m", "")), gn.Classes(labels))


SQUARE = gn.Rows(np.array([[-1.0, -1], [-1, 1], [1, -1], [1, 1]]), np.array([0, 0, 1, 0]))
