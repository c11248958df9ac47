"""See which data sets there are, and fetch those that must be.

glassnet datasets list
glassnet datasets show iris
glassnet datasets fetch mnist
"""

from typing import TYPE_CHECKING, Annotated

import typer

import glassnet as gn
from glassnet.cli.printing import show_table

if TYPE_CHECKING:
    from glassnet.data.meaning import Features
    from glassnet.types import Array

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="A data set of `glassnet datasets list`.")
]


def list_() -> None:
    """List the data sets."""
    rows = [[name, gn.datasets.describe(name)] for name in gn.datasets.names()]
    show_table(["name", "what it is"], rows, texts=2)


def show(name: Name) -> None:
    """Show what a data set holds and where it comes from.

    glassnet datasets show digits
    """
    import numpy as np

    from glassnet.cli.data_argument import load_data
    from glassnet.cli.format import meaning, show_entry
    from glassnet.data.meaning import Classes, Images
    from glassnet.text import image_text

    data = load_data(name)
    parts = {"train": data.train, "validation": data.validation, "test": data.test}
    show_entry("name", data.name)
    show_entry("what", data.description)
    show_entry("source", data.source)
    show_entry("rows", ", ".join(f"{len(rows):,} {part}" for part, rows in parts.items()))
    show_entry("inputs", meaning(data.inputs))
    show_entry("outputs", meaning(data.outputs))
    if isinstance(data.outputs, Classes):
        counts = np.bincount(data.train.t, minlength=len(data.outputs.labels))
        of_each = zip(data.outputs.labels, counts, strict=True)
        show_entry("train", ", ".join(f"{label}: {count:,}" for label, count in of_each))
    print()
    if isinstance(data.inputs, Images):
        print(image_text(np.asarray(data.train.x[0]).reshape(data.inputs.height, -1)))
    else:
        _show_features(data.inputs, np.asarray(data.train.x))


def fetch(name: Name) -> None:
    """Say where a data set is, after downloading it if it must be.

    glassnet datasets fetch mnist
    """
    place = gn.datasets.fetch(name)
    print(place or f"{name} needs no files: it comes with Glassnet.")


def _show_features(features: "Features", x: "Array") -> None:
    """Print the span of each feature in the training part."""
    units = features.units or ("",) * features.size
    spans = zip(x.min(axis=0), x.mean(axis=0), x.max(axis=0), strict=True)
    rows = [
        [name, unit, *(f"{value:.4g}" for value in span)]
        for name, unit, span in zip(features.names, units, spans, strict=True)
    ]
    show_table(["feature", "unit", "least", "mean", "most"], rows, texts=2)
