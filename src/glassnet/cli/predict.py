"""`glassnet predict`: what a model says to new rows."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

import glassnet as gn
from glassnet.cli.arguments import ModelFile, is_number
from glassnet.cli.printing import one_line, show_table
from glassnet.errors import DataError

if TYPE_CHECKING:
    from glassnet.cli.answers import Answers
    from glassnet.types import Array


def predict(
    model: ModelFile,
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="WHAT...",
            help="A CSV or JSON file, - for standard input, a data set (its test part), or the "
            "values of one row.",
        ),
    ],
    row: Annotated[int | None, typer.Option(help="Only this row, counted from 0.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="The probability of every class; JSON always has it.")
    ] = False,
    form: Annotated[
        Literal["text", "csv", "json"], typer.Option("--format", help="Of the answers.")
    ] = "text",
    out: Annotated[
        Path | None, typer.Option(help="Write to this file, not to standard output.")
    ] = None,
) -> None:
    """Ask a model: each answer with its probability or its unit.

    A file may have a header; its names are then matched to the model's, in any order. Pixels of
    images are whole numbers, as the data set has them. A file whose name is a number is ./7.
    Where a row is unlike those that the model learnt from, or no class is likely, the answer is
    not sure, and the reason is given.

        glassnet predict iris.safetensors 5.1 3.5 1.4 0.2
        glassnet predict iris.safetensors flowers.csv --all --format csv --out answers.csv
        cat flowers.json | glassnet predict iris.safetensors -
        glassnet predict digits.safetensors digits --row 3
    """
    from glassnet.cli.answers import answer
    from glassnet.cli.output import expect_writable
    from glassnet.files import write_atomically

    if out:
        expect_writable(out)
    asked = gn.load(model)
    x, truth = _rows(asked, what)
    if row is not None:
        if not 0 <= row < len(x):
            raise DataError(f"There is no row {row}: the rows are 0 to {len(x) - 1}.")
        x, truth = x[row : row + 1], None if truth is None else truth[row : row + 1]
    answers = answer(asked, x, truth, everything)
    if out:
        write_atomically(out, _text(answers, form).encode())
    elif form == "text":
        show_table(answers.titles(), answers.cells(), texts=answers.texts)
        for reason in answers.reasons():
            print(one_line(reason))
    else:
        print(_text(answers, form), end="")


def _rows(model: "gn.Model", what: list[str]) -> "tuple[Any, Array | None]":
    """Find what is asked, and the truth where it is known."""
    from glassnet.cli.data_argument import is_data_set, part_of, read_rows
    from glassnet.cli.table import Table, read_table

    if len(what) > 1 or is_number(what[0]):
        row = Table("the command line", (), [what], ["the command line"])
        return read_rows(row, model.inputs), None
    if is_data_set(what[0]):
        rows = part_of(model, what[0])
        return rows.x, rows.t
    return read_rows(read_table(what[0]), model.inputs), None


def _text(answers: "Answers", form: str) -> str:
    from glassnet.text import aligned

    if form == "json":
        return answers.to_json()
    if form == "csv":
        return answers.to_csv()
    table = aligned(answers.titles(), answers.cells(), answers.texts)
    return "\n".join([table, *map(one_line, answers.reasons())]) + "\n"
