"""`glassnet plot`: pictures of how a model was trained and of what it gets wrong."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

import glassnet as gn
from glassnet.cli.arguments import Judged, ModelFile, Target
from glassnet.cli.show import size_of
from glassnet.errors import DataError

if TYPE_CHECKING:
    from glassnet.inspect.plots import Picture

Kind = Literal["overview", "curves", "mistakes", "confusion", "values"]


def plot(
    kind: Annotated[
        Kind,
        typer.Argument(metavar="KIND", help="What to draw."),
    ],
    model: ModelFile,
    data: Judged = None,
    target: Target = None,
    out: Annotated[
        Path | None,
        typer.Option(help="A .png, .svg or .pdf file; unless given, KIND.png."),
    ] = None,
) -> None:
    """Draw how training went, and what the model gets wrong.

    The curves are those of training. The rest is about the test part of a data set, or a file:
    classes have mistakes and a confusion table, values are drawn over their truth. The overview is
    the curves with the mistakes, or the values, below.

        glassnet plot overview digits.safetensors --out digits.png
        glassnet plot curves diabetes.safetensors
        glassnet plot confusion iris.safetensors flowers.csv --out confusion.svg
    """
    from glassnet.cli.output import expect_writable

    path = expect_writable(out or Path(f"{kind}.png"))
    drawn = gn.load(model)
    picture(drawn, kind, data, target).save(path)
    print(f"Wrote {path} ({size_of(path)})")


def picture(
    model: "gn.Model", kind: Kind, data: str | None = None, target: str | None = None
) -> "Picture":
    """Make one of the pictures. Raises DataError for one that the model's answers do not have."""
    import numpy as np

    from glassnet.cli.asked import is_data_set, part_of, rows_and_targets, trained_on
    from glassnet.data.meaning import Classes
    from glassnet.inspect import find_mistakes, plots

    if kind == "curves":
        return plots.curves(model.provenance.get("history", []))
    if kind == "overview":
        below: Kind = "mistakes" if isinstance(model.outputs, Classes) else "values"
        return plots.stack(picture(model, "curves"), picture(model, below, data, target))
    name = data or trained_on(model)
    rows = part_of(model, name) if is_data_set(name) else rows_and_targets(model, name, target)
    if isinstance(model.outputs, Classes):
        if kind == "values":
            raise DataError("The model answers with classes: plot its mistakes or confusion.")
        labels = model.outputs.labels
        if kind == "confusion":
            return plots.confusion(model.confusion_table(rows), labels)
        found = find_mistakes(np.asarray(rows.x), rows.t, model.predict_proba(rows.x))
        return plots.mistakes(found, model.inputs, labels)
    if kind != "values":
        raise DataError(f"The model answers with values and has no {kind}: plot its values.")
    return plots.values(rows.t, model.predict(rows.x), model.outputs)
