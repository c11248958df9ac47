"""`glassnet plot`: pictures of a model, of how it was trained and of what it gets wrong."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

import glassnet as gn
from glassnet.cli.arguments import Judged, Target
from glassnet.cli.printing import show_text, size_of
from glassnet.errors import DataError, SettingError

if TYPE_CHECKING:
    from glassnet.plots import Picture

Kind = Literal[
    "overview",
    "curves",
    "mistakes",
    "confusion",
    "values",
    "regression",
    "boundary",
    "weights",
    "distributions",
    "activations",
]


def plot(
    kind: Annotated[
        Kind,
        typer.Argument(metavar="KIND", help="What to draw."),
    ],
    model: Annotated[
        str | None,
        typer.Argument(metavar="MODEL", help="A model file, or a recorded run."),
    ] = None,
    data: Judged = None,
    target: Target = None,
    out: Annotated[
        Path | None,
        typer.Option(help="A .png, .svg or .pdf file; unless given, KIND.png."),
    ] = None,
    terminal: Annotated[
        bool, typer.Option("--terminal", help="Draw with characters, here, and write no file.")
    ] = False,
) -> None:
    """Draw how training went, what the model has learnt, and what it gets wrong.

    The curves are those of training. Mistakes, the confusion table of classes and values over their
    truth are about the test part of a data set, or a file. A model of one feature has a regression
    curve, one of two features a decision boundary, any model the weights of its first layer. The
    distributions of activations and gradients are those of a recorded run; the activation functions
    need neither. The overview is the curves with the mistakes, or the values, below.

        glassnet plot overview digits.safetensors --out digits.png
        glassnet plot curves diabetes.safetensors --terminal
        glassnet plot confusion iris.safetensors flowers.csv --out confusion.svg
        glassnet plot distributions runs/digits
        glassnet plot activations
    """
    from glassnet.cli.output import expect_writable

    if terminal:
        from glassnet.text import page_width

        show_text(picture(kind, model, data, target).text(page_width()))
        return
    path = expect_writable(out or Path(f"{kind}.png"))
    picture(kind, model, data, target).save(path)
    print(f"Wrote {path} ({size_of(path)})")


def picture(
    kind: Kind, model: str | None, data: str | None = None, target: str | None = None
) -> "Picture":
    """Make one of the pictures, of a model file, of a run, or of nothing."""
    from glassnet import plots, runs

    if kind == "activations":
        return plots.activations()
    if model is None:
        raise SettingError(f"What is to be drawn? Expected: glassnet plot {kind} MODEL.")
    if kind == "distributions":
        return plots.distributions(runs.open(model).layers)
    if kind == "curves" and Path(model).is_dir():
        return plots.curves(runs.open(model).epochs)
    return _of_model(gn.load(model), kind, data, target)


def _of_model(model: "gn.Model", kind: Kind, data: str | None, target: str | None) -> "Picture":
    """Make a picture of a model. Raises DataError for one that it cannot have."""
    from glassnet import plots
    from glassnet.data.meaning import Classes

    if kind == "curves":
        return plots.curves(model.provenance.get("history", []))
    if kind == "weights":
        return plots.weights(model.network, model.inputs)
    if kind == "overview":
        below: Kind = "mistakes" if isinstance(model.outputs, Classes) else "values"
        return plots.stack(
            _of_model(model, "curves", None, None), _of_model(model, below, data, target)
        )
    if kind in ("regression", "boundary"):
        draw = plots.regression if kind == "regression" else plots.boundary
        return draw(model, *_parts(model, data, target))
    return _of_answers(model, kind, _parts(model, data, target)[-1])


def _parts(model: "gn.Model", data: str | None, target: str | None) -> list["gn.Rows"]:
    """Find the rows: training and test of a data set, or those of a file."""
    from glassnet.cli.data_argument import data_of, is_data_set, rows_and_targets, trained_on

    name = data or trained_on(model)
    if not is_data_set(name):
        return [rows_and_targets(model, name, target)]
    found = data_of(model, name)
    return [found.train] if found.test is found.train else [found.train, found.test]


def _of_answers(model: "gn.Model", kind: Kind, rows: "gn.Rows") -> "Picture":
    """Draw what a model answers to rows, beside their truth."""
    import numpy as np

    from glassnet import plots
    from glassnet.data.meaning import Classes
    from glassnet.training import find_mistakes

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
