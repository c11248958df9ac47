"""Tables and images as plain text."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from unicodedata import category

from glassnet.types import Array

RAMP = " .:-=+*#%@"
"""From dark to bright; each pixel is two characters wide, which makes it about a square."""


WIDTH = 100
"""The longest line of a page."""


def page_width() -> int:
    """How many characters a line holds: those of the terminal, 100 elsewhere and at most."""
    return min(max(shutil.get_terminal_size((WIDTH, 24)).columns, 40), WIDTH)


def plain(text: str) -> str:
    """Write what is no letter, mark or blank as Python escapes it: it might command a terminal."""
    if text.isprintable():
        return text
    return "".join(
        sign
        if sign.isprintable() or category(sign) == "Zs"
        else sign.encode("unicode_escape").decode()
        for sign in text
    )


def aligned(columns: Sequence[str], rows: Sequence[Sequence[str]], texts: int = 1) -> str:
    """Write a table in columns two spaces apart, a line a row whatever a cell holds.

    texts: how many columns, from the first, are texts and start on the left; the rest are numbers.
    """
    lines = [[plain(cell) for cell in row] for row in (columns, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place < texts else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in lines
    )


def image_text(image: Array) -> str:
    """Draw a grey image, (height, width) in 0..1, with characters."""
    return "\n".join(
        "".join(RAMP[min(int(value * len(RAMP)), len(RAMP) - 1)] * 2 for value in row).rstrip()
        for row in image
    )
