"""Overfitting: rows learnt by heart, which does not help with new ones."""

from __future__ import annotations

from collections.abc import Iterator

from glassnet.doctor.finding import Finding
from glassnet.doctor.patient import Patient

WIDE, WIDEST = 0.25, 0.75
"""The gaps between validation and training loss, as shares of the loss of the best constant answer,
from which on it is a warning, and a problem."""

TURNED = 1.2
"""The validation loss may end so many times above its best."""

MEND = (
    "Stop at the best epoch with gn.EarlyStopping(), take more rows, a smaller network, "
    "gn.Dropout or penalties=gn.L2(1e-4)."
)


def look(patient: Patient) -> Iterator[Finding]:
    """Compare the losses as they are, else see in the history whether validation turned up."""
    if patient.validation is not None:
        yield from _gap(patient)
    elif patient.history is not None:
        yield from _turn(patient)


def _gap(patient: Patient) -> Iterator[Finding]:
    validation = patient.validation
    assert validation is not None
    train, other = patient.loss, patient.loss_on(validation)
    constant = patient.constant_on(validation.ts)
    if train < patient.constant and other - train > WIDE * constant:
        useless = other >= constant
        yield Finding(
            "overfitting",
            "problem" if other - train > WIDEST * constant else "warning",
            "",
            f"The loss is {train:.4g} on the training rows and {other:.4g} on the validation rows; "
            f"the best answer that is the same for all has {constant:.4g}."
            + (" On new rows it is worse than that." if useless else ""),
            f"See first whether rows and targets still belong together. {MEND}"
            if useless
            else MEND,
            {"loss": train, "validation_loss": other, "constant": constant},
        )


def _turn(patient: Patient) -> Iterator[Finding]:
    history = patient.history
    if not history or "validation_loss" not in history.last:
        return
    train, losses = history["loss"], history["validation_loss"]
    best = min(range(len(losses)), key=losses.__getitem__)
    rose = losses[-1] - losses[best]
    if losses[-1] > TURNED * losses[best] and rose > WIDE * losses[0] and train[-1] < train[best]:
        yield Finding(
            "overfitting",
            "warning",
            "",
            f"The validation loss was best in epoch {best + 1}, {losses[best]:.4g}, and ended at "
            f"{losses[-1]:.4g}, while the training loss went on falling to {train[-1]:.4g}.",
            MEND,
            {"best_epoch": best + 1, "best": losses[best], "last": losses[-1]},
        )
