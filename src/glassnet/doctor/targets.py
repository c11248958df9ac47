"""Targets: classes out of balance, labels that contradict each other, values out of scale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from glassnet.doctor.finding import Finding, Severity
from glassnet.doctor.patient import Patient
from glassnet.types import Array

RARE = 10.0
"""The largest class may have so many times the rows of the smallest."""

MUCH, SOME = 0.1, 0.01
"""The shares that cannot be learnt from which on it is a problem, and a warning."""

LARGE = 10.0


def look(patient: Patient) -> Iterator[Finding]:
    """Look at each output's targets, and at them beside the inputs."""
    xs, ts = patient.rows
    group = _same_rows(xs)
    for output, t in ts.items():
        (outputs,) = patient.network.output_shapes[output]
        if t.ndim == 1:
            yield from _balance(output, t, outputs)
        elif not _shares(t):
            yield from _scale(output, t)
        yield from _contradiction(output, group, t)


def _balance(output: str, t: Array, outputs: int) -> Iterator[Finding]:
    counts = np.bincount(t, minlength=outputs)
    present = np.flatnonzero(counts)
    if len(present) == 1:
        yield Finding(
            "one-class",
            "problem",
            output,
            f"All {len(t):,} rows are of class {present[0]}.",
            "There is nothing to tell apart: add rows of another class.",
            {"classes": 1},
        )
        return
    if absent := outputs - len(present):
        yield Finding(
            "absent-class",
            "warning",
            output,
            f"{absent} of {outputs} classes have no row: {np.flatnonzero(counts == 0)[:5]}.",
            "The network cannot learn them: add rows, or take the outputs away.",
            {"classes": absent},
        )
    smallest, largest = int(counts[present].min()), int(counts.max())
    if largest > RARE * smallest:
        yield Finding(
            "class-imbalance",
            "warning",
            output,
            f"Class {counts.argmax()} has {largest:,} rows, class "
            f"{present[counts[present].argmin()]} has {smallest:,}: always saying "
            f"{counts.argmax()} is right in {100 * largest / len(t):.0f} % of them.",
            "Train with class_weight='balanced', and judge by f1 or the confusion table rather "
            "than by accuracy.",
            {"largest": largest, "smallest": smallest},
        )


def _scale(output: str, t: Array) -> Iterator[Finding]:
    size = float(np.sqrt(np.mean(np.square(t, dtype=np.float64))))
    if size > LARGE:
        yield Finding(
            "targets-not-scaled",
            "warning",
            output,
            f"The targets run from {t.min():.4g} to {t.max():.4g}; a new network answers with "
            "numbers about 0, and its steps are small.",
            "Train on (t - mean) / std; gn.Values(mean=..., std=...) turns the answers back.",
            {"size": size},
        )


def _contradiction(output: str, group: Array, t: Array) -> Iterator[Finding]:
    """See how much of the targets no network can learn, because the same row has several."""
    share, meant = _unlearnable_classes(group, t) if t.ndim == 1 else _unlearnable_values(group, t)
    if share > 0:
        severity: Severity = "note"
        if share >= SOME:
            severity = "problem" if share >= MUCH else "warning"
        yield Finding(
            "contradictory-labels",
            severity,
            output,
            f"The same inputs come with different targets: {100 * share:.2g} % {meant}.",
            "Look at these rows: mend the labels, or add the feature in which they differ.",
            {"share": share},
        )


def _unlearnable_classes(group: Array, t: Array) -> tuple[float, str]:
    """Return the share of rows that are wrong when each group gets its most frequent class."""
    pairs, counts = np.unique(np.stack([group, t], axis=1), axis=0, return_counts=True)
    best = np.zeros(group.max() + 1, dtype=int)
    np.maximum.at(best, pairs[:, 0], counts)
    return 1 - best.sum() / len(t), "of the rows will be answered wrongly by any network"


def _unlearnable_values(group: Array, t: Array) -> tuple[float, str]:
    """Return the share of the targets' variance that lies between rows that are the same."""
    t = t.astype(np.float64)
    counts = np.bincount(group)
    mean = np.stack([np.bincount(group, column) / counts for column in t.T], axis=1)[group]
    total = float(np.square(t - t.mean(axis=0)).sum())
    left = float(np.square(t - mean).sum())
    return (left / total if total else 0.0), "of their variance cannot be learnt"


def _same_rows(xs: Mapping[str, Array]) -> Array:
    """Number the rows so that equal ones, in all inputs, have the same number: (N,)."""
    first: dict[bytes, int] = {}
    rows = zip(*(np.ascontiguousarray(x) for x in xs.values()), strict=True)
    return np.array(
        [first.setdefault(b"".join(x.tobytes() for x in row), len(first)) for row in rows]
    )


def _shares(t: Array) -> bool:
    """Whether targets are probabilities or answers of yes and no."""
    return bool(t.min() >= 0 and t.max() <= 1)
