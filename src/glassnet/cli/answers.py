"""Answers: what a model says to rows, written for people, for tables and for programs."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import Any

import glassnet as gn
from glassnet.data.meaning import Classes, Values
from glassnet.types import Array

MOST_DOUBTS = 10
"""Of so many rows at most it is said why the answers are not sure."""


@dataclass(frozen=True)
class Answers:
    """One answer a row, in columns.

    columns     their titles
    rows        a text for a label, a float for a number
    records     the answers as JSON, an object a row
    shares      whether the numbers are probabilities
    doubts      for each row why its answer is not sure, "" where it is; None where the model has
                no Experience, and so cannot tell
    """

    columns: list[str]
    rows: list[list[str | float]]
    records: list[dict[str, Any]]
    shares: bool
    doubts: list[str] | None = None

    @property
    def texts(self) -> int:
        """How many columns, from the first, are texts."""
        return sum(isinstance(cell, str) for cell in self.rows[0])

    def to_csv(self) -> str:
        """Write a header and a line for each row."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if self.doubts is None:
            writer.writerow(self.columns)
            writer.writerows(self.rows)
        else:
            writer.writerow([*self.columns, "sure", "because"])
            for row, doubt in zip(self.rows, self.doubts, strict=True):
                writer.writerow([*row, "no" if doubt else "yes", doubt])
        return text.getvalue()

    def to_json(self) -> str:
        """Write a list of objects."""
        return json.dumps(self.records, indent=1, ensure_ascii=False) + "\n"

    def titles(self) -> list[str]:
        """Return the columns for people, of which the last says whether an answer is sure."""
        return self.columns if self.doubts is None else [*self.columns, "sure"]

    def cells(self) -> list[list[str]]:
        """Write each cell for people."""
        cells = [[self._cell(cell) for cell in row] for row in self.rows]
        if self.doubts is not None:
            for row, doubt in zip(cells, self.doubts, strict=True):
                row.append("not sure" if doubt else "yes")
        return cells

    def reasons(self) -> list[str]:
        """Write, a line a row, why answers are not sure; the rows are counted from 0."""
        if self.doubts and len(self.doubts) == 1:
            return [f"Not sure: {doubt}." for doubt in self.doubts if doubt]
        told = [
            f"Not sure of row {n}: {doubt}." for n, doubt in enumerate(self.doubts or ()) if doubt
        ]
        if len(told) > MOST_DOUBTS:
            more = len(told) - MOST_DOUBTS
            told[MOST_DOUBTS:] = [f"Nor of {more} other rows: --format json says why."]
        return told

    def _cell(self, cell: str | float) -> str:
        if isinstance(cell, str):
            return cell
        return f"{100 * cell:.1f} %" if self.shares else f"{cell:.5g}"


def answer(model: gn.Model, x: Any, truth: Array | None, everything: bool) -> Answers:
    """Ask a model.

    truth       the targets, where they are known, to be shown beside
    everything  whether the columns have the probability of every class, not of the answer only

    In JSON an answer is what the service sends (`Answer.to_json`), with its truth.
    """
    found, outputs = model.answers(x), model.outputs
    records = [one.to_json() for one in found]
    if isinstance(outputs, Classes):
        said = None if truth is None else [outputs.labels[k] for k in truth]
        columns, rows = _classes(outputs.labels, found, said, everything)
    else:
        columns, rows = _values(outputs, found, truth)
        said = None
        if truth is not None:
            said = [dict(zip(outputs.names, t, strict=True)) for t in truth.tolist()]
    for record, t in zip(records, said or (), strict=said is not None):
        record["truth"] = t
    doubts = None
    if model.experience is not None:
        doubts = ["; ".join(doubt.message for doubt in one.unsure_because) for one in found]
    return Answers(columns, rows, records, isinstance(outputs, Classes), doubts)


def _classes(
    labels: tuple[str, ...], found: list[gn.Answer], truth: list[str] | None, everything: bool
) -> tuple[list[str], list[list[str | float]]]:
    """Give the titles of the columns, and the rows: a label, its truth, probabilities."""
    columns = ["answer", *(["truth"] if truth is not None else []), "probability"]
    columns += [f"p({label})" for label in labels] if everything else []
    rows: list[list[str | float]] = []
    for n, one in enumerate(found):
        share = {label: round(p, 6) for label, p in one.probabilities.items()}
        beside = [] if truth is None else [truth[n]]
        rows.append([one.label, *beside, share[one.label], *(share.values() if everything else [])])
    return columns, rows


def _values(
    outputs: Values, found: list[gn.Answer], truth: Array | None
) -> tuple[list[str], list[list[str | float]]]:
    """Give the titles of the columns, and the rows: the values, then those that are true."""
    units = outputs.units or ("",) * outputs.size
    named = zip(outputs.names, units, strict=True)
    titles = [f"{name} ({unit})" if unit else name for name, unit in named]
    rows: list[list[str | float]] = [
        [round(value, 6) for value in one.values.values()] for one in found
    ]
    if truth is None:
        return titles, rows
    columns = titles + [f"truth of {title}" for title in titles]
    return columns, [[*row, *t] for row, t in zip(rows, truth.tolist(), strict=True)]
