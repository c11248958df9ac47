"""Arguments that several commands take."""

from typing import Annotated

import typer

ModelFile = Annotated[str, typer.Argument(metavar="MODEL", help="A model file.")]

Judged = Annotated[
    str | None,
    typer.Argument(
        metavar="DATA",
        help="A data set, or a CSV or JSON file whose rows carry their targets. Unless given, the "
        "data set that the model learnt from.",
    ),
]

Target = Annotated[
    str | None,
    typer.Option(help="Of a file: the column with the targets. Unless given, the last."),
]


def is_number(text: str) -> bool:
    """Whether a text is a number; NaN and infinity are."""
    try:
        float(text)
    except ValueError:
        return False
    return True
