"""What a model is asked: rows of a data set or of a table, checked against what it has learnt."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np

import glassnet as gn
from glassnet.cli.format import meaning
from glassnet.cli.printing import warn
from glassnet.cli.table import Table, read_table, some
from glassnet.data.meaning import Classes, Images, Inputs, Outputs
from glassnet.errors import DataError, one_of, short
from glassnet.model.provenance import data_name, fits
from glassnet.types import Array


def is_data_set(what: str) -> bool:
    """Tell names of data sets from paths. Raises SettingError for what looks like neither."""
    if what in gn.datasets.names():
        return True
    if what == "-" or Path(what).suffix or os.sep in what or Path(what).exists():
        return False
    raise one_of("data set or file", what, gn.datasets.names())


def trained_on(model: gn.Model) -> str:
    """The data set that a model learnt from. Raises DataError if the model does not say."""
    name = data_name(model.provenance)
    if not name:
        raise DataError("The model was trained on data of its own: name a data set or a CSV file.")
    return name


def load_data(name: str) -> gn.Dataset:
    """Load a data set, and say what people must know before they use it."""
    data = gn.datasets.load(name)
    if data.warning:
        warn(data.warning)
    return data


def part_of(model: gn.Model, name: str, part: str = "test") -> gn.Rows:
    """One part of a data set: train, validation or test. Raises DataError as `data_of`."""
    rows: gn.Rows = getattr(data_of(model, name), part)
    return rows


def data_of(model: gn.Model, name: str) -> gn.Dataset:
    """A data set that means what the model's inputs and outputs mean.

    Raises DataError for another data set.
    """
    data = load_data(name)
    if data.inputs != model.inputs:
        raise DataError(
            f"The model reads {meaning(model.inputs)}; {name} has {meaning(data.inputs)}."
        )
    if not fits(data, model.inputs, model.outputs):
        raise DataError(
            f"The model answers with {meaning(model.outputs)}; {name} has {meaning(data.outputs)}."
        )
    return data


def rows_and_targets(model: gn.Model, path: str, target: str | None) -> gn.Rows:
    """The rows of a CSV or JSON file with their targets, in one column: by default the last."""
    features, truth = read_table(path).split_off(target)
    return gn.Rows(read_rows(features, model.inputs), _targets(truth, model.outputs))


def read_rows(table: Table, inputs: Inputs) -> Array | gn.Pixels:
    """The rows of a table as a data set has them: (rows, features), or Pixels."""
    if not isinstance(inputs, Images):
        return table.ordered(inputs.names).numbers()
    pixels = [f"pixel {k}" for k in range(inputs.size)]
    table = replace(table, columns=()).ordered(pixels)
    x = table.numbers()
    wrong = np.argwhere((x != np.floor(x)) | (x < 0) | (x > inputs.maximum))
    if len(wrong):
        i, k = wrong[0]
        raise DataError(
            f"{table.place(i, k)}: expected a pixel, a whole number from 0 to {inputs.maximum}, "
            f"got {x[i, k]:g}."
        )
    return gn.Pixels(x.astype(np.uint8), inputs.maximum)


def _targets(table: Table, outputs: Outputs) -> Array:
    if not isinstance(outputs, Classes):
        return table.numbers()
    indices = {str(k): k for k in range(len(outputs.labels))}
    indices |= {label: k for k, label in enumerate(outputs.labels)}
    t = [indices.get(str(cell)) for (cell,) in table.rows]
    if None in t:
        row = t.index(None)
        raise DataError(
            f"{table.place(row, 0)}: expected one of {some(outputs.labels)}, or its number "
            f"from 0 to {len(outputs.labels) - 1}, got {short(table.rows[row][0])}."
        )
    return np.array(t)
