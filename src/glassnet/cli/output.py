"""Outputs: files whose writing is made sure of before the work, and models kept in any case."""

import itertools
import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile, mkdtemp
from typing import TYPE_CHECKING

from glassnet.errors import E, FileError, carrying

if TYPE_CHECKING:
    import glassnet as gn


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


def keep(model: "gn.Model", path: Path) -> Path:
    """Save a model, undisturbed by whoever asks the process to end; return where it is.

    Raises FileError, which says where it is instead, if it cannot be written there.
    """
    from glassnet.training.interrupt import uninterrupted

    with uninterrupted():
        try:
            model.save(path)
        except (FileError, MemoryError) as error:
            raise carrying(error, kept=_elsewhere(model, path, "the model")) from error
    return path


def with_what_was_learnt(error: E, path: Path) -> E:
    """Save what an error carries of what was learnt, and have the error say where it is.

    path    where the model was to be once it was whole; what is there stays as it is
    """
    from glassnet.training.interrupt import uninterrupted

    model = getattr(error, "model", None)
    if model is None:
        return error
    with uninterrupted():
        kept = _elsewhere(model, path, "the last good weights")
    error.add_note(kept)  # for an error whose traceback is shown
    return carrying(error, kept=kept)


def interrupted_by(came: Sequence[int], message: str) -> KeyboardInterrupt:
    """Make the error for training that was ended by signals, or by Ctrl-C, with its status."""
    return carrying(KeyboardInterrupt(message), **({"status": 128 + came[0]} if came else {}))


def _elsewhere(model: "gn.Model", path: Path, what: str) -> str:
    """Save a model where it can be: beside a path, in this folder, or among temporary files.

    Returns a sentence that says where it is, or why it is nowhere.
    """
    from glassnet.files import SUFFIX

    name = f"{path.name.removesuffix(SUFFIX)}.last-good"
    beside = path.with_name(f"{name}{SUFFIX}")
    reason: Exception | None = None
    for place in (beside, _free(name, SUFFIX), None):
        try:
            chosen = place or Path(mkdtemp(prefix="glassnet-"), beside.name)
            model.save(chosen)
            return f"{chosen} holds {what}."
        except (OSError, MemoryError) as error:
            reason = reason or error
    return f"What was learnt could be saved nowhere. {reason}"


def _free(name: str, suffix: str) -> Path:
    """Name a file of this folder that is not there yet."""
    names = (f"{name}{f'-{number}' * (number > 1)}{suffix}" for number in itertools.count(1))
    return next(path for path in map(Path, names) if not path.exists())
