"""Saturated units: soft steps so far from the middle that their slope is next to nothing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from glassnet.doctor.finding import Finding
from glassnet.doctor.patient import Patient

FLAT = 0.02
"""A slope below this share of the largest one counts as next to nothing."""

MOST, MANY = 0.9, 0.5
"""The shares of a layer's numbers from which on it is a problem, and a warning."""


def look(patient: Patient) -> Iterator[Finding]:
    """Look at the slopes in each hidden layer that saturates."""
    p = patient.run
    for node in patient.network.nodes:
        steepest = node.layer.steepest
        if steepest is None or node.name in patient.network.outputs:
            continue
        slopes = node.layer.slopes(p[node.name]) / steepest
        share = float(np.mean(np.abs(slopes) < FLAT))
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
