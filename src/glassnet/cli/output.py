"""Outputs: files whose writing is made sure of before the work that they are to hold."""

import os
from pathlib import Path
from tempfile import TemporaryFile

from glassnet.errors import DivergenceError, FileError


def expect_writable(path: Path) -> Path:
    """Return `path` if a file can be written there, in a folder that may still have to be made.

    Raises FileError if not, and leaves no trace either way.
    """
    try:
        if path.exists() and not path.is_file():
            raise OSError("it is a folder" if path.is_dir() else "it is something else than a file")
        parents = Path(os.path.realpath(path)).parents
        folder = next(parent for parent in parents if parent.exists())
        with TemporaryFile(dir=folder):
            return path
    except OSError as error:
        raise FileError(f"Cannot write {path}: {error.strerror or error}.") from error


def with_what_was_learnt(error: DivergenceError, path: Path) -> DivergenceError:
    """Save the last good weights, if there are any, beside the path that was asked for."""
    from glassnet.files import SUFFIX

    if error.model is None:
        return error
    beside = path.with_name(f"{path.name.removesuffix(SUFFIX)}.last-good{SUFFIX}")
    error.model.save(beside)
    return DivergenceError(f"{error} {beside} holds the last good weights.")
