"""Leaks: validation rows that were trained on, so that they judge nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np

from glassnet.doctor.finding import Finding
from glassnet.doctor.patient import Patient
from glassnet.engines.base import Examples

MANY = 0.1
"""The share of the validation rows from which on it is a problem."""

AT_ONCE = 4096


def look(patient: Patient) -> Iterator[Finding]:
    """Look for validation rows that are, with their targets, among the training rows."""
    if patient.validation is None:
        return
    trained = set(_digests(patient, patient.examples))
    judged = list(_digests(patient, patient.validation))
    leaked = sum(digest in trained for digest in judged)
    if not leaked:
        return
    numbers = {"rows": leaked, "of": len(judged)}
    if trained == set(judged):
        yield Finding(
            "validation-is-training",
            "note",
            "",
            f"The validation set holds the same {len(judged):,} rows as the training set.",
            "It says nothing about new rows. Where there are no others, as in a truth table, so it "
            "must be.",
            numbers,
        )
        return
    yield Finding(
        "validation-leak",
        "problem" if leaked >= MANY * len(judged) else "warning",
        "",
        f"{leaked:,} of {len(judged):,} validation rows are training rows too, targets and all.",
        "Take duplicates out before the data is split, or the figures are better than the network.",
        numbers,
    )


def _digests(patient: Patient, examples: Examples) -> Iterator[bytes]:
    """Give a hash of each row with its targets."""
    for start in range(0, len(examples), AT_ONCE):
        rows = slice(start, start + AT_ONCE)
        xs, ts, _ = examples.gather(rows, patient.network.dtype)
        arrays = [np.ascontiguousarray(array) for array in (*xs.values(), *ts.values())]
        for row in zip(*arrays, strict=True):
            yield hashlib.sha256(b"".join(part.tobytes() for part in row)).digest()
