"""`glassnet recipe`: five published tutorials, run."""

from pathlib import Path
from typing import Annotated

import typer

from glassnet.cli.printing import show_commands, show_table


def recipe(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Unless given, all are listed.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Shorten it to seconds.")] = False,
    folder: Annotated[
        Path | None, typer.Option(help="Where its files go; unless given, recipes/NAME.")
    ] = None,
    seed: Annotated[
        int, typer.Option(help="Another seed, other weights; eleven-lines has its own.")
    ] = 0,
    monitor: Annotated[
        bool, typer.Option("--monitor", help="Of house-price: show each node as it is computed.")
    ] = False,
    download: Annotated[
        bool, typer.Option("--download", help="Fetch MNIST or Boston housing if it is not here.")
    ] = False,
) -> None:
    """Run one of five published tutorials, and see its figures come out.

    Where its data is not on this machine, it says what it uses instead.

        glassnet recipe
        glassnet recipe eleven-lines
        glassnet recipe gonetwork --quick --folder /tmp/gonetwork
    """
    from glassnet.cli.output import expect_writable
    from glassnet.recipes import RECIPES, Options
    from glassnet.recipes import recipe as recipe_named

    if name is None:
        show_table(
            ["name", "what"], [[each, told.about] for each, told in RECIPES.items()], texts=2
        )
        return
    chosen = recipe_named(name)
    place = folder or Path("recipes") / name
    expect_writable(place / f"{name}.png")
    print(f"{name}: {chosen.about}")
    following = chosen.run(Options(place, seed, quick, monitor, download))
    print("\nGo on:")
    show_commands(*following)
