"""The ink of a picture that somebody sent: PNG or JPEG bytes, which are trusted in nothing.

A picture is looked through part by part before anything of it is decoded. Its size, the number of
its scans and of its parts are known by then, and what is not needed to draw it (texts, colour
profiles, previews, further frames) is left out: what cannot be reached cannot be unpacked.

    PNG     8 bytes, then parts: length, name, that many bytes, CRC-32 over name and bytes
    JPEG    parts: FF, marker, length and bytes; a scan's numbers follow its part up to the next
            marker

Sources: ISO/IEC 15948 (PNG), ITU-T T.81 (JPEG), CIPA DC-008 (Exif).
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from glassnet.errors import DataError, missing_extra
from glassnet.types import Array

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_SCANS = 64
"""A progressive JPEG comes in about ten scans; each of them costs a pass over all pixels."""

MOST_PARTS = 10_000
MOST_PIXELS = 4_000_000
LARGEST_SIDE = 1024
"""A larger picture is handed out smaller by a whole number: drawings are looked at in 28 pixels."""

CUT_SHORT = "The picture is cut short. Send all of it."

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_PNG_KEPT = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
_JPEG_FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)}
_JPEG_KEPT = {*_JPEG_FRAMES, 0xC4, 0xCC, 0xDA, 0xDB, 0xDD, 0xEE}
_MARKER = re.compile(rb"\xff+([^\xff])", re.DOTALL)
_AFTER_A_SCAN = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_ORIENTATION = 0x0112


@dataclass(frozen=True)
class Plain:
    """A picture with nothing in it but what draws it.

    turn: how it is held, by Exif: 1 upright, 2..8 mirrored or turned.
    """

    data: bytes
    width: int
    height: int
    turn: int


def read_picture(data: bytes, most_pixels: int = MOST_PIXELS) -> NDArray[np.float32]:
    """The ink of a PNG or JPEG: (H, W) float32 in 0..1, where 1 = ink.

    Where the border is light, dark is ink, and where it is dark, light is. The paper's own grey and
    its unevenness are taken off. Sizes and errors are those of `read_grey`.
    """
    return ink_on_paper(read_grey(data, most_pixels))


def read_grey(data: bytes, most_pixels: int = MOST_PIXELS) -> NDArray[np.float32]:
    """The grey levels of a PNG or JPEG, upright: (H, W) float32 in 0..1, 1 = white.

    Colours become grey and transparent places white. A picture of more than 1024 pixels a side
    comes out smaller, by a whole number.

    Raises DataError for what is no such picture, damaged, animated, or has more than `most_pixels`;
    MissingExtraError without Pillow.
    """
    try:
        from PIL import Image
    except ImportError:
        raise missing_extra("Reading pictures", "Pillow", "images") from None

    plain = _plain(data)
    if plain.width * plain.height > most_pixels:
        raise DataError(
            f"The picture has {plain.width} x {plain.height} pixels, expected at most "
            f"{most_pixels:,}. Send it smaller."
        )
    if plain.width * plain.height == 0:
        raise DataError("The picture has no pixels: its width or height is 0. Save it again.")
    try:
        with Image.open(io.BytesIO(plain.data), formats=("PNG", "JPEG")) as image:
            if image.size == (plain.width, plain.height):
                return _upright(_grey(image), plain.turn)
    except MemoryError:
        raise
    except Exception:  # a damaged file makes a decoder raise anything, in words for its authors
        pass
    raise DataError("The picture cannot be decoded: it is damaged or cut short. Save it again.")


def _plain(data: bytes) -> Plain:
    try:
        if data.startswith(_PNG):
            return _plain_png(data)
        if data.startswith(_JPEG):
            return _plain_jpeg(data)
    except (struct.error, IndexError):
        raise DataError(CUT_SHORT) from None
    raise DataError("A picture is expected as PNG or JPEG, got something else.")


def _plain_png(data: bytes) -> Plain:
    kept, turn, place, parts = [_PNG], 1, len(_PNG), 0
    name, width, height = b"", 0, 0
    while name != b"IEND":
        length, name = struct.unpack_from(">I4s", data, place)
        end = place + 12 + length
        content = data[place + 8 : end - 4]
        (crc,) = struct.unpack_from(">I", data, end - 4)
        if parts == 0:
            if name != b"IHDR" or length != 13:
                raise DataError("The picture is no PNG: it does not begin with its size.")
            width, height = struct.unpack_from(">II", content)
        elif name == b"IHDR":
            raise DataError("The picture says its size twice. Save it again.")
        if name in _PNG_KEPT:
            if zlib.crc32(content, zlib.crc32(name)) != crc:
                raise DataError("The picture is damaged: a checksum is wrong. Send it again.")
            kept.append(data[place:end])
        elif name == b"acTL" and content[:4] not in (b"\0\0\0\0", b"\0\0\0\1"):
            raise DataError("The picture is animated, expected a single still one.")
        elif name == b"eXIf":
            turn = _exif_turn(content)
        place, parts = end, parts + 1
        _expect_few(parts)
    return Plain(b"".join(kept), width, height, turn)


def _plain_jpeg(data: bytes) -> Plain:
    kept, turn, place, parts, scans = [data[:2]], 1, 2, 0, 0
    size = None
    while True:
        found = _MARKER.match(data, place)
        if found is None:
            if data[place] == 0xFF:  # and nothing else up to the end
                raise DataError(CUT_SHORT)
            raise DataError("The picture is damaged: a part of it ends early. Send it again.")
        place, marker = found.end() - 2, found[1][0]
        if marker == 0xD9:
            break
        (length,) = struct.unpack_from(">H", data, place + 2)
        end = place + 2 + length
        content = data[place + 4 : end]
        if marker in _JPEG_FRAMES:
            if size is not None:
                raise DataError("The picture says its size twice. Save it again.")
            size = struct.unpack_from(">HH", content, 1)
        elif marker == 0xE1 and content.startswith(b"Exif\0\0"):
            turn = _exif_turn(content[6:])
        elif marker == 0xDA:
            scans += 1
            if scans > MOST_SCANS:
                raise DataError(
                    f"The picture comes in more than {MOST_SCANS} scans. Save it as a plain JPEG."
                )
            following = _AFTER_A_SCAN.search(data, end)
            end = following.start() if following else len(data)
        if marker in _JPEG_KEPT:
            kept.append(data[place:end])
        place, parts = end, parts + 1
        _expect_few(parts)
    if size is None:
        raise DataError("The picture is no JPEG: it does not say its size. Save it again.")
    return Plain(b"".join([*kept, b"\xff\xd9"]), width=size[1], height=size[0], turn=turn)


def _expect_few(parts: int) -> None:
    if parts > MOST_PARTS:
        raise DataError(f"The picture has more than {MOST_PARTS:,} parts. Save it again.")


def _exif_turn(content: bytes) -> int:
    """How the picture is held, from Exif's first directory; 1 where it does not say."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(content[:4])
    if order is None:
        return 1
    try:
        (place,) = struct.unpack_from(f"{order}I", content, 4)
        (count,) = struct.unpack_from(f"{order}H", content, place)
        for k in range(count):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", content, place + 2 + 12 * k)
            if tag == _ORIENTATION:
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:  # the picture itself can be whole
        pass
    return 1


def _grey(image: Image) -> Array:
    """Grey levels of an opened picture: (H, W) float32 in 0..1, at most LARGEST_SIDE a side."""
    import PIL.Image

    if image.mode == "I;16":
        values = np.asarray(image) >> 8
        image = PIL.Image.fromarray(values.astype(np.uint8))
    if image.has_transparency_data:
        colours = image if image.mode == "RGBA" else image.convert("RGBA")
        image = _on_paper(colours, 255)
        low, high = image.getextrema()
        if low == high:  # light ink on nothing, as a dark page draws it
            image = _on_paper(colours, 0)
    elif image.mode != "L":
        image = image.convert("RGB").convert("L")
    factor = -(-max(image.size) // LARGEST_SIDE)
    if factor > 1:
        image = image.reduce(factor)
    return np.asarray(image, np.float32) / np.float32(255)


def _on_paper(colours: Image, grey: int) -> Image:
    import PIL.Image

    paper = PIL.Image.new("L", colours.size, grey)
    paper.paste(colours.convert("L"), mask=colours.getchannel("A"))
    return paper


def _upright(grey: Array, turn: int) -> Array:
    """Undo how the camera was held: Exif's 2..4 mirror and turn, 5..8 swap rows and columns too."""
    if turn >= 5:
        grey = grey.T
    rows = -1 if turn in (3, 4, 7, 8) else 1
    columns = -1 if turn in (2, 3, 6, 7) else 1
    return grey[::rows, ::columns]


def ink_on_paper(grey: Array) -> NDArray[np.float32]:
    """What stands out from the paper, whose grey is the border's median.

    Paper that is uneven, in light or in grain, differs from its median at the border too: four
    times the difference that three in four pixels of the border stay below, at most a quarter,
    counts as paper.
    """
    wide = max(1, min(grey.shape) // 32)
    edge = np.ones(grey.shape, np.bool_)
    edge[wide:-wide, wide:-wide] = False
    paper = float(np.median(grey[edge]))
    light = paper >= 0.5
    ink = (paper - grey) / paper if light else (grey - paper) / (1 - paper)
    floor = min(0.25, 4 * float(np.quantile(np.abs(ink[edge]), 0.75)))
    return np.clip((ink - floor) / (1 - floor), 0, 1).astype(np.float32)
