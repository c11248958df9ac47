"""Pictures that are kept to learn from, one folder a class.

    drawn/
        3/  20260801T120000Z-9f2c41d0.png
        7/  20260801T120101Z-03b1aa7e.png

A folder is named as its label is, where all labels are short and of small letters, digits and
dashes; else by the label's index and what is left of it: ``0-t-shirt-top``. So a label that came
over the network is never a path. Links are not followed.
"""

from __future__ import annotations

import os
import re
import secrets
import struct
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from glassnet.data.drawings import frame
from glassnet.data.meaning import Classes, Images
from glassnet.data.pictures import ink_on_paper, read_grey
from glassnet.data.pixels import Pixels
from glassnet.data.rows import Rows
from glassnet.errors import (
    DataError,
    EmptyDrawingError,
    FileError,
    FullError,
    error_context,
    short,
)
from glassnet.files import as_path, open_file, write_atomically
from glassnet.types import Array

MOST_FILES = 10_000
MOST_BYTES = 1 << 24
"""A larger file is not read."""

ENDINGS = (".png", ".jpg", ".jpeg")


def keep(
    folder: str | Path,
    label: str,
    pixels: Array,
    images: Images,
    outputs: Classes,
    most: int = MOST_FILES,
) -> Path:
    """Write one picture as a grey PNG into its label's folder; return its path.

    pixels  (height, width) uint8 in 0..maximum
    most    how many pictures the labels' folders may hold

    What else lies in the folder does not matter. Raises DataError for a label that is none of the
    outputs', or pixels that are not such a picture; FullError for a folder that is full;
    EmptyDrawingError for a picture without ink; FileError where nothing can be written.
    """
    root = as_path(folder)
    names = folder_names(outputs)
    if label not in names:
        raise DataError(
            f"There is no label {short(label)}. Known: {', '.join(outputs.labels[:20])}."
        )
    if pixels.dtype != np.uint8 or pixels.shape != (images.height, images.width):
        raise DataError(
            f"A picture to keep is expected as uint8 of shape ({images.height}, {images.width}), "
            f"got {pixels.dtype} of shape {pixels.shape}."
        )
    if pixels.max() > images.maximum:
        raise DataError(f"Pixels expects values in 0..{images.maximum}, got {pixels.max()}.")
    if not pixels.any():
        raise EmptyDrawingError("The picture is empty: there is nothing in it to learn from.")
    place = root / names[label]
    if place.is_symlink():
        raise FileError(f"Cannot write {place}: it is a link. Put a folder there.")
    if root.is_dir() and sum(1 for _ in _pictures(root, names)) >= most:
        raise FullError(
            f"{root} holds {most:,} pictures, as many as it may. Learn from them, then move them."
        )
    path = place / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}.png"
    shown = (pixels.astype(np.uint16) * 255 + images.maximum // 2) // images.maximum
    write_atomically(path, grey_png(shown.astype(np.uint8)))
    return path


def read(folder: str | Path, images: Images, outputs: Classes, most: int = MOST_FILES) -> Rows:
    """The pictures of a folder, in the order of the labels and then of their names.

    A picture of the images' own height and width is taken as it is, 1 = white; any other is a
    drawing or a photograph of one, and is framed. Names that begin with a dot, and files that are
    neither PNG nor JPEG, are passed over.

    Raises DataError for no pictures or more than `most`, a folder that is no label's, or a picture
    that cannot be used; FileError where something cannot be read.
    """
    root = as_path(folder)
    names = folder_names(outputs)
    _refuse_strangers(root, names)
    index = {label: k for k, label in enumerate(outputs.labels)}
    rows: list[NDArray[np.uint8]] = []
    classes: list[int] = []
    for label, path in _pictures(root, names):
        if len(rows) == most:
            raise DataError(f"{root} holds more than {most:,} pictures. Give a part of them.")
        with error_context(str(path)):
            rows.append(_row(path, images))
        classes.append(index[label])
    if not rows:
        raise DataError(
            f"{root} holds no pictures. Expected files such as "
            f"{root / names[outputs.labels[0]] / 'picture.png'}."
        )
    return Rows(Pixels(np.stack(rows), images.maximum), np.array(classes, np.int64))


def folder_names(outputs: Classes) -> dict[str, str]:
    """The folder of each label, by label; no two alike, none of them a path.

    Raises DataError for outputs that are no classes.
    """
    if not isinstance(outputs, Classes):
        raise DataError("Pictures are kept for classes, one folder each; values have none.")
    slugs = [re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")[:40] for label in outputs.labels]
    if all(slugs) and tuple(slugs) == outputs.labels:
        return dict(zip(outputs.labels, slugs, strict=True))
    return {
        label: f"{k}-{slug}".rstrip("-")
        for k, (label, slug) in enumerate(zip(outputs.labels, slugs, strict=True))
    }


def grey_png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG of grey levels (H, W): each row as it is, after a 0 that says so."""
    height, width = pixels.shape
    raw = np.concatenate([np.zeros((height, 1), np.uint8), pixels], axis=1).tobytes()
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(raw)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
        for name, content in parts
    )


def _refuse_strangers(root: Path, names: dict[str, str]) -> None:
    """Raise DataError for a folder that is no label's: it may be a label that is misspelt."""
    known = list(names.values())
    if strangers := sorted(_folders(root).difference(known)):
        raise DataError(
            f"{root} has the folder {short(strangers[0])}, which is no label's. "
            f"Known: {', '.join(known[:20])}. Rename it or take it out."
        )


def _pictures(root: Path, names: dict[str, str]) -> Iterator[tuple[str, Path]]:
    """Labels and files, in order."""
    folders = _folders(root)
    for label, name in names.items():
        if name in folders:
            for entry in sorted(_entries(root / name), key=lambda entry: entry.name):
                if entry.name.lower().endswith(ENDINGS) and entry.is_file(follow_symlinks=False):
                    yield label, Path(entry.path)


def _folders(root: Path) -> set[str]:
    return {entry.name for entry in _entries(root) if entry.is_dir(follow_symlinks=False)}


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What lies in a folder and does not hide. Raises FileError where it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        raise FileError(f"Cannot read {folder}: {error.strerror or error}.") from error


def _row(path: Path, images: Images) -> NDArray[np.uint8]:
    with open_file(path) as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise DataError(f"The file is larger than {MOST_BYTES >> 20} MiB. Save it smaller.")
    grey = read_grey(data)
    if grey.shape == (images.height, images.width):
        row = grey.reshape(-1)
    else:
        row = frame(ink_on_paper(grey), images)[0]
    return np.rint(row * images.maximum).astype(np.uint8)
