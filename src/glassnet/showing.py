"""Showing: what is printed for people to watch, which never harms what it tells of."""

from __future__ import annotations

import sys
from typing import Any, TextIO


class Shown:
    """A stream of text that people watch: what cannot be written to it is left out.

    The disk may be full, the reader or the terminal gone, the stream closed or never there. From
    then on nothing more is written, and `lost` holds the error; ``print(..., file=shown)`` and
    whatever else writes goes on as if it were read.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self.stream = stream
        self.lost: Exception | None = None

    def write(self, text: str) -> int:
        """Write a text, if it can be; return its length."""
        if self.stream is not None and self.lost is None:
            try:
                return self.stream.write(text)
            except (OSError, ValueError) as error:
                self.lost = error
        return len(text)

    def flush(self) -> None:
        """Bring what was written to where it goes, if it can be."""
        if self.stream is not None and self.lost is None:
            try:
                self.stream.flush()
            except (OSError, ValueError) as error:
                self.lost = error

    def isatty(self) -> bool:
        """Say whether it is a terminal that people still see."""
        try:
            return self.stream is not None and self.lost is None and self.stream.isatty()
        except (OSError, ValueError):
            return False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def show(line: str) -> None:
    """Print a line on the standard error stream, if that can be written to."""
    print(line, file=Shown(sys.stderr), flush=True)
