"""See which trainings were recorded, and compare them.

glassnet train digits --record runs/digits
glassnet runs list
glassnet runs compare runs/digits runs/digits-2
"""

from pathlib import Path
from typing import Annotated

import typer

import glassnet as gn
from glassnet.cli.printing import show_table, size_of

Recorded = Annotated[str, typer.Argument(metavar="RUN", help="The folder of a recorded run.")]


def list_(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where to look for runs.")
    ] = Path("runs"),
) -> None:
    """List the recorded runs of a folder; one that cannot be read is listed as damaged.

    glassnet runs list
    """
    from glassnet import runs
    from glassnet.errors import FileError

    if not (found := runs.find(folder)):
        raise FileError(
            f"There are no recorded runs in {folder}. Make one: glassnet train --record"
        )
    rows, reasons = [], []
    for path in found:
        try:
            run = runs.open(path)
        except FileError as error:
            rows.append([str(path), "", "damaged", "", "", ""])
            reasons.append(str(error))
            continue
        ended = run.ended or "in progress or cut off"
        counts = (len(run.epochs), len(run.steps), len(run.moments))
        rows.append([str(path), run.data, ended, *(f"{count:,}" for count in counts)])
    show_table(["run", "data", "ended", "epochs", "steps", "moments"], rows, texts=3)
    for reason in reasons:
        typer.echo(f"Error: {reason}", err=True)


def show(run: Recorded) -> None:
    """Show what a run trained, how, and which moments were kept.

    glassnet runs show runs/digits
    """
    from glassnet.cli.format import as_one_line, meaning, show_entry
    from glassnet.training.history import describe

    shown = gn.runs.open(run)
    show_entry("run", str(shown.path))
    for name in ("data", "inputs", "outputs"):
        if known := getattr(shown, name):
            show_entry(name, known if name == "data" else meaning(known))
    for name, setting in shown.settings.items():
        show_entry("planned" if name == "epochs" else name, as_one_line(setting))
    show_entry("epochs", f"{len(shown.epochs)} recorded")
    show_entry("last", describe(shown.epochs.last))
    show_entry("moments", ", ".join(map(str, shown.moments)))
    show_entry("ended", shown.ended or "in progress or cut off")


def compare(
    runs: Annotated[
        list[str], typer.Argument(metavar="RUN RUN...", help="Folders of recorded runs.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="A .png, .svg or .pdf file for the curves.")
    ] = None,
) -> None:
    """Put runs side by side: their last figures, and the settings that differ.

    glassnet runs compare runs/digits runs/digits-2 --out compared.png
    """
    from glassnet.cli.output import expect_writable
    from glassnet.text import page_width

    path = out and expect_writable(out)
    compared = gn.runs.compare(runs)
    show_table(*compared.fitting(page_width()))
    if path:
        compared.picture().save(path)
        print(f"Wrote {path} ({size_of(path)})")
