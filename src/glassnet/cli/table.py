"""Tables that people hand in: CSV or JSON, from a file, standard input or the command line."""

from __future__ import annotations

import csv
import io
import json
import math
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from glassnet.cli.arguments import is_number
from glassnet.errors import DataError, short
from glassnet.files import open_file
from glassnet.types import Array

MOST_DIGITS = 400
"""More than the largest number has."""


@dataclass(frozen=True)
class Table:
    """Cells as they came: texts, or what JSON has.

    source      where the table is from, for people
    columns     their names; empty for a table without a header
    rows        the cells of each row
    places      where each row stands: "rows.csv, line 3"

    Raises DataError for no rows, rows of different lengths, or a name that stands twice.
    """

    source: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]
    places: Sequence[str]

    def __post_init__(self) -> None:
        if not self.rows:
            raise DataError(f"{self.source} holds no rows.")
        if twice := [name for name, count in Counter(self.columns).items() if count > 1]:
            raise DataError(f"{self.source} has two columns {short(twice[0])}.")
        for row, place in zip(self.rows, self.places, strict=True):
            if len(row) != self.width:
                of = "the header" if self.columns else "the first row"
                raise DataError(
                    f"{place}: expected {self.width} values, as in {of}, got {len(row)}."
                )

    @property
    def width(self) -> int:
        """How many values a row has."""
        return len(self.columns or self.rows[0])

    def ordered(self, names: Sequence[str]) -> Table:
        """Bring the columns into the order of `names`, which must be theirs.

        Without a header they are taken to be in that order already. Raises DataError otherwise.
        """
        if not self.columns:
            if self.width != len(names):
                raise DataError(
                    f"{self.places[0]}: expected {len(names)} values ({some(names)}), "
                    f"got {self.width}."
                )
            return replace(self, columns=tuple(names))
        place, expected = {name: k for k, name in enumerate(self.columns)}, set(names)
        missing = [name for name in names if name not in place]
        unknown = [name for name in self.columns if name not in expected]
        if missing or unknown:
            told = [f"lacks {some(missing)}"] if missing else []
            told += [f"has the unknown {some(unknown)}"] if unknown else []
            raise DataError(
                f"The header of {self.source} {' and '.join(told)}. Expected: {some(names)}."
            )
        order = [place[name] for name in names]
        return replace(
            self, columns=tuple(names), rows=[[row[k] for k in order] for row in self.rows]
        )

    def split_off(self, name: str | None) -> tuple[Table, Table]:
        """Part the table in two: all columns but one, and that one; unless named, the last."""
        if name is not None and name not in self.columns:
            has = some(self.columns) or "no header"
            raise DataError(f"{self.source} has no column {short(name)}. It has: {has}.")
        k = self.width - 1 if name is None else self.columns.index(name)
        rest = replace(
            self,
            columns=self.columns[:k] + self.columns[k + 1 :],
            rows=[[*row[:k], *row[k + 1 :]] for row in self.rows],
        )
        own_name = self.columns[k] if self.columns else str(k + 1)
        return rest, replace(self, columns=(own_name,), rows=[[row[k]] for row in self.rows])

    def numbers(self) -> Array:
        """Read every cell as a finite number: (rows, columns) float64.

        Raises DataError that names the place of the first cell that is none.
        """
        x = np.empty((len(self.rows), self.width))
        for i, row in enumerate(self.rows):
            for k, cell in enumerate(row):
                try:
                    x[i, k] = _number(cell)
                except ValueError as error:
                    raise DataError(f"{self.place(i, k)}: {error}, got {short(cell)}.") from None
        return x

    def place(self, row: int, column: int) -> str:
        """Say where a cell stands."""
        name = short(self.columns[column]) if self.columns else str(column + 1)
        return f"{self.places[row]}, column {name}"


def read_table(source: str) -> Table:
    """Read a file, or standard input for "-": CSV with or without a header, or JSON.

    Raises FileError if it cannot be read, DataError if it is no table.
    """
    if source == "-":
        name, data = "standard input", sys.stdin.buffer.read()
    else:
        with open_file(source) as file:
            name, data = source, file.read()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{name} is neither CSV nor JSON: it is not a text in UTF-8.") from error
    return parse_table(text, name)


def parse_table(text: str, source: str) -> Table:
    """Read CSV, or JSON where the text starts like JSON."""
    return _from_json(text, source) if text.lstrip()[:1] in ("[", "{") else _from_csv(text, source)


def _from_csv(text: str, source: str) -> Table:
    """The first line is a header if nothing in it is a number. Empty lines do not count."""
    start = text.lstrip().split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=start.count), strict=True)
    rows, places = [], []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append([cell.strip() for cell in row])
                places.append(f"{source}, line {reader.line_num}")
    except csv.Error as error:
        raise DataError(f"{source}, line {reader.line_num}: not CSV, {error}.") from error
    if rows and not any(map(is_number, rows[0])):
        return Table(source, tuple(rows[0]), rows[1:], places[1:])
    return Table(source, (), rows, places)


def _from_json(text: str, source: str) -> Table:
    """A list of rows, each a list of values or an object of values by name; or one row alone."""
    try:
        rows = json.loads(text, object_pairs_hook=_object, parse_int=_whole)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{source} is not JSON: {error}.") from error
    if isinstance(rows, dict) or (rows and not any(isinstance(row, list | dict) for row in rows)):
        rows = [rows]
    places = [f"{source}, row {i}" for i, _ in enumerate(rows)]
    if rows and not rows[0]:
        raise DataError(f"{places[0]}: expected values, got none.")
    kind = dict if rows and isinstance(rows[0], dict) else list
    for row, place in zip(rows, places, strict=True):
        if not isinstance(row, kind):
            raise DataError(f"{place}: expected {_JSON[kind]}, got {short(row)}.")
    if kind is list:
        return Table(source, (), rows, places)
    columns = tuple(rows[0])
    for row, place in zip(rows, places, strict=True):
        if row.keys() != rows[0].keys():
            wrong = row.keys() ^ rows[0].keys()
            raise DataError(f"{place}: has other names than the first row: {some(sorted(wrong))}.")
    return Table(source, columns, [[row[name] for name in columns] for row in rows], places)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of its pairs; ValueError for a name that stands twice: one would be lost."""
    made = dict(pairs)
    if len(made) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"an object has {short(twice)} twice")
    return made


def _whole(digits: str) -> int | float:
    """Read a whole number; one of more digits than Python reads is infinite."""
    return int(digits) if len(digits) <= MOST_DIGITS else float(digits)


_JSON = {dict: "an object, as in the first row", list: "a list of values"}


def _number(cell: Any) -> float:
    """Read a text, or what JSON has, as a finite number. Raises ValueError if it is none."""
    try:
        value = math.nan if isinstance(cell, bool) else float(cell)
    except (TypeError, ValueError, OverflowError):
        raise ValueError("expected a number") from None
    if not math.isfinite(value):
        raise ValueError("expected a finite number")
    return value


def some(names: Sequence[str]) -> str:
    """Name the first few."""
    shown = ", ".join(map(short, names[:6]))
    return shown if len(names) <= 6 else f"{shown}, … {len(names)} in all"
