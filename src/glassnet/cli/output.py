"""Outputs: files whose writing is made sure of before the work that they are to hold."""

from pathlib import Path
from tempfile import TemporaryFile

from glassnet.errors import FileError


def expect_writable(path: Path) -> Path:
    """Return `path` if a file can be written there, in a folder that may still have to be made.

    Raises FileError if not, and leaves no trace either way.
    """
    try:
        if path.is_dir():
            raise IsADirectoryError(0, "it is a folder")
        folder = next(parent for parent in path.absolute().parents if parent.exists())
        with TemporaryFile(dir=folder):
            return path
    except OSError as error:
        raise FileError(f"Cannot write {path}: {error.strerror or error}.") from error
