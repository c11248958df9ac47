"""Vanishing and exploding gradients: how the gradient's size changes from layer to layer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from glassnet.doctor.dead_units import cut_off
from glassnet.doctor.finding import Finding
from glassnet.doctor.patient import Patient

FAR, FARTHEST = 1e3, 1e5
"""The factors between first and last layer from which on it is a warning, and a problem."""


FLAT = "Take ReLU with init=gn.he_normal in place of sigmoid or tanh"
OPEN = "Begin with larger weights (init=gn.he_normal)"


def look(patient: Patient) -> Iterator[Finding]:
    """Compare the gradient that reaches the first trained layer with that of the last.

    Its size is √(mean dy²), of the loss with respect to the layer's output. Source: Glorot &
    Bengio, Understanding the Difficulty of Training Deep Feedforward Neural Networks (2010).
    """
    sizes = _sizes(patient)
    if len(sizes) < 2:
        return
    (first, near_data), *_, (last, near_loss) = sizes.items()
    if near_loss == 0 or cut_off(patient):
        return
    ratio = near_data / near_loss
    across = (
        f"The gradient is {near_loss:.2g} at {last} and {near_data:.2g} at {first}, "
        f"over {len(sizes)} layers"
    )
    numbers = {"first": near_data, "last": near_loss, "ratio": ratio}
    if ratio < 1 / FAR:
        flat = any(node.layer.steepest is not None for node in patient.network.nodes)
        yield Finding(
            "vanishing-gradient",
            "problem" if ratio < 1 / FARTHEST else "warning",
            first,
            f"{across}: the first ones hardly learn.",
            f"{FLAT if flat else OPEN}, add BatchNorm, or shortcuts with gn.Add().",
            numbers,
        )
    elif ratio > FAR:
        yield Finding(
            "exploding-gradient",
            "problem" if ratio > FARTHEST else "warning",
            first,
            f"{across}: it grows on its way back.",
            "Begin with smaller weights (init=gn.glorot_uniform), add BatchNorm, or use "
            "clipping=gn.ClipNorm(1.0).",
            numbers,
        )


def _sizes(patient: Patient) -> dict[str, float]:
    """Return the gradient's size at each layer that has a weight matrix, in order."""
    p = patient.run
    return {
        node.name: float(np.sqrt(np.mean(np.square(dy, dtype=np.float64))))
        for node in patient.network.nodes
        if any(w.ndim > 1 for w in node.layer.arrays().values())
        and (dy := p[node.name].dy) is not None
    }
