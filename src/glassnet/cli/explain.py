"""`glassnet explain`: why a model gives its answer to one row."""

import json
from pathlib import Path
from typing import Annotated

import typer

import glassnet as gn
from glassnet.cli.arguments import Judged, ModelFile, Target
from glassnet.cli.printing import show_text, size_of
from glassnet.errors import DataError, SettingError


def explain(
    model: ModelFile,
    data: Judged = None,
    row: Annotated[
        int | None,
        typer.Option(help="Of the test part of a data set, or of a file, from 0; unless given, 0."),
    ] = None,
    mistake: Annotated[
        bool, typer.Option("--mistake", help="Take the mistake of which the model is surest.")
    ] = False,
    unit: Annotated[
        str | None,
        typer.Option(
            metavar="dense_2:7",
            help="Show every step of one unit, or of a layer, forward and backward.",
        ),
    ] = None,
    target: Target = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Write Markdown with LaTeX.")
    ] = False,
    image: Annotated[
        Path | None,
        typer.Option(help="A .png, .svg or .pdf file for a picture of what the inputs add."),
    ] = None,
) -> None:
    """Explain an answer: what speaks for it, and what for the truth or the runner-up.

    The contributions of the last hidden units are exact. Those of pixels and features are gradient
    × input, which is true near the row only, unless the model has one layer. A unit's steps are
    those on that row alone, without dropout, by the model's own loss and a fresh optimiser; unless
    it says by which, by the loss that fits its answers and Adam.

        glassnet explain digits.safetensors --mistake --image why.png
        glassnet explain iris.safetensors --row 3
        glassnet explain iris.safetensors flowers.csv --target species --markdown
        glassnet explain iris.safetensors --row 3 --unit dense_2:0 --json
    """
    from glassnet.cli.output import expect_writable

    if as_json and as_markdown:
        raise SettingError("The explanation is written as JSON or as Markdown, not as both.")
    path = expect_writable(image) if image else None
    asked = gn.load(model)
    rows, told = _rows(asked, data, target)
    n = _chosen(asked, rows, row, mistake)
    one = rows.take([n])
    reasons = asked.explain(one)
    explained = asked.explain_steps(one, unit=unit) if unit else reasons
    if path:
        reasons.picture().save(path)
        typer.echo(f"Wrote {path} ({size_of(path)})", err=True)
    if as_json:
        document = {"of": {"data": told, "row": n}} | explained.to_json()
        print(json.dumps(document, indent=1, ensure_ascii=False))
    elif as_markdown:
        show_text(explained._repr_markdown_())
    else:
        blank = "\n" if unit else ""
        show_text(f"{told}, row {n}\n{blank}{explained}")


def _rows(model: "gn.Model", data: str | None, target: str | None) -> tuple["gn.Rows", str]:
    """Find the rows, and say what they are."""
    from glassnet.cli.data_argument import is_data_set, part_of, rows_and_targets, trained_on

    name = data or trained_on(model)
    if is_data_set(name):
        return part_of(model, name), f"{name}, test part"
    return rows_and_targets(model, name, target), name


def _chosen(model: "gn.Model", rows: "gn.Rows", row: int | None, mistake: bool) -> int:
    """Choose the row that is asked for, or that of the surest mistake."""
    if mistake:
        return _surest_mistake(model, rows, row)
    n = row or 0
    if not 0 <= n < len(rows):
        raise DataError(f"There is no row {n}: the rows are 0 to {len(rows) - 1}.")
    return n


def _surest_mistake(model: "gn.Model", rows: "gn.Rows", row: int | None) -> int:
    from glassnet.data.meaning import Classes
    from glassnet.training import find_mistakes

    if row is not None:
        raise SettingError("--row and --mistake each choose the row: give one of them.")
    if not isinstance(model.outputs, Classes):
        raise SettingError("--mistake needs classes; for values choose a row with --row.")
    found = find_mistakes(rows.x, rows.t, model.predict_proba(rows.x))
    if not len(found):
        raise DataError(f"There is no mistake: all {found.asked} rows were answered rightly.")
    return int(found.rows[0])
