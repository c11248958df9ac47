"""Answers: what a model says to rows, written for people, for tables and for programs."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import Any

import numpy as np

import glassnet as gn
from glassnet.data.meaning import Classes
from glassnet.types import Array


@dataclass(frozen=True)
class Answers:
    """One answer a row, in columns.

    columns     their titles
    rows        a text for a label, a float for a number
    records     the same as JSON, an object a row
    shares      whether the numbers are probabilities
    """

    columns: list[str]
    rows: list[list[str | float]]
    records: list[dict[str, Any]]
    shares: bool

    @property
    def texts(self) -> int:
        """How many columns, from the first, are texts."""
        return sum(isinstance(cell, str) for cell in self.rows[0])

    def to_csv(self) -> str:
        """Write a header and a line for each row."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(self.rows)
        return text.getvalue()

    def to_json(self) -> str:
        """Write a list of objects."""
        return json.dumps(self.records, indent=1, ensure_ascii=False) + "\n"

    def cells(self) -> list[list[str]]:
        """Write each cell for people."""
        return [[self._cell(cell) for cell in row] for row in self.rows]

    def _cell(self, cell: str | float) -> str:
        if isinstance(cell, str):
            return cell
        return f"{100 * cell:.1f} %" if self.shares else f"{cell:.5g}"


def answer(model: gn.Model, x: Any, truth: Array | None, everything: bool) -> Answers:
    """Ask a model.

    truth       the targets, where they are known, to be shown beside
    everything  the probability of every class, not of the answer only
    """
    if isinstance(model.outputs, Classes):
        return _classes(model.outputs.labels, model.predict_proba(x), truth, everything)
    units = model.outputs.units or ("",) * model.outputs.size
    return _values(model.outputs.names, units, model.predict(x), truth)


def _classes(labels: tuple[str, ...], p: Array, truth: Array | None, everything: bool) -> Answers:
    columns = ["answer", *(["truth"] if truth is not None else []), "probability"]
    columns += [f"p({label})" for label in labels] if everything else []
    rows: list[list[str | float]] = []
    records = []
    for n, (k, share) in enumerate(zip(p.argmax(axis=1), np.round(p, 6).tolist(), strict=True)):
        record: dict[str, Any] = {"answer": labels[k]}
        if truth is not None:
            record["truth"] = labels[truth[n]]
        record["probability"] = share[k]
        rows.append([*record.values(), *(share if everything else [])])
        if everything:
            record["probabilities"] = dict(zip(labels, share, strict=True))
        records.append(record)
    return Answers(columns, rows, records, shares=True)


def _values(
    names: tuple[str, ...], units: tuple[str, ...], y: Array, truth: Array | None
) -> Answers:
    titles = [f"{name} ({unit})" if unit else name for name, unit in zip(names, units, strict=True)]
    columns = titles + ([f"truth of {title}" for title in titles] if truth is not None else [])
    y = np.round(y.astype(np.float64), 6)
    rows = (y if truth is None else np.concatenate([y, truth], axis=1)).tolist()
    records = [
        {
            name: {"value": row[m], "unit": units[m]}
            | ({} if truth is None else {"truth": row[len(names) + m]})
            for m, name in enumerate(names)
        }
        for row in rows
    ]
    return Answers(columns, rows, records, shares=False)
