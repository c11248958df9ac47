"""NaN or infinity, and where it began."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from glassnet.doctor.finding import Finding
from glassnet.doctor.patient import Patient
from glassnet.types import Array

MEND = {
    "input": "Fill them in, or leave out the rows that have them.",
    "parameter": "Training went off: go back to weights that were kept, or begin anew with a "
    "smaller learning rate, or with clipping=gn.ClipNorm(1.0).",
    "node": "Bring the inputs to about -1..1, and begin with smaller weights.",
    "loss": "Its outputs are too large for the loss: bring inputs and targets to about -1..1.",
    "gradient": "Use clipping=gn.ClipNorm(1.0), and bring the inputs to about -1..1.",
}

ORDINARY = 1e3
"""Numbers up to this size are no reason for an overflow."""


def look(patient: Patient) -> Iterator[Finding]:
    """Follow the way of a batch, and stop at the first number that is none."""
    for kind, name, array in _on_the_way(patient):
        lost = int(array.size - np.isfinite(array).sum())
        if lost:
            first = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
            yield Finding(
                "not-finite",
                "problem",
                name,
                f"{lost:,} of {array.size:,} numbers of the {kind} {name} are NaN or infinite, the "
                f"first at {list(first)}. Everything before is finite.",
                (_formula(patient, name) if kind == "node" else "") or MEND[kind],
                {"numbers": lost, "of": array.size},
            )
            return


def _on_the_way(patient: Patient) -> Iterator[tuple[str, str, Array]]:
    """Give every array in the order in which one follows from the other."""
    for name, x in patient.rows[0].items():
        yield "input", name, x
    for name, w in patient.network.arrays().items():
        yield "parameter", name, w
    p = patient.run
    for node in patient.network.nodes:
        yield "node", node.name, p[node.name].y
    yield "loss", "loss", np.asarray(p.rows)
    for name, dw in p.gradients.items():
        yield "gradient", name, dw


def _formula(patient: Patient, name: str) -> str:
    """Name the layer that makes such numbers out of ordinary ones; "" if its numbers are large."""
    node = next(node for node in patient.network.nodes if node.name == name)
    x = np.concatenate([patient.run[feed].y.ravel() for feed in node.inputs])
    weights = [w.ravel() for w in node.layer.arrays().values()]
    if np.abs(np.concatenate([x, *weights])).max(initial=0) > ORDINARY:
        return ""
    return (
        f"{node.layer} makes them out of finite numbers from {x.min():.4g} to {x.max():.4g}: look "
        "at its formula."
    )
