"""`glassnet doctor`: what is wrong with a model, its data or its training."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

import glassnet as gn
from glassnet.cli.arguments import Judged, ModelFile, Target
from glassnet.cli.printing import show_text

if TYPE_CHECKING:
    from glassnet.doctor import Diagnosis

FAILED = 1


def doctor(
    model: ModelFile,
    data: Judged = None,
    target: Target = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Look for what is wrong with a model, its data or its training, and say what to do.

    Of a data set the training part is looked at, beside the validation part; of a file its rows.
    The history and the optimiser are those in the model. The status is 1 if a problem is found;
    warnings and notes leave it 0.

        glassnet doctor digits.safetensors
        glassnet doctor iris.safetensors flowers.csv --target species
        glassnet doctor iris.safetensors --json
    """
    diagnosis, told = _diagnose(gn.load(model), data, target)
    if as_json:
        print(json.dumps({"data": told} | diagnosis.to_json(), indent=1))
    else:
        show_text(f"{told}\n\n{diagnosis}")
    if diagnosis.problems:
        raise typer.Exit(FAILED)


def _diagnose(model: "gn.Model", data: str | None, target: str | None) -> "tuple[Diagnosis, str]":
    """Look at a model with the rows it was trained on, or with those of a file."""
    from glassnet.cli.data_argument import data_of, is_data_set, rows_and_targets, trained_on

    name = data or trained_on(model)
    validation = None
    if is_data_set(name):
        found = data_of(model, name)
        rows, validation = found.train, found.validation
        told = f"{name}, {len(rows):,} training rows, {len(validation):,} validation rows"
    else:
        rows = rows_and_targets(model, name, target)
        told = f"{name}, {len(rows):,} rows"
    return model.diagnose(rows, validation=validation), told
