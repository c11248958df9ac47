"""JSON lines: files of one JSON object a line, which can be read while they are being written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from glassnet.errors import FileError
from glassnet.files import open_file
from glassnet.training.history import as_json

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
        raise FileError(f"{where} is damaged: it is not JSON ({error}).") from error
    if not isinstance(found, dict):
        raise FileError(f"{where} is damaged: it is not a JSON object.")
    return found
