"""Pictures that are broken, and pictures that are bombs: what a service must live through."""

from __future__ import annotations

import contextlib
import io
import random
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk of a PNG, with a checksum that is right."""
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    """The chunks of a PNG: kind and data."""
    found, at = [], len(SIGNATURE)
    while at + 8 <= len(png):
        (length,) = struct.unpack_from(">I", png, at)
        found.append((png[at + 4 : at + 8], png[at + 8 : at + 8 + length]))
        at += 12 + length
    return found


def joined(parts: list[tuple[bytes, bytes]]) -> bytes:
    return SIGNATURE + b"".join(chunk(kind, data) for kind, data in parts)


def header(width: int, height: int, depth: int = 8, color: int = 0, interlaced: int = 0) -> bytes:
    return struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlaced)


def whole() -> list[bytes]:
    """Pictures that are well: of every mode, both formats."""
    rng = np.random.default_rng(0)
    ink = np.full((40, 30), 255, np.uint8)
    ink[8:32, 13:17] = 0
    ink[8:12, 8:17] = rng.integers(0, 60, (4, 9))
    grey = Image.fromarray(ink)
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a picture"
    pictures = []
    for mode in ("L", "RGB", "RGBA", "LA", "P", "1", "I;16"):
        deep = Image.fromarray(ink.astype(np.uint16) * 257)
        picture = deep if mode == "I;16" else grey.convert(mode)
        out = io.BytesIO()
        picture.save(out, "PNG", **({"exif": exif} if mode == "RGB" else {}))
        pictures.append(out.getvalue())
    for mode, extra in (
        ("L", {}),
        ("RGB", {"exif": exif}),
        ("CMYK", {}),
        ("RGB", {"progressive": True}),
        ("L", {"optimize": True, "quality": 10}),
        ("RGB", {"icc_profile": b"x" * 200}),
    ):
        out = io.BytesIO()
        grey.convert(mode).save(out, "JPEG", **extra)
        pictures.append(out.getvalue())
    rows = b"".join(bytes([k % 5]) + ink[k].tobytes() for k in range(40))  # every filter
    pictures.append(
        joined(
            [(b"IHDR", header(30, 40)), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")],
        )
    )
    return pictures


def mutants(number: int, seed: int = 0) -> Iterator[bytes]:
    """Give pictures that were well and are not: by bits, bytes, blocks, chunks and cuts."""
    rng = random.Random(seed)
    bases = whole()
    for _ in range(number):
        data = rng.choice(bases)
        for _ in range(rng.choice((1, 1, 2, 5))):
            data = rng.choice(CHANGES)(rng, data)
        yield data


def _flip(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 3, 20))):
        if changed:
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _overwrite(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    extreme = rng.choice((b"\x00", b"\xff", b"\x7f\xff\xff\xff", b"\xff\xd8", b"\xff\xda", b"IDAT"))
    return data[:at] + extreme + data[at + len(extreme) :]


def _cut(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _repeat(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    block = data[at : at + rng.randrange(1, 200)]
    return data[:at] + block * rng.choice((2, 10, 100)) + data[at:]


def _drop(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + data[at + rng.randrange(1, 50) :]


def _noise(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.randbytes(rng.randrange(1, 300)) + data[at:]


def _inside_a_chunk(rng: random.Random, data: bytes) -> bytes:
    """Change a chunk and mend its checksum, so that the change gets past the door."""
    if not data.startswith(SIGNATURE) or not (parts := chunks(data)):
        return _inside_a_segment(rng, data)
    k = rng.randrange(len(parts))
    kind, inner = parts[k]
    what = rng.randrange(5)
    if what == 0:
        parts[k] = (kind, _flip(rng, inner))
    elif what == 1:
        parts[k] = (rng.choice((b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"acTL", b"fdAT")), inner)
    elif what == 2:
        parts.insert(rng.randrange(len(parts) + 1), parts[k])
    elif what == 3:
        del parts[k]
    elif kind == b"IDAT":
        with contextlib.suppress(zlib.error):
            parts[k] = (kind, zlib.compress(_flip(rng, zlib.decompress(inner))))
    return joined(parts)


def _inside_a_segment(rng: random.Random, data: bytes) -> bytes:
    """Change a marker, or the length, of a segment of a JPEG."""
    marks = [k for k in range(len(data) - 4) if data[k] == 0xFF and data[k + 1] not in (0, 0xFF)]
    if not marks:
        return _flip(rng, data)
    at = rng.choice(marks)
    changed = bytearray(data)
    if rng.random() < 0.5:
        changed[at + 1] = rng.randrange(256)
    else:
        changed[at + 2 : at + 4] = rng.choice((b"\0\0", b"\0\2", b"\xff\xff", rng.randbytes(2)))
    return bytes(changed)


CHANGES = (
    _flip,
    _overwrite,
    _cut,
    _repeat,
    _drop,
    _noise,
    _inside_a_chunk,
    _inside_a_chunk,
    _inside_a_chunk,
)


def bombs() -> dict[str, bytes]:
    """Small files that ask for much memory or time, by name; each below 1 MiB."""
    small = zlib.compress(bytes(41 * 30))
    end = (b"IEND", b"")
    ihdr = (b"IHDR", header(40, 30))
    zeros = _zeros(700_000_000)
    jpeg = whole()[7]
    at = jpeg.index(b"\xff\xc0")
    huge = jpeg[: at + 5] + b"\xff\xff\xff\xff" + jpeg[at + 9 :]
    progressive = whole()[10]
    scan = progressive.index(b"\xff\xda")
    head, scans = progressive[:scan], progressive[scan:-2]
    one = scans[: scans.index(b"\xff\xda", 2)] if b"\xff\xda" in scans[2:] else scans
    thumbnail = b"\xff\xe1" + struct.pack(">H", 65_000) + b"Exif\0\0" + b"MM\0*\0\0\0\x08" * 8000
    apng = [
        ihdr,
        (b"acTL", struct.pack(">II", 60_000, 0)),
        (b"IDAT", small),
        *((b"fcTL", struct.pack(">IIIIIHHBB", k, 40, 30, 0, 0, 0, 1, 0, 0)) for k in range(15_000)),
        end,
    ]
    exif_loop = (
        b"Exif\0\0MM\0*\0\0\0\x08"
        + struct.pack(">H", 1)
        + bytes.fromhex("8769000400000001" + "00000008" + "00000008")
    )
    return {
        "png of 50,000 x 50,000": joined(
            [(b"IHDR", header(50_000, 50_000)), (b"IDAT", zeros[:900_000]), end]
        ),
        "png of 4 billion x 4 billion": joined(
            [(b"IHDR", header(0xFFFFFFFF, 0xFFFFFFFF)), (b"IDAT", small), end]
        ),
        "png of 2,147,483,647 x 1": joined(
            [(b"IHDR", header(0x7FFFFFFF, 1)), (b"IDAT", small), end]
        ),
        "png of 0 x 0": joined([(b"IHDR", header(0, 0)), (b"IDAT", small), end]),
        "png with 700 MB behind its pixels": joined([ihdr, (b"IDAT", zeros), end]),
        "png with 700 MB of text": joined(
            [ihdr, (b"zTXt", b"a\0\0" + zeros), (b"IDAT", small), end]
        ),
        "png with 700 MB of international text": joined(
            [ihdr, (b"iTXt", b"a\0\1\0\0\0" + zeros), (b"IDAT", small), end]
        ),
        "png with 700 MB of colour profile": joined(
            [ihdr, (b"iCCP", b"a\0\0" + zeros), (b"IDAT", small), end]
        ),
        "png with text after its pixels": joined(
            [ihdr, (b"IDAT", small), (b"zTXt", b"a\0\0" + zeros), end]
        ),
        "png of 80,000 empty pieces": joined([ihdr, *[(b"IDAT", b"")] * 80_000, end]),
        "png of 80,000 unknown pieces": joined(
            [ihdr, *[(b"abCd", b"")] * 80_000, (b"IDAT", small), end]
        ),
        "png of 60,000 frames": joined(apng),
        "png of 16 bits, interlaced, as large as may be": joined(
            [(b"IHDR", header(2000, 2000, 16, 6, 1)), (b"IDAT", zeros[:900_000]), end]
        ),
        "jpeg of 65,535 x 65,535": huge,
        "jpeg of 3,000 scans": head + one * min(3000, 900_000 // len(one)) + b"\xff\xd9",
        "jpeg of 64 scans, as large as may be": _many_scans(2000, 64),
        "jpeg of 3,000 scans, large": _larger(head, 2000) + one * (800_000 // len(one)),
        "jpeg of Exif upon Exif": jpeg[:2] + thumbnail[:65_002] * 14 + jpeg[2:],
        "jpeg whose Exif leads to itself": jpeg[:2]
        + b"\xff\xe1"
        + struct.pack(">H", len(exif_loop) + 2)
        + exif_loop
        + jpeg[2:],
        "jpeg of 200,000 markers": jpeg[:2] + b"\xff\xfe\0\2" * 200_000 + jpeg[2:],
        "jpeg of fill bytes": jpeg[:2] + b"\xff" * 900_000 + jpeg[2:],
        "jpeg of restart markers": jpeg[:-2] + b"\xff\xd0\xff\xd1" * 200_000,
    }


def foreign() -> dict[str, bytes]:
    """Pictures of other formats, which are not asked for."""
    grey = Image.fromarray(np.full((30, 40), 128, np.uint8))
    made = {}
    for form in (
        "GIF",
        "BMP",
        "TIFF",
        "WEBP",
        "ICO",
        "PPM",
        "TGA",
        "PCX",
        "JPEG2000",
        "PDF",
        "EPS",
    ):
        out = io.BytesIO()
        try:
            grey.save(out, form)
        except (KeyError, OSError):
            continue
        made[form] = out.getvalue()
    made["SVG"] = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
    made["ZIP"] = b"PK\x03\x04" + bytes(100)
    made["nothing"] = b""
    made["text"] = b"hello"
    made["only a signature"] = SIGNATURE
    made["only a start"] = b"\xff\xd8\xff"
    return made


def _zeros(number: int) -> bytes:
    """Zeros, packed: a thousandth of their number."""
    packer = zlib.compressobj(9)
    block = bytes(1_000_000)
    parts = [packer.compress(block) for _ in range(number // len(block))]
    return b"".join([*parts, packer.flush()])


def _larger(head: bytes, side: int) -> bytes:
    """A progressive JPEG's head that claims another size."""
    at = head.index(b"\xff\xc2")
    return head[: at + 5] + struct.pack(">HH", side, side) + head[at + 9 :]


def _many_scans(side: int, number: int) -> bytes:
    """A progressive JPEG whose last pass over all pixels is repeated."""
    out = io.BytesIO()
    Image.new("RGB", (side, side), "white").save(out, "JPEG", progressive=True)
    data = out.getvalue()
    places = [k for k in range(len(data) - 1) if data[k : k + 2] == b"\xff\xda"]
    last = data[places[-1] : -2]
    return data[:-2] + last * (number - len(places)) + b"\xff\xd9"
