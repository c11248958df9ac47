"""IDX, the format of MNIST: a big-endian header, then the numbers.

    bytes 0, 1    zero
    byte 2        the type of the numbers (a key of TYPES)
    byte 3        d, the number of axes
    4 d bytes     the length of each axis, as unsigned 32-bit numbers
    the rest      the numbers, last axis fastest

Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits", 1998.
"""

from __future__ import annotations

import gzip
import hashlib
import math
import struct
import zlib
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from glassnet.errors import DataError
from glassnet.files import open_file
from glassnet.types import Array

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}

_MOST_AXES = 8
_DEFLATE_LIMIT = 1032
"""Deflate cannot unpack a byte into more than this (zlib's technical details)."""
_CHUNK = 1 << 20

MOST_BYTES = 16 + 60_000 * 28 * 28
"""The largest file of MNIST, unpacked: what promises more is not unpacked."""


def read_idx(path: Path, most: int = MOST_BYTES) -> Array:
    """The array in an IDX file, plain or gzipped; its bytes are held in memory once.

    most: how many bytes it may unpack to, header included.
    Raises DataError for a file that is foreign, cut short, longer than its header says, larger than
    `most` or damaged; FileError for one that cannot be read.
    """
    with open_file(path) as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        can_hold = path.stat().st_size * (_DEFLATE_LIMIT if packed else 1)
        stream = cast(BinaryIO, gzip.GzipFile(fileobj=file)) if packed else file
        try:
            return _parse(stream, path, min(most, can_hold))
        except (gzip.BadGzipFile, zlib.error, EOFError) as error:
            raise DataError(f"{path} is a damaged gzip file: {error}. Get it again.") from error


def file_sha256(path: Path) -> str:
    """SHA-256 of a file as it is, packed or not. Raises FileError if it cannot be read."""
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_sha256(array: Array) -> str:
    """SHA-256 of the unpacked IDX file that holds `array`: of its header, then of its numbers."""
    big_endian = array.dtype.newbyteorder(">")
    code = next(code for code, name in TYPES.items() if np.dtype(name) == big_endian)
    digest = hashlib.sha256(struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape))
    digest.update(np.ascontiguousarray(array, big_endian).data)
    return digest.hexdigest()


def _parse(stream: BinaryIO, path: Path, most: int) -> Array:
    """Read header and numbers; `most` is how many bytes may come, header included."""
    start = stream.read(4)
    if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in TYPES:
        raise DataError(f"{path} is not an IDX file: it starts with the bytes [{start.hex(' ')}].")
    dtype, axes = np.dtype(TYPES[start[2]]), start[3]
    if not 1 <= axes <= _MOST_AXES:
        raise DataError(f"{path} is not a usable IDX file: {axes} axes, expected 1..{_MOST_AXES}.")
    lengths = stream.read(4 * axes)
    if len(lengths) < 4 * axes:
        raise DataError(f"{path} is cut short inside its header. Get it again.")
    shape = struct.unpack(f">{axes}I", lengths)
    size = math.prod(shape) * dtype.itemsize
    # Before any memory is taken: a header of a few bytes must not ask for terabytes.
    if size + 4 + 4 * axes > most:
        raise DataError(
            f"{path} promises {size} bytes of shape {shape}, but at most {most} may come. "
            "It is cut short or no file of this data set. Get it again."
        )
    try:
        array = np.empty(shape, dtype)
    except ValueError as error:  # no numbers at all, of a shape that has too many
        raise DataError(f"{path} has the shape {shape}, which cannot be: {error}.") from error
    if (got := _fill(array, stream)) < size:
        raise DataError(
            f"{path} is cut short: its header promises {size} bytes of shape {shape}, "
            f"it holds {got}. Get it again."
        )
    if stream.read(1):
        raise DataError(f"{path} is longer than its header says: {size} bytes of shape {shape}.")
    return array.astype(dtype.newbyteorder("="), copy=False)


def _fill(array: Array, stream: BinaryIO) -> int:
    """Read into the memory of `array`, piece by piece; how many bytes there were."""
    memory = array.reshape(-1).view(np.uint8).data
    filled = 0
    while filled < len(memory) and (piece := stream.read(min(_CHUNK, len(memory) - filled))):
        memory[filled : filled + len(piece)] = piece
        filled += len(piece)
    return filled
