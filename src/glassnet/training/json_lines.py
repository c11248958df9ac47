"""JSON lines: files of one JSON object a line, which can be read while they are being written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from glassnet.errors import FileError
from glassnet.files import expect_plain, open_file, write_atomically
from glassnet.training.history import as_json

MEND = "Copy it again from where it is whole, or move it away."
"""What to do with a file that is damaged."""

MOST_LINE = 16 << 20
"""Bytes of a line, or of an object that is a file of its own, at most."""


def append_lines(path: Path, lines: Iterable[Mapping[str, Any]], *, anew: bool = False) -> None:
    """Write JSON objects, one a line; numbers that are not finite become null.

    anew    whether what the file held is dropped first

    Raises FileError if they cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w" if anew else "a", encoding="utf-8") as file:
            file.writelines(json.dumps(as_json(line)) + "\n" for line in lines)
    except OSError as error:
        raise FileError(f"Cannot write {path}: {error.strerror or error}.") from error


def cut_lines(path: Path, step: int, epoch: int) -> list[dict[str, Any]]:
    """Take out of a file, if it is there, what is of later steps and epochs, and half a last line.

    Returns the lines that stay. Raises FileError if the file is damaged or cannot be written.
    """
    if not path.exists():
        return []
    stay = [
        line
        for line in read_lines(path)
        if _number(line, "step") <= step and _number(line, "epoch") <= epoch
    ]
    write_atomically(path, "".join(f"{json.dumps(line)}\n" for line in stay).encode())
    return stay


def _number(line: Mapping[str, Any], name: str) -> float:
    number = line.get(name)
    return number if isinstance(number, int | float) else 0


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Read JSON objects, one a line; what follows the last whole line is left out.

    Raises FileError if the file is missing, or damaged elsewhere than at its end.
    """
    found: list[dict[str, Any]] = []
    with open_file(path) as file:
        while (text := file.readline(MOST_LINE)).endswith(b"\n"):
            found.append(read_object(text, f"{path}, line {len(found) + 1}"))
    if len(text) == MOST_LINE:
        raise FileError(f"{path}, line {len(found) + 1} is damaged: it does not end.")
    return found


def read_object(text: bytes, where: str) -> dict[str, Any]:
    """Read one JSON object. Raises FileError, which says where, if it is something else."""
    try:
        found = json.loads(text.decode())
    except (ValueError, RecursionError) as error:
        raise damaged(where, f"it is not JSON ({error})") from error
    if not isinstance(found, dict):
        raise damaged(where, "it is not a JSON object")
    try:
        expect_plain(found)
    except ValueError as error:
        raise damaged(where, f"it holds what Glassnet never writes, {error}") from error
    return found


def damaged(where: str, what: str) -> FileError:
    """Make the error for a file that was written by us and is no longer whole."""
    return FileError(f"{where} is damaged: {what}. {MEND}")
