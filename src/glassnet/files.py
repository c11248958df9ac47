"""Files that are either whole or not there: atomic writes, and safetensors with a seal.

A sealed file is one safetensors file. Its metadata holds a JSON document under ``glassnet`` and,
under ``sha256``, the digest over that document and every array. Reading checks the digest and runs
nothing: the file holds numbers and text, never code.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import re
import secrets
import stat
from collections.abc import Iterator, Mapping
from io import BufferedReader, BufferedWriter
from pathlib import Path
from typing import Any

import numpy as np

from glassnet.errors import FileError, ModelFileError, SettingError, short
from glassnet.locking import is_at, lock
from glassnet.settings import ALLOW_MORE, as_people_read
from glassnet.types import Array

SUFFIX = ".safetensors"
"""How the name of a sealed file ends."""

DEEPEST = 32
"""How many lists and objects of a document may lie in one another."""

LEFT_OVER = re.compile(r"\.glassnet-[0-9a-f]{16}\.tmp")
"""What the temporary files are called that are to become others."""
MOST_HEADER = 16 << 20
"""Bytes of the head of a sealed file, which holds the document, at most."""

GO_ON = {
    "glassnet-model": "Open it by gn.load(path).",
    "glassnet-checkpoint": "Go on with it by trainer.resume(path).",
}
"""What to do with a file of each format."""


def as_path(path: Any) -> Path:
    """Return the path that names a file. Raises SettingError for what is no text and no path."""
    try:
        return Path(path)
    except TypeError:
        raise SettingError(f"A file is named by a text or a Path, got {short(path)}.") from None


@contextlib.contextmanager
def open_file(path: str | os.PathLike[str]) -> Iterator[BufferedReader]:
    """Open a file to read its bytes.

    Raises FileError where it, or something in the with block, cannot be read, and for what is no
    file: a pipe has no end to wait for, nor has /dev/zero.
    """
    place = as_path(path)
    try:
        kind = place.stat().st_mode
        if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
            raise OSError("something else than a file is there")
        with place.open("rb") as file:
            yield file
    except FileError:
        raise
    except OSError as error:
        raise FileError(f"Cannot read {path}: {error.strerror or error}.") from error


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` to `path` so that a crash or a full disk leaves the old file whole.

    The bytes go to a temporary file beside `path`, are flushed to the disk, and take the name in
    one step; a file that was there hands on its permissions, and a link is followed. Raises
    FileError if the folder cannot be made or written to, or `path` is something else than a file.
    """
    target = Path(os.path.realpath(as_path(path)))
    temporary: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary, file, locked = _temporary(target.parent)
        with file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            if not locked:  # Windows renames no open file
                file.close()
            if target.exists():
                if not target.is_file():
                    raise OSError("something else than a file is there")
                temporary.chmod(stat.S_IMODE(target.stat().st_mode))
            temporary.replace(target)
        _sync_folder(target.parent)
    except OSError as error:
        reason = error.strerror or error
        raise FileError(f"Cannot write {path}: {reason}. Nothing there was changed.") from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of processes that were killed while they wrote into a folder.

    A process holds its own locked until they have their names, so those of others stay.
    """
    for path in folder.glob(".glassnet-*.tmp"):
        if LEFT_OVER.fullmatch(path.name):
            with contextlib.suppress(OSError), path.open("r+b") as file:
                if lock(file):
                    path.unlink()


def _temporary(folder: Path) -> tuple[Path, BufferedWriter, bool]:
    """Make a temporary file: its path, the file, and whether it could be locked."""
    while True:
        path = folder / f".glassnet-{secrets.token_hex(8)}.tmp"
        file = path.open("xb")
        locked = lock(file)
        if locked is None or (locked and is_at(file, path)):
            return path, file, bool(locked)
        file.close()  # taken for left over, just before it was locked


def write_sealed(
    path: str | os.PathLike[str], document: Mapping[str, Any], arrays: Mapping[str, Array]
) -> None:
    """Keep a JSON document and named arrays in one safetensors file with a digest over both.

    What could not be read again is not written. Raises FileError if the document is not JSON, which
    has no NaN, if it is nested deeply or very long, if an array is not finite, or the file cannot
    be written.
    """
    from safetensors.numpy import save

    try:
        expect_plain(document)
        _expect_finite(arrays)
        text = json.dumps(document, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise FileError(f"Cannot write {path}: {error}. Nothing there was changed.") from error
    plain = {name: _plain(array) for name, array in arrays.items()}
    data = save(plain, metadata={"glassnet": text, "sha256": seal(text, plain)})
    if (length := int.from_bytes(data[:8], "little")) > MOST_HEADER:
        raise FileError(
            f"Cannot write {path}: its document takes {as_people_read(length)}, more than "
            f"{as_people_read(MOST_HEADER)}. Nothing there was changed."
        )
    write_atomically(path, data)


def read_sealed(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, Array]]:
    """Read what `write_sealed` wrote: the document and the arrays.

    Raises FileError if the file is missing or unreadable, ModelFileError if it is truncated, not
    one of ours, or not what was written.
    """
    return unseal(path, read_sealed_bytes(path))


def read_sealed_bytes(path: str | os.PathLike[str], most: int | None = None) -> bytes:
    """Read a sealed file whole, once its size and its head say that it may be one.

    most    bytes that it may have; None sets no limit

    Raises FileError if it is missing or unreadable, ModelFileError if it is too large, or if its
    head is none of a safetensors file of this size: a file of gigabytes is not read to find out.
    """
    with open_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        if most is not None and size > most:
            raise ModelFileError(
                f"{path} holds {as_people_read(size)}, and {as_people_read(most)} are allowed. "
                f"{ALLOW_MORE}"
            )
        head = file.read(8)
        length = int.from_bytes(head, "little")
        if len(head) < 8 or not 0 < length <= size - 8:
            raise _not_whole(path, f"its header would have {length:,} bytes of its {size:,}")
        if length > MOST_HEADER:
            raise _not_whole(path, f"its header would have {as_people_read(length)}")
        head += file.read(length)
        body = _body(path, head[8:])
        if body != size - len(head):
            told = f"{size - len(head):,} bytes follow its header, which speaks of {short(body)}"
            raise _not_whole(path, told)
        return head + file.read(size - len(head))


def _body(path: str | os.PathLike[str], header: bytes) -> object:
    """Return how many bytes follow a header, a whole number unless the header is damaged."""
    try:
        entries = json.loads(header.decode())
        entries.pop("__metadata__", None)
        return sum(one["data_offsets"][1] - one["data_offsets"][0] for one in entries.values())
    except (ValueError, RecursionError, TypeError, LookupError, AttributeError) as error:
        raise _not_whole(path, "its header is damaged") from error


def _not_whole(path: str | os.PathLike[str], why: object) -> ModelFileError:
    return ModelFileError(
        f"{path} is not a whole safetensors file ({why}). "
        "It may be cut short or something else; copy or save it again."
    )


def unseal(path: str | os.PathLike[str], data: bytes) -> tuple[dict[str, Any], dict[str, Array]]:
    """Take the document and the arrays out of the bytes of a sealed file.

    path    the file's name, for messages

    Raises ModelFileError as `read_sealed` does.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays = load(data)
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")].decode())
    except (SafetensorError, ValueError, RecursionError) as error:
        raise _not_whole(path, error) from error
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
        expect_plain(document)
        _expect_finite(arrays)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path} holds what Glassnet never writes: {error}.") from error
    if not isinstance(document, dict):
        raise ModelFileError(f"{path} holds a document that is not a JSON object.")
    return document, arrays


def expect_format(
    path: str | os.PathLike[str], document: Mapping[str, Any], kind: str, version: int
) -> None:
    """Raise ModelFileError unless a document is of this kind and version."""
    own, written = document.get("format"), document.get("version")
    if own != kind:
        mend = GO_ON.get(own, "") if isinstance(own, str) else ""
        raise ModelFileError(
            f"{path} has the format {short(own)}, expected {kind!r}. {mend}".rstrip()
        )
    if type(written) is not int or written != version:
        raise ModelFileError(
            f"{path} has format version {short(written)}, this Glassnet reads version {version}. "
            "Update Glassnet, or save the file again."
        )


def seal(text: str, arrays: Mapping[str, Array]) -> str:
    """SHA-256 over a text and named arrays (name, type, shape and bytes, in order of name)."""
    digest = hashlib.sha256(f"{len(text)}:{text}".encode())
    for name in sorted(arrays):
        array = arrays[name]
        head = json.dumps([name, array.dtype.str, list(array.shape)])
        digest.update(f"{len(head)}:{head}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def expect_plain(part: object, deepest: int = DEEPEST) -> None:
    """Raise ValueError for what is nested deeply, NaN, infinite, or a text that is no UTF-8."""
    if isinstance(part, str):
        part.encode()
    elif isinstance(part, float) and not math.isfinite(part):
        raise ValueError(f"JSON has no {part}")
    elif isinstance(part, Mapping | list | tuple):
        if deepest == 0:
            raise ValueError(f"it is nested more than {DEEPEST} deep")
        inner = [*part, *part.values()] if isinstance(part, Mapping) else part
        for one in inner:
            expect_plain(one, deepest - 1)


def _expect_finite(arrays: Mapping[str, Array]) -> None:
    """Raise ValueError for an array that holds something else than finite numbers."""
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ValueError(f"the array {short(name)} holds numbers that are NaN or infinite")


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
