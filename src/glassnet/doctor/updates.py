"""Updates: how long a step is beside the weights that it moves."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from glassnet.doctor.dead_units import cut_off
from glassnet.doctor.finding import Finding
from glassnet.doctor.patient import Patient

WILD, LONG, SHORT = 1.0, 0.1, 1e-6
"""A step of a thousandth of the weights is usual. Beyond these shares it is a problem, a warning,
and too short to get anywhere."""

NOTHING = 1e-3
"""Weights of such a size, √(mean w²), are about 0: any step is long beside them."""


def look(patient: Patient) -> Iterator[Finding]:
    """Look at the weight matrices in a short trial with the optimiser."""
    trial = patient.trial
    weights = patient.network.parameters()
    for name, median in trial.ratios.items():
        size = float(np.sqrt(np.mean(np.square(weights[name], dtype=np.float64))))
        nothing = size < NOTHING
        wild = trial.longest[name] > WILD and not nothing
        ratio = trial.longest[name] if wild else median
        step = (
            f"A step of {type(patient.optimizer).__name__}({trial.rate:g}) "
            + (f"moves it by {ratio:.1e} of its size" if ratio else "does not move it at all")
            + "; about 1e-03 is usual"
        )
        if ratio > LONG and not trial.fell_well:
            yield Finding(
                "updates-too-large",
                "problem" if wild else "warning",
                name,
                f"{step}." + (f" Its weights are about 0: {size:.0e}." if nothing else ""),
                "Begin with larger weights (init=gn.glorot_uniform)."
                if nothing
                else "Lower the learning rate ten times and look again, or scale the inputs.",
                {"ratio": ratio, "learning_rate": trial.rate},
            )
        elif (
            ratio < SHORT
            and trial.idle
            and patient.loss > 0.5 * patient.constant
            and not cut_off(patient)
        ):
            yield Finding(
                "updates-too-small",
                "warning",
                name,
                f"{step}, and there is still much to learn.",
                "Raise the learning rate; if it is usual already, see what keeps the gradient "
                "small: saturated or dead units, tiny inputs, many layers.",
                {"ratio": ratio, "learning_rate": trial.rate},
            )
