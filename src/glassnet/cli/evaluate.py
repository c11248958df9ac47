"""`glassnet evaluate`: how good a model is."""

import json
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import typer

import glassnet as gn
from glassnet.cli.arguments import Judged, ModelFile, Target
from glassnet.cli.printing import show_table


def evaluate(
    model: ModelFile,
    data: Judged = None,
    part: Annotated[
        Literal["train", "validation", "test"], typer.Option(help="Of a data set.")
    ] = "test",
    target: Target = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Measure how good a model is, on rows it has not learnt from.

    Classes give accuracy, precision, recall, f1 and the confusion table; values give errors in
    their units. Targets in a file are labels or their numbers.

        glassnet evaluate iris.safetensors
        glassnet evaluate iris.safetensors --part validation --json
        glassnet evaluate iris.safetensors flowers.csv --target species
    """
    from glassnet.cli.data_argument import is_data_set, part_of, rows_and_targets, trained_on
    from glassnet.data.meaning import Classes
    from glassnet.training.history import as_json as figures_as_json
    from glassnet.training.history import describe

    judged = gn.load(model)
    name = data or trained_on(judged)
    if is_data_set(name):
        rows, told = part_of(judged, name, part), f"{name}, {part} part"
    else:
        rows, told = rows_and_targets(judged, name, target), name
    figures = judged.evaluate(rows)
    document: dict[str, Any] = {
        "data": told,
        "rows": len(rows),
        "figures": figures_as_json(figures),
    }
    if isinstance(judged.outputs, Classes):
        document["labels"] = list(judged.outputs.labels)
        document["confusion"] = judged.confusion_table(rows).tolist()
    if as_json:
        print(json.dumps(document, indent=1, ensure_ascii=False))
        return
    print(f"{told} ({len(rows):,} rows)  {describe(figures)}")
    if "confusion" in document:
        print()
        show_confusion(document["confusion"], document["labels"])


def show_confusion(table: Sequence[Sequence[int]], labels: Sequence[str]) -> None:
    """Print how many rows of each truth (down) got each answer (across)."""
    from glassnet.plots.confusion import cells

    show_table(*cells(table, labels))
