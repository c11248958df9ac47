"""Dead ReLU units: never active, so that nothing comes back through them and they never change."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from glassnet.inspect.doctor.finding import Finding, Severity
from glassnet.inspect.doctor.patient import Patient
from glassnet.nn.layers import ReLU

MANY, SOME = 0.5, 0.1
"""The shares of a layer's units from which on it is a problem, and a warning."""

FEW_ROWS = 32
"""In fewer rows many units are silent by chance: only a layer that is all silent is a problem."""


def look(patient: Patient) -> Iterator[Finding]:
    """Count, in each ReLU layer, the units that are 0 for every row of the batch."""
    p = patient.run
    for node in patient.network.nodes:
        if not isinstance(node.layer, ReLU):
            continue
        y = p[node.name].y
        units = int(np.prod(y.shape[1:]))
        dead = int((y == 0).all(axis=0).sum())
        if dead:
            yield Finding(
                "dead-relu",
                _severity(dead / units, len(y)),
                node.name,
                f"{dead} of {units} units are never active in {len(y):,} rows: no gradient passes "
                "them.",
                "Lower the learning rate, begin with init=gn.he_normal, scale the inputs, or take "
                "LeakyReLU, which cannot die. A few are harmless.",
                {"dead": dead, "units": units, "rows": len(y)},
            )


def _severity(share: float, rows: int) -> Severity:
    if share == 1 or (share >= MANY and rows >= FEW_ROWS):
        return "problem"
    return "warning" if share >= SOME and rows >= FEW_ROWS else "note"
