"""Printing: results on standard output, everything else on the error stream."""

import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path


def complain(message: str) -> None:
    """Say in one line what went wrong."""
    print(f"glassnet: {one_line(message)}", file=sys.stderr)


def warn(message: str) -> None:
    """Say in one line what people should know, and go on."""
    print(f"Warning: {one_line(message)}", file=sys.stderr)


def one_line(text: str) -> str:
    """Bring a text to one line, in which nothing can command the terminal."""
    from glassnet.text import plain

    return plain(" ".join(text.split()))


def show_text(text: str) -> None:
    """Print lines in which nothing can command the terminal."""
    from glassnet.text import plain

    print("\n".join(map(plain, text.split("\n"))))


def show_table(columns: Sequence[str], rows: Sequence[Sequence[str]], texts: int = 1) -> None:
    """Print a table: with lines on a terminal, as plain aligned text elsewhere.

    texts: how many columns, from the first, are texts; the rest are numbers.
    """
    from glassnet.text import aligned, plain

    if not sys.stdout.isatty():
        print(aligned(columns, rows, texts))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for place, column in enumerate(columns):
        side = "left" if place < texts else "right"
        table.add_column(Text(plain(column)), justify=side)  # type: ignore[arg-type]
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    Console().print(table)


def program() -> str:
    """How this program is called from here: by its name, or by its path where no name finds it."""
    python = Path(sys.executable)
    own = python.with_name("glassnet")
    found = shutil.which("glassnet")
    if found and own.exists() and Path(found).samefile(own):
        return "glassnet"
    if own.exists():
        return _from_here(own)
    return f"{_from_here(python)} -m glassnet"


def show_commands(*commands: Sequence[str]) -> None:
    """Print commands of this program, one a line, as they can be copied."""
    for command in commands:
        print(f"   {program()} {shlex.join(command)}")


def _from_here(path: Path) -> str:
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))


def size_of(path: Path) -> str:
    """Say how large a file is, as people read it."""
    size = path.stat().st_size
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"
