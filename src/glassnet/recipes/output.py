"""Output: how recipes print and draw."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from glassnet.errors import MissingExtraError
from glassnet.plots import Picture
from glassnet.text import aligned


def chapter(title: str) -> None:
    """Begin a chapter."""
    print(f"\n{title}\n{'-' * len(title)}", flush=True)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], texts: int = 1) -> None:
    """Print a table; the first `texts` columns are texts, the rest numbers."""
    print(aligned(columns, rows, texts), flush=True)


def draw(picture: Picture, path: Path) -> None:
    """Draw a picture and say where it is; without matplotlib, say so and go on."""
    try:
        picture.save(path)
        print(f"Drew {path}", flush=True)
    except MissingExtraError as error:
        print(f"No picture: {error}", flush=True)
