"""Doctor: looks at the network while it trains, and says what is new."""

from __future__ import annotations

import time
from collections.abc import Sequence

from glassnet.doctor import learning_rate
from glassnet.doctor.diagnose import (
    OF_DATA,
    OF_FORM,
    OF_STATE,
    OF_TRAINING,
    Look,
    examine,
)
from glassnet.doctor.finding import SEVERITIES, Diagnosis, Finding
from glassnet.doctor.patient import Patient
from glassnet.errors import SettingError
from glassnet.optim import Adam
from glassnet.settings import inside
from glassnet.showing import show
from glassnet.training.callbacks import Callback
from glassnet.training.fit import Fit
from glassnet.training.history import Figures

Key = tuple[str, str]
Findings = dict[Key, Finding]
NOTE = SEVERITIES.index("note")

SHARE = 0.1
"""At most such a share of the time is spent on looking."""


class Doctor(Callback):
    """Looks at data and network before training, then every few epochs, and prints what is new.

    every       how many epochs lie between two looks; one is left out where looking would take more
                than a tenth of the time
    quiet       True keeps the findings, in `diagnosis`, and prints nothing

    Each finding is printed once, and again when it has become graver, on the standard error stream.
    Training is not changed.
    """

    def __init__(self, every: int = 5, quiet: bool = False) -> None:
        if not isinstance(every, int) or not inside("[1, inf)", every):
            raise SettingError(f"Doctor expects every, a whole number from 1, got {every!r}.")
        self.every, self.quiet = every, quiet
        self._lasting: Findings = {}
        self._passing: Findings = {}
        self._said: dict[Key, int] = {}
        self._began = self._spent = 0.0

    @property
    def diagnosis(self) -> Diagnosis:
        """What holds of the data and the form, and what the last look at the network found."""
        return Diagnosis((self._lasting | self._passing).values())

    def on_start(self, fit: Fit) -> None:
        self._said, self._spent = {}, 0.0
        self._began = time.perf_counter()
        self._lasting = self._look(fit, OF_DATA, OF_FORM)
        self._passing = self._look(fit, OF_STATE)

    def on_epoch(self, fit: Fit, figures: Figures) -> None:  # noqa: ARG002
        taken = time.perf_counter() - self._began
        if len(fit.history) % self.every == 0 and self._spent <= SHARE * taken:
            self._passing = self._look(fit, OF_STATE, OF_TRAINING)

    def on_end(self, fit: Fit) -> None:
        self._passing = self._look(fit, OF_STATE, OF_TRAINING, (learning_rate.from_history,))

    def _look(self, fit: Fit, *looks: Sequence[Look]) -> Findings:
        """Take some looks, say what is new or has become graver, and return all that was found."""
        began = time.perf_counter()
        patient = Patient(
            network=fit.network,
            losses=fit.losses,
            examples=fit.examples,
            validation=fit.held_out,
            history=fit.history,
            optimizer=Adam(),
            rows_in_pass=256,
            rows_of_data=2_000,
        )
        findings = {(one.name, one.where): one for one in examine(patient, *looks)}
        for key, finding in findings.items():
            rank = SEVERITIES.index(finding.severity)
            if rank < self._said.get(key, NOTE):
                self._said[key] = rank
                if not self.quiet:
                    show(f"Doctor, epoch {len(fit.history)}: {finding}")
        self._spent += time.perf_counter() - began
        return findings
