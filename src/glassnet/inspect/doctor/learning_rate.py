"""The learning rate: too high where the loss rises, too low where it hardly moves."""

from __future__ import annotations

import math
from collections.abc import Iterator

from glassnet.inspect.doctor.finding import Finding
from glassnet.inspect.doctor.patient import Patient

RISE = 0.5
"""By so much of the loss of the best constant answer the loss may not rise in a short trial."""

WORSE = 0.2
"""By this share the last epoch's loss has to lie above the first one's: less may be chance."""

IDLE, BETTER = 0.02, 0.1
"""The rate is too low if the loss falls by less than the first share, and by more than the second
at a hundred times the rate."""


def look(patient: Patient) -> Iterator[Finding]:
    """Ask the history, where there is one, and a short trial."""
    yield from (from_history(patient) or _from_trial(patient))


def from_history(patient: Patient) -> list[Finding]:
    """See whether training went off, or ended no better than it began."""
    history = patient.history
    if history is None or not (history.ended == "diverged" or len(history) > 1):
        return []
    losses = history["loss"] if len(history) else []
    if history.ended == "diverged":
        seen = "training ended because the loss or a weight was no number any more."
    elif losses[-1] > losses[0] + WORSE * abs(losses[0]):
        seen = f"the loss ended at {losses[-1]:.4g}, above {losses[0]:.4g} after the first epoch."
    else:
        return []
    return [_too_high(f"In {len(history)} epochs {seen}", {"epochs": len(history)})]


def _from_trial(patient: Patient) -> list[Finding]:
    """Train copies for some steps: at this rate, at a tenth, at a hundred times."""
    trial = patient.trial
    name = f"{type(patient.optimizer).__name__}({trial.rate:g})"
    moved = (
        f"{trial.steps} steps of {name} took the loss from {trial.before:.4g} to {trial.after:.4g}"
    )
    numbers = {
        "learning_rate": trial.rate,
        "before": trial.before,
        "after": trial.after,
        "after_slower": trial.slower,
        "after_faster": trial.faster,
    }
    bound = trial.before + RISE * max(patient.constant, trial.before)
    if not trial.after <= bound and trial.slower < trial.before:
        seen = f"{moved}; at a tenth of the rate it falls to {trial.slower:.4g}."
        return [_too_high(seen, numbers)]
    unlearnt = math.isfinite(trial.before) and trial.before > 0.5 * patient.constant
    idle = trial.before - trial.after < IDLE * trial.before
    if unlearnt and idle and trial.faster < (1 - BETTER) * trial.before:
        return [
            Finding(
                "learning-rate-too-low",
                "warning",
                "",
                f"{moved}; at a hundred times the rate it falls to {trial.faster:.4g}.",
                "Raise the learning rate ten times and look again; gn.find_learning_rate draws "
                "the whole curve.",
                numbers,
            )
        ]
    return []


def _too_high(seen: str, numbers: dict[str, float]) -> Finding:
    return Finding(
        "learning-rate-too-high",
        "problem",
        "",
        seen,
        "Lower the learning rate ten times and look again; gn.find_learning_rate draws the whole "
        "curve.",
        numbers,
    )
