"""The learning rate: too high where the loss rises, too low where it hardly moves."""

from __future__ import annotations

import math
from collections.abc import Iterator

from glassnet.doctor.finding import Finding
from glassnet.doctor.patient import Patient
from glassnet.doctor.trial import BETTER, FASTER, IDLE

RISE = 0.5
"""By so much of the loss of the best constant answer the loss may not rise in a short trial."""

WORSE = 0.2
"""By this share the last epoch's loss has to lie above the first one's: less may be chance."""

SEVERAL, MANY = 5, 10
"""After so many epochs a loss has to have moved, and to have beaten the best constant answer."""

ABOVE = 1.05
"""Less than so many times the loss of the best constant answer may be chance."""

ADVICE = "the learning rate ten times and look again; gn.find_learning_rate draws the whole curve."


def look(patient: Patient) -> Iterator[Finding]:
    """Ask the history, where there is one, and a short trial."""
    yield from (from_history(patient) or _from_trial(patient))


def from_history(patient: Patient) -> list[Finding]:
    """See whether training went off, or ended no better than it began."""
    history = patient.history
    if history is None or not (history.ended == "diverged" or len(history) > 1):
        return []
    losses = history["loss"] if len(history) else []
    stuck = len(losses) > 1 and losses[len(losses) // 2] - losses[-1] < IDLE * losses[0]
    numbers = {"epochs": float(len(history))}
    when = f"In {len(history)} epochs" if len(history) > 1 else "In the first epoch"
    if history.ended == "diverged":
        seen = "training ended because the loss or a weight was no number any more."
    elif losses[-1] > losses[0] + WORSE * abs(losses[0]):
        seen = f"the loss ended at {losses[-1]:.4g}, above {losses[0]:.4g} after the first epoch."
    elif len(losses) < SEVERAL or losses[-1] < patient.constant:
        return []
    elif max(losses) - min(losses) < IDLE * losses[0] and losses[-1] <= losses[0]:
        seen = f"the loss went from {losses[0]:.4g} to {losses[-1]:.4g} only."
        return [_too_low(f"{when} {seen}", numbers)]
    elif losses[-1] > ABOVE * patient.constant and len(losses) >= MANY and stuck:
        seen = (
            f"the loss ended at {losses[-1]:.4g}, worse than always giving the same answer "
            f"({patient.constant:.4g})."
        )
    else:
        return []
    return [_too_high(f"{when} {seen}", numbers)]


def _from_trial(patient: Patient) -> list[Finding]:
    """Train copies for some steps: at this rate, at a tenth, at a hundred times or more."""
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
        "factor": trial.factor,
    }
    bound = trial.before + RISE * max(patient.constant, trial.before)
    if not trial.after <= bound and trial.slower < trial.before:
        seen = f"{moved}; at a tenth of the rate it falls to {trial.slower:.4g}."
        return [_too_high(seen, numbers)]
    unlearnt = math.isfinite(trial.before) and trial.before > 0.5 * patient.constant
    if unlearnt and trial.idle and trial.faster < (1 - BETTER) * trial.before:
        times = "a hundred" if trial.factor == FASTER else f"{trial.factor:,.0f}"
        seen = f"{moved}; at {times} times the rate it falls to {trial.faster:.4g}."
        return [_too_low(seen, numbers)]
    return []


def _too_high(seen: str, numbers: dict[str, float]) -> Finding:
    return Finding("learning-rate-too-high", "problem", "", seen, f"Lower {ADVICE}", numbers)


def _too_low(seen: str, numbers: dict[str, float]) -> Finding:
    return Finding("learning-rate-too-low", "warning", "", seen, f"Raise {ADVICE}", numbers)
