"""Answers: what a model says to rows, written for people, for tables and for programs."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, replace
from typing import Any

import glassnet as gn
from glassnet.data.meaning import Classes
from glassnet.types import Array

MOST_DOUBTS = 10
"""Of so many rows at most it is said why the answers are not sure."""


@dataclass(frozen=True)
class Answers:
    """One answer a row, in columns.

    columns     their titles
    rows        a text for a label, a float for a number
    records     the same as JSON, an object a row
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
    everything  the probability of every class, not of the answer only
    """
    found = model.answers(x)
    if isinstance(model.outputs, Classes):
        told = _classes(model.outputs.labels, found, truth, everything)
    else:
        units = model.outputs.units or ("",) * model.outputs.size
        told = _values(model.outputs.names, units, found, truth)
    if model.experience is None:
        return told
    for record, one in zip(told.records, found, strict=True):
        record.setdefault("sure", one.sure)  # a quantity may have that name
        record.setdefault("unsure_because", [doubt.to_json() for doubt in one.unsure_because])
    doubts = ["; ".join(doubt.message for doubt in one.unsure_because) for one in found]
    return replace(told, doubts=doubts)


def _classes(
    labels: tuple[str, ...], found: list[gn.Answer], truth: Array | None, everything: bool
) -> Answers:
    columns = ["answer", *(["truth"] if truth is not None else []), "probability"]
    columns += [f"p({label})" for label in labels] if everything else []
    rows: list[list[str | float]] = []
    records = []
    for n, one in enumerate(found):
        share = {label: round(p, 6) for label, p in one.probabilities.items()}
        record: dict[str, Any] = {"answer": one.label}
        if truth is not None:
            record["truth"] = labels[truth[n]]
        record["probability"] = share[one.label]
        rows.append([*record.values(), *(share.values() if everything else [])])
        if everything:
            record["probabilities"] = share
        records.append(record)
    return Answers(columns, rows, records, shares=True)


def _values(
    names: tuple[str, ...], units: tuple[str, ...], found: list[gn.Answer], truth: Array | None
) -> Answers:
    titles = [f"{name} ({unit})" if unit else name for name, unit in zip(names, units, strict=True)]
    columns = titles + ([f"truth of {title}" for title in titles] if truth is not None else [])
    rows: list[list[str | float]] = [
        [round(value, 6) for value in one.values.values()] for one in found
    ]
    if truth is not None:
        rows = [[*row, *t] for row, t in zip(rows, truth.tolist(), strict=True)]
    records = [
        {
            name: {"value": row[m], "unit": units[m]}
            | ({} if truth is None else {"truth": row[len(names) + m]})
            for m, name in enumerate(names)
        }
        for row in rows
    ]
    return Answers(columns, rows, records, shares=False)
