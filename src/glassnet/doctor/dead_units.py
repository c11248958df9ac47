"""Dead units: never active, so that nothing comes back through them and they never change."""

from __future__ import annotations

from collections.abc import Iterator

from glassnet.doctor.finding import Finding, Severity
from glassnet.doctor.patient import Patient

MANY, SOME = 0.5, 0.1
"""The shares of a layer's units from which on it is a problem, and a warning."""

ALMOST_ALL = 0.9
"""From such a share of a layer on, what is small or still elsewhere is so because of it."""

FEW_ROWS = 32
"""In fewer rows many units are silent by chance: only a layer that is all silent is a problem."""


def look(patient: Patient) -> Iterator[Finding]:
    """Count, in each layer such as ReLU, the units that are flat for every row of the batch."""
    for name, rows, dead, units in _counts(patient):
        if dead:
            yield Finding(
                "dead-relu",
                _severity(dead / units, rows),
                name,
                f"{dead} of {units} units are never active in {rows:,} rows: no gradient passes "
                "them.",
                "Lower the learning rate, begin with init=gn.he_normal, scale the inputs, or take "
                "LeakyReLU, which cannot die. A few are harmless.",
                {"dead": dead, "units": units, "rows": rows},
            )


def cut_off(patient: Patient) -> bool:
    """Whether hardly any gradient passes a layer because its units are dead."""
    return any(dead >= ALMOST_ALL * units for _, _, dead, units in _counts(patient))


def _counts(patient: Patient) -> Iterator[tuple[str, int, int, int]]:
    """Give the name, rows, dead units, and units of each layer that can be flat."""
    for node in patient.network.nodes:
        if node.layer.flat_at:
            y = patient.run[node.name].y
            dead = node.layer.silent(y)
            yield node.name, len(y), int(dead.sum()), dead.size


def _severity(share: float, rows: int) -> Severity:
    if share == 1 or (share >= MANY and rows >= FEW_ROWS):
        return "problem"
    return "warning" if share >= SOME and rows >= FEW_ROWS else "note"
