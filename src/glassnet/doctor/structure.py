"""Structure: units that will never differ, and layers that are one layer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from glassnet.doctor.finding import Finding
from glassnet.doctor.patient import Patient


def look(patient: Patient) -> Iterator[Finding]:
    """Look at the hidden layers of weighted sums."""
    network = patient.network
    dense = {node.name: node for node in network.nodes if node.layer.weighted_sum}
    for name, node in dense.items():
        W = node.layer.arrays()["W"]
        same = W.shape[1] > 1 and np.isfinite(W).all() and np.ptp(W, axis=1).max() == 0
        if same and name not in network.outputs:
            yield Finding(
                "same-units",
                "problem",
                name,
                f"All {W.shape[1]} units have the same weights: they get the same gradient and "
                "will stay the same.",
                "Begin with random weights: init=gn.he_normal or gn.glorot_uniform.",
                {"units": W.shape[1]},
            )
        if node.inputs[0] in dense:
            yield Finding(
                "linear-stack",
                "note",
                name,
                f"{node.inputs[0]} feeds it without a bend between: two affine maps are one.",
                "Put an activation between them, such as ReLU, or leave one of them out.",
            )
