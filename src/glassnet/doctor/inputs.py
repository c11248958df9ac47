"""Inputs: columns that are out of scale, that say nothing, or that say the same."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from glassnet.doctor.finding import Finding
from glassnet.doctor.patient import Patient
from glassnet.nn.graph import is_trained
from glassnet.types import Array

LARGE, HUGE, TINY = 10.0, 100.0, 0.01
"""Sizes √(mean x²) beyond which a column is a warning, a problem, and all columns are too small."""

LISTED = 5


def look(patient: Patient) -> Iterator[Finding]:
    """Look at the rows as they come, and as the first trained layer gets them."""
    yield from _scale(patient)
    for name, x in patient.rows[0].items():
        yield from _silent_or_twice(patient, name, x.reshape(len(x), -1))


def _scale(patient: Patient) -> Iterator[Finding]:
    """See how large the numbers are that reach the first layers with parameters."""
    first = {
        (node.inputs[0], node.name)
        for node, behind in zip(patient.network.nodes, patient.network.learns_before(), strict=True)
        if not behind and is_trained(node.layer) and not node.merges
    }
    for feed, node in sorted(first):
        x = patient.run[feed].y
        sizes = np.sqrt(np.mean(np.square(x, dtype=np.float64), axis=0)).ravel()
        largest = float(sizes.max(initial=0))
        if largest > LARGE or 0 < largest < TINY:
            worst = int(sizes.argmax())
            column = x.reshape(len(x), -1)[:, worst]
            called = patient.column(worst, sizes.size)
            off = int((sizes > LARGE).sum())
            how = f"{off:,} of {sizes.size:,} columns are large" if off else "All columns are tiny"
            yield Finding(
                "inputs-not-scaled",
                "problem" if largest > HUGE else "warning",
                node,
                f"{how}: column {called} runs from {column.min():.4g} to {column.max():.4g}. "
                "Learning is slow or unsteady unless inputs are about -1..1.",
                "Put gn.Standardize.of(x) first, which keeps the statistics with the network, or "
                "scale the columns yourself.",
                {"largest": largest, "columns": off, "column": worst},
            )


def _silent_or_twice(patient: Patient, name: str, x: Array) -> Iterator[Finding]:
    """Find columns that are the same in every row, and columns that repeat another."""
    if len(x) < 2:
        return
    constant = np.flatnonzero((x == x[0]).all(axis=0))
    if constant.size:
        yield Finding(
            "constant-feature",
            "note",
            name,
            f"{constant.size:,} of {x.shape[1]:,} columns are the same in all {len(x):,} rows: "
            f"{_listed(patient, constant, x)}.",
            "They tell nothing. Leave them out, unless other rows will differ there, as the "
            "margins of images may.",
            {"columns": constant.size},
        )
    first: dict[bytes, int] = {}
    varying = np.setdiff1d(np.arange(x.shape[1]), constant).tolist()
    twice = [k for k in varying if first.setdefault(x[:, k].tobytes(), k) != k]
    if twice:
        yield Finding(
            "duplicated-feature",
            "warning",
            name,
            f"{len(twice):,} columns repeat another in all {len(x):,} rows: "
            f"{_listed(patient, np.array(twice), x)}.",
            "They weigh twice and tell nothing new: leave them out.",
            {"columns": len(twice)},
        )


def _listed(patient: Patient, places: Array, x: Array) -> str:
    more = f" and {places.size - LISTED:,} more" if places.size > LISTED else ""
    return ", ".join(patient.column(int(k), x.shape[1]) for k in places[:LISTED]) + more
