"""Files that are either whole or not there: atomic writes, and safetensors with a seal.

A sealed file is one safetensors file. Its metadata holds a JSON document under ``glassnet`` and,
under ``sha256``, the digest over that document and every array. Reading checks the digest and runs
nothing: the file holds numbers and text, never code.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from glassnet.errors import FileError, ModelFileError
from glassnet.types import Array


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` to `path` so that a crash or a full disk leaves the old file whole.

    The bytes go to a temporary file beside `path`, are flushed to the disk, and take the name in
    one step; a file that was there hands on its permissions, and a link is followed. Raises
    FileError if the folder cannot be made or written to, or `path` is something else than a file.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            if not target.is_file():
                raise OSError("something else than a file is there")
            temporary.chmod(stat.S_IMODE(target.stat().st_mode))
        temporary.replace(target)
        _sync_folder(target.parent)
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileError(f"Cannot write {path}: {reason}. Nothing there was changed.") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_sealed(
    path: str | os.PathLike[str], document: Mapping[str, Any], arrays: Mapping[str, Array]
) -> None:
    """Keep a JSON document and named arrays in one safetensors file with a digest over both.

    Raises FileError if the document is not JSON, which has no NaN, or the file cannot be written.
    """
    from safetensors.numpy import save

    try:
        text = json.dumps(document, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise FileError(
            f"Cannot write {path}: what describes it is not JSON ({error}). "
            "Nothing there was changed."
        ) from error
    plain = {name: _plain(array) for name, array in arrays.items()}
    write_atomically(path, save(plain, metadata={"glassnet": text, "sha256": seal(text, plain)}))


def read_sealed(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, Array]]:
    """Read what `write_sealed` wrote: the document and the arrays.

    Raises FileError if the file is missing or unreadable, ModelFileError if it is truncated, not
    one of ours, or not what was written.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileError(f"Cannot read {path}: {reason}.") from error
    try:
        arrays = load(data)
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    except (SafetensorError, ValueError, RecursionError) as error:
        raise ModelFileError(
            f"{path} is not a whole safetensors file ({error}). "
            "It may be cut short or something else; copy or save it again."
        ) from error
    except KeyError as error:
        raise ModelFileError(
            f"{path} holds numbers of type {error}, which Glassnet never writes."
        ) from error
    metadata = header.get("__metadata__") or {}
    if "glassnet" not in metadata or "sha256" not in metadata:
        raise ModelFileError(
            f"{path} is a safetensors file, but not one that Glassnet wrote: "
            "its metadata holds no 'glassnet' document."
        )
    if seal(metadata["glassnet"], arrays) != metadata["sha256"]:
        raise ModelFileError(
            f"{path} was changed after it was saved: its content does not match its SHA-256. "
            "Do not use it; get it again from its source."
        )
    try:
        document = json.loads(metadata["glassnet"])
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path} holds a document that is not JSON: {error}.") from error
    if not isinstance(document, dict):
        raise ModelFileError(f"{path} holds a document that is not a JSON object.")
    return document, arrays


def seal(text: str, arrays: Mapping[str, Array]) -> str:
    """SHA-256 over a text and named arrays (name, type, shape and bytes, in order of name)."""
    digest = hashlib.sha256(f"{len(text)}:{text}".encode())
    for name in sorted(arrays):
        array = arrays[name]
        head = json.dumps([name, array.dtype.str, list(array.shape)])
        digest.update(f"{len(head)}:{head}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _plain(array: Array) -> Array:
    """Lay numbers out as safetensors keeps them: row by row, the least byte first."""
    return np.asarray(array, array.dtype.newbyteorder("<"), order="C")


def _sync_folder(folder: Path) -> None:
    """Make the new name itself durable, where the system lets a folder be opened."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
