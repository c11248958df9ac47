"""`glassnet export`: a model as something that runs without Glassnet."""

from pathlib import Path
from typing import Annotated, Literal

import typer

import glassnet as gn
from glassnet.cli.arguments import ModelFile
from glassnet.cli.printing import size_of
from glassnet.errors import SettingError


def export(
    model: ModelFile,
    to: Annotated[Literal["html"], typer.Option(help="What to make: a page.")],
    out: Annotated[
        Path | None, typer.Option(help="The file; unless given, named like the model, here.")
    ] = None,
) -> None:
    """Make of a model one HTML file that answers offline: open it in any browser, or send it on.

    It holds the weights and needs no server. Before it is kept, its answers are compared with the
    model's.

        glassnet export iris.safetensors --to html
        glassnet export digits.safetensors --to html --out site/digits.html
    """
    from glassnet.cli.output import expect_writable
    from glassnet.export.check import TOLERANCE

    target = expect_writable(out or Path(f"{Path(model).stem}.html"))
    if target.exists() and target.samefile(model):
        raise SettingError(f"{target} is the model itself. Give the page another name, by --out.")
    asked = gn.load(model)
    page = asked.export(target, to, name=Path(model).stem)
    check = page.check
    print(f"{page.path}: {size_of(page.path)}. Open it in any browser; it needs no network.")
    how = {
        "node": "its program, run by Node, is",
        "python": "no Node is here to run its program; what its weights give in Python is",
    }
    print(
        f"Checked: {how[check.by]} at most {check.apart:.1g} from the model's answers "
        f"to {check.rows:,} rows, {check.which}."
    )
    if check.apart > TOLERANCE:
        print(
            f"That is how the model rounds, in {asked.network.dtype}: from its answers in double "
            f"precision the page is at most {check.furthest:.1g}."
        )
