"""Saturated units: sigmoids and tanhs so far from 0 that their slope is next to nothing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from glassnet.doctor.finding import Finding
from glassnet.doctor.patient import Patient
from glassnet.nn.layers import Sigmoid, Tanh
from glassnet.types import Array

FLAT = 0.02
"""A slope below this share of the largest one counts as next to nothing."""

MOST, MANY = 0.9, 0.5
"""The shares of a layer's numbers from which on it is a problem, and a warning."""


def look(patient: Patient) -> Iterator[Finding]:
    """Measure the slopes in each hidden sigmoid and tanh layer."""
    p = patient.run
    for node in patient.network.nodes:
        bends = isinstance(node.layer, Sigmoid | Tanh)
        if not bends or node.name in patient.network.outputs:
            continue
        share = float(np.mean(_slope(node.layer, p[node.name].y) < FLAT))
        if share >= MANY:
            yield Finding(
                "saturated",
                "problem" if share >= MOST else "warning",
                node.name,
                f"{100 * share:.0f} % of its numbers are so far from 0 that their slope is below "
                f"{100 * FLAT:.0f} % of the largest: hardly any gradient passes.",
                "Bring the inputs to about -1..1, begin with smaller weights (init="
                "gn.glorot_uniform), put BatchNorm before it, or take ReLU.",
                {"share": share},
            )


def _slope(layer: object, y: Array) -> Array:
    """Return the slopes as shares of the largest: 4 y (1 - y) of a sigmoid, 1 - y² of a tanh."""
    slope: Array = 4 * y * (1 - y) if isinstance(layer, Sigmoid) else 1 - y * y
    return slope
