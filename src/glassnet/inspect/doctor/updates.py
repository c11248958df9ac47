"""Updates: how long a step is beside the weights that it moves."""

from __future__ import annotations

from collections.abc import Iterator

from glassnet.inspect.doctor.finding import Finding
from glassnet.inspect.doctor.patient import Patient

WILD, LONG, SHORT = 1.0, 0.1, 1e-6
"""A step of a thousandth of the weights is usual. Beyond these shares it is a problem, a warning,
and too short to get anywhere."""


def look(patient: Patient) -> Iterator[Finding]:
    """Look at the weight matrices in a short trial with the optimiser."""
    trial = patient.trial
    for name, ratio in trial.ratios.items():
        step = (
            f"A step of {type(patient.optimizer).__name__}({trial.rate:g}) moves it by "
            f"{ratio:.1e} of its size; about 1e-03 is usual"
        )
        if ratio > LONG:
            yield Finding(
                "updates-too-large",
                "problem" if ratio > WILD else "warning",
                name,
                f"{step}.",
                f"Lower the learning rate about {ratio / 1e-3:,.0f} times, or scale the inputs.",
                {"ratio": ratio, "learning_rate": trial.rate},
            )
        elif ratio < SHORT and patient.loss > 0.5 * patient.constant:
            yield Finding(
                "updates-too-small",
                "warning",
                name,
                f"{step}, and there is still much to learn.",
                "Raise the learning rate; if it is usual already, see what keeps the gradient "
                "small: saturated or dead units, tiny inputs, many layers.",
                {"ratio": ratio, "learning_rate": trial.rate},
            )
