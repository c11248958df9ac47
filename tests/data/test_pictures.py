"""Pictures that somebody sent: what is read of them, and what is not."""

from __future__ import annotations

import io
import os
import resource
import struct
import warnings
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from glassnet.data import Images
from glassnet.data.drawings import frame
from glassnet.data.pictures import LARGEST_SIDE, MOST_PARTS, MOST_SCANS, read_grey, read_picture
from glassnet.errors import DataError, EmptyDrawingError, MissingExtraError
from glassnet.types import Array
from tests.strokes import Drawing
from tests.waiting import at_most, least_seconds

PIL = pytest.importorskip("PIL")
from PIL import Image, ImageFilter, PngImagePlugin  # noqa: E402

MUTANTS = int(os.environ.get("GLASSNET_MUTANTS", "400"))
INK = Drawing(4, 1, thickness=0.08).ink(64)
PAPER = Image.fromarray((255 - 255 * INK).astype(np.uint8))
KNOWN = (
    "animated",
    "at most",
    "cannot be decoded",
    "checksum is wrong",
    "cut short",
    "does not begin with its size",
    "does not say its size",
    "ends early",
    "expected as PNG or JPEG",
    "has no pixels",
    "more than",
    "size twice",
)
"""Of every message that `read_picture` has, a few words."""


def saved(image: Image.Image, kind: str = "PNG", **how: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


def chunk(name: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
    )


def with_chunks(png: bytes, *chunks: bytes) -> bytes:
    """A PNG with more chunks behind its header."""
    return png[:33] + b"".join(chunks) + png[33:]


def header(width: int, height: int, depth: int = 8, colours: int = 0) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0))


def by_adobe() -> bytes:
    """A JPEG of red, green and blue whose only word for it is Adobe's part: transform 0."""
    data = saved(PAPER.convert("RGB"), "JPEG", quality=95, keep_rgb=True)
    places = [data.index(b"\xff\xc0") + 10, data.index(b"\xff\xda") + 5]
    changed = bytearray(data)
    for place, step in zip(places, (3, 2), strict=True):
        for k in range(3):
            assert changed[place + step * k] == b"RGB"[k]
            changed[place + step * k] = 1 + k
    return bytes(changed[:2]) + b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\0" + bytes(changed[2:])


MODES: dict[str, Callable[[], bytes]] = {
    "grey": lambda: saved(PAPER),
    "light on dark": lambda: saved(Image.fromarray((255 * INK).astype(np.uint8))),
    "1 bit": lambda: saved(PAPER.convert("1", dither=Image.Dither.NONE)),
    "16 bit": lambda: saved(
        Image.fromarray((65535 * (1 - INK.astype(np.float64))).astype(np.uint16))
    ),
    "palette": lambda: saved(PAPER.convert("RGB").quantize(16)),
    "colour": lambda: saved(PAPER.convert("RGB")),
    "grey with alpha": lambda: saved(PAPER.convert("LA")),
    "interlaced": lambda: saved(PAPER, interlace=1),
    "ink on nothing": lambda: saved(
        Image.merge("LA", [Image.new("L", PAPER.size, 0), PAPER.point(lambda v: 255 - v)])
    ),
    "light ink on nothing": lambda: saved(
        Image.merge("LA", [Image.new("L", PAPER.size, 255), PAPER.point(lambda v: 255 - v)])
    ),
    "colour on nothing": lambda: saved(
        Image.merge(
            "RGBA",
            [
                *Image.new("RGB", PAPER.size, (0, 0, 90)).split(),
                PAPER.point(lambda v: 255 - v),
            ],
        )
    ),
    "palette with alpha": lambda: saved(
        PAPER.convert("RGB").quantize(8), transparency=bytes([255] * 7 + [254])
    ),
    "palette with a bare colour": lambda: saved(PAPER.convert("RGB").quantize(8), transparency=0),
    "jpeg": lambda: saved(PAPER, "JPEG", quality=95),
    "colour jpeg": lambda: saved(PAPER.convert("RGB"), "JPEG", quality=95),
    "progressive jpeg": lambda: saved(PAPER.convert("RGB"), "JPEG", quality=95, progressive=True),
    "rgb jpeg": lambda: saved(PAPER.convert("RGB"), "JPEG", quality=95, keep_rgb=True),
    "rgb jpeg by Adobe": by_adobe,
    "cmyk jpeg": lambda: saved(PAPER.convert("RGB").convert("CMYK"), "JPEG", quality=95),
    "jpeg with restarts": lambda: saved(
        PAPER.convert("RGB"), "JPEG", quality=95, restart_marker_blocks=1
    ),
}


@pytest.mark.parametrize("name", MODES)
def test_a_picture_of_any_mode_gives_its_ink(name: str) -> None:
    ink = read_picture(MODES[name]())
    assert (ink.shape, str(ink.dtype)) == (INK.shape, "float32")
    rough = name in ("1 bit", "palette", "palette with alpha", "palette with a bare colour")
    assert np.abs(ink - INK).max() < (0.6 if rough else 0.35 if "on nothing" in name else 0.15)
    assert np.abs(ink - INK).mean() < 0.02


def test_a_clean_picture_gives_its_grey_levels_exactly() -> None:
    levels = np.rint(255 * INK).astype(np.uint8)
    for stored in (levels, 255 - levels):
        np.testing.assert_allclose(
            read_picture(saved(Image.fromarray(stored))), levels / 255, atol=1e-6
        )


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_a_picture_is_turned_as_the_camera_was_held(kind: str, turn: int) -> None:
    upright = Image.new("L", (48, 32), 255)
    upright.paste(0, (4, 4, 20, 10))
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    held = upright.transpose(back[turn]) if turn in back else upright
    exif = Image.Exif()
    exif[0x0112] = turn
    ink = read_picture(saved(held, kind, exif=exif))
    assert ink.shape == (32, 48)
    assert ink[4:10, 4:20].mean() > 0.95
    assert ink.sum() == pytest.approx(6 * 16, rel=0.05)


@pytest.mark.parametrize(
    "exif",
    [
        b"",
        b"II*\0",
        b"XX*\0\x08\0\0\0",
        b"MM\0*\xff\xff\xff\xff",
        b"II*\0\x08\0\0\0\xff\xff" + b"\0" * 40,
        b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x63\0\0\0",
    ],
)
def test_exif_that_says_nothing_leaves_a_picture_as_it_is(exif: bytes) -> None:
    np.testing.assert_array_equal(
        read_grey(with_chunks(saved(PAPER), chunk(b"eXIf", exif))), read_grey(saved(PAPER))
    )


def photograph(seed: int, colour: tuple[int, int, int] = (40, 50, 120)) -> Image.Image:
    """A digit on paper that is neither white nor evenly lit, with grain, slightly out of focus."""
    rng = np.random.default_rng(seed)
    ink = Drawing(seed % 10, 0, size=0.6, thickness=0.05, seed=seed).ink(300)[..., None]
    y, x = np.mgrid[:300, :300] / 300
    light = 0.85 - 0.15 * np.hypot(x - 0.4, y - 0.3)[..., None]
    paper = light * np.array([235, 228, 210])
    seen = paper * (1 - ink) + light * np.array(colour) * ink + rng.normal(0, 4, (300, 300, 1))
    image = Image.fromarray(np.clip(seen, 0, 255).astype(np.uint8))
    return image.filter(ImageFilter.GaussianBlur(1.5))


@pytest.mark.parametrize("seed", range(10))
def test_a_photograph_of_a_digit_is_framed_as_the_digit_is(seed: int) -> None:
    ink = read_picture(saved(photograph(seed), "JPEG", quality=80))
    images = Images(28, 28, framing="mass")
    clean = frame(Drawing(seed % 10, 0, size=0.6, thickness=0.05, seed=seed).ink(300), images)
    shown, clean = frame(ink, images).reshape(28, 28), clean.reshape(28, 28)
    apart = [
        np.abs(np.roll(shown, (y, x), (0, 1)) - clean).sum() / clean.sum()
        for y in (-1, 0, 1)
        for x in (-1, 0, 1)
    ]
    assert min(apart) < 0.25


@pytest.mark.parametrize("grey", [0, 100, 255])
def test_empty_paper_has_no_ink(grey: int) -> None:
    assert read_picture(saved(Image.new("L", (40, 30), grey))).max() == 0


def test_a_photograph_of_empty_paper_is_an_empty_drawing() -> None:
    rng = np.random.default_rng(0)
    paper = np.linspace(200, 225, 300) + rng.normal(0, 4, (300, 300))
    ink = read_picture(saved(Image.fromarray(paper.astype(np.uint8)), "JPEG"))
    with pytest.raises(EmptyDrawingError):
        frame(ink, Images(28, 28, framing="mass"))


def test_a_large_picture_comes_out_smaller() -> None:
    ink = read_picture(saved(PAPER.resize((1900, 1900))))
    assert ink.shape == (950, 950)
    stripe = read_picture(saved(Image.new("L", (3_999_999, 1))))
    assert stripe.shape[1] <= LARGEST_SIDE


SMALL = saved(PAPER)
JPEG = saved(PAPER.convert("RGB"), "JPEG")
SCANS = saved(PAPER.convert("RGB"), "JPEG", progressive=True)
SCAN = SCANS[SCANS.index(b"\xff\xda") : SCANS.index(b"\xff\xda", SCANS.index(b"\xff\xda") + 2)]
ANIMATED = saved(PAPER, save_all=True, append_images=[PAPER.rotate(90)] * 3)
ZEROS = zlib.compress(b"\0" * 50_000_000)

REFUSED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "expected as PNG or JPEG"),
    "a text": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "expected as PNG or JPEG"),
    "gif": (saved(PAPER, "GIF"), "expected as PNG or JPEG"),
    "bmp": (saved(PAPER, "BMP"), "expected as PNG or JPEG"),
    "only the start of a png": (SMALL[:8], "cut short"),
    "only the start of a jpeg": (JPEG[:4], "cut short|ends early|cannot"),
    "half a png": (SMALL[: len(SMALL) // 2], "cut short"),
    "half a jpeg": (JPEG[: len(JPEG) // 2], "cut short"),
    "a jpeg without an end": (JPEG[:-200], "cut short"),
    "huge": (
        b"\x89PNG\r\n\x1a\n" + header(60_000, 60_000) + chunk(b"IDAT", ZEROS) + chunk(b"IEND", b""),
        "60000 x 60000 pixels, expected at most 4,000,000",
    ),
    "largest": (
        b"\x89PNG\r\n\x1a\n" + header(2**32 - 1, 2**32 - 1) + chunk(b"IEND", b""),
        "at most",
    ),
    "huge jpeg": (
        JPEG.replace(b"\x00\x40\x00\x40", b"\xff\xff\xff\xff", 1),
        "65535 x 65535 pixels",
    ),
    "no pixels": (
        b"\x89PNG\r\n\x1a\n" + header(0, 5) + chunk(b"IDAT", b"") + chunk(b"IEND", b""),
        "has no pixels",
    ),
    "no numbers": (b"\x89PNG\r\n\x1a\n" + header(5, 5) + chunk(b"IEND", b""), "cannot be decoded"),
    "a depth of 3": (
        b"\x89PNG\r\n\x1a\n" + header(5, 5, 3) + chunk(b"IDAT", ZEROS[:99]) + chunk(b"IEND", b""),
        "cannot be decoded",
    ),
    "no zlib": (
        b"\x89PNG\r\n\x1a\n" + header(5, 5) + chunk(b"IDAT", b"abc") + chunk(b"IEND", b""),
        "cannot be decoded",
    ),
    "two headers": (with_chunks(SMALL, header(1, 1)), "size twice"),
    "a chunk first": (SMALL[:8] + chunk(b"tEXt", b"a\0b") + SMALL[8:], "begin with its size"),
    "a wrong checksum": (SMALL[:30] + b"\0" + SMALL[31:], "checksum is wrong"),
    "many chunks": (with_chunks(SMALL, *[chunk(b"tEXt", b"")] * MOST_PARTS), "more than 10,000"),
    "animated": (ANIMATED, "animated"),
    "many scans": (
        SCANS[:-2] + SCAN * MOST_SCANS + SCANS[-2:],
        f"more than {MOST_SCANS} scans",
    ),
    "many segments": (JPEG[:2] + b"\xff\xfe\0\2" * MOST_PARTS + JPEG[2:], "more than 10,000"),
    "two frames": (
        JPEG[:2] + JPEG[JPEG.index(b"\xff\xc0") :][:19] + JPEG[2:],
        "size twice",
    ),
    "no frame": (b"\xff\xd8\xff\xfe\0\2\xff\xd9", "does not say its size"),
    "a length of 0": (b"\xff\xd8\xff\xfe\0\0" * 100, "ends early|cut short"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_usable_picture_is_refused(name: str) -> None:
    data, message = REFUSED[name]
    with at_most(1), pytest.raises(DataError, match=message) as caught:
        read_picture(data)
    assert caught.value.__cause__ is None
    assert "PIL" not in str(caught.value)


def test_the_limit_of_pixels_is_said() -> None:
    with pytest.raises(
        DataError, match=r"64 x 64 pixels, expected at most 4,095\. Send it smaller"
    ):
        read_picture(SMALL, most_pixels=64 * 64 - 1)
    read_picture(SMALL, most_pixels=64 * 64)


BESIDE: dict[str, bytes] = {
    "a text of 50 MB": with_chunks(SMALL, chunk(b"zTXt", b"a\0\0" + ZEROS)),
    "an international text": with_chunks(SMALL, chunk(b"iTXt", b"a\0\1\0\0\0" + ZEROS)),
    "many texts": with_chunks(SMALL, *[chunk(b"zTXt", b"a\0\0" + ZEROS)] * 20),
    "a colour profile": with_chunks(SMALL, chunk(b"iCCP", b"a\0\0" + ZEROS)),
    "a damaged profile": with_chunks(SMALL, chunk(b"iCCP", b"a")),
    "an animation of one picture": with_chunks(SMALL, chunk(b"acTL", struct.pack(">II", 1, 0))),
    "what nobody knows": with_chunks(SMALL, chunk(b"aaAa", b"?" * 1000)),
    "things behind the end": SMALL + b"PK\3\4" * 1000,
}


@pytest.mark.parametrize("name", BESIDE)
def test_what_lies_beside_a_picture_is_never_unpacked(name: str) -> None:
    with at_most(0.5):
        np.testing.assert_array_equal(read_picture(BESIDE[name]), read_picture(SMALL))


def test_a_jpeg_with_previews_and_profiles_is_that_jpeg() -> None:
    more = b"".join(
        b"\xff\xff\xff" + bytes([marker]) + struct.pack(">H", 2 + len(content)) + content
        for marker, content in (
            (0xE2, b"MPF\0" + b"II*\0" + b"\xff" * 60),
            (0xE2, b"ICC_PROFILE\0\1\1" + b"\0" * 5000),
            (0xED, b"Photoshop 3.0\0008BIM" + b"\xff" * 9),
            (0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>"),
            (0xFE, b"a comment"),
        )
    )
    np.testing.assert_array_equal(
        read_grey(JPEG[:2] + more + JPEG[2:] + b"behind the end"), read_grey(JPEG)
    )


def test_texts_that_unpack_to_more_than_is_sent_cost_no_memory() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    read_picture(BESIDE["many texts"])
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


def test_numbers_behind_the_last_row_are_not_unpacked() -> None:
    rows = b"".join(b"\0" + bytes(row) for row in np.asarray(PAPER))
    pressed = zlib.compress(rows + b"\0" * 50_000_000)
    data = b"\x89PNG\r\n\x1a\n" + header(64, 64) + chunk(b"IDAT", pressed) + chunk(b"IEND", b"")
    with at_most(0.3):
        try:
            np.testing.assert_array_equal(read_grey(data), read_grey(SMALL))
        except DataError as error:
            assert "cannot be decoded" in str(error)  # noqa: PT017


def test_the_most_scans_of_the_most_pixels_take_seconds_at_most() -> None:
    wide = Image.new("RGB", (2000, 2000), "white")
    data = saved(wide, "JPEG", progressive=True)
    places = [k for k in range(len(data) - 1) if data[k : k + 2] == b"\xff\xda"]
    last = data[places[-1] : -2]
    with at_most(10):
        try:
            read_picture(data[:-2] + last * (MOST_SCANS - len(places)) + data[-2:])
        except DataError as error:
            assert "cannot be decoded" in str(error)  # noqa: PT017


SEEDS = [MODES[name]() for name in MODES] + [
    ANIMATED,
    *(data for name, data in BESIDE.items() if len(data) < 30_000),
]


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """A picture with a few errors: bytes changed, left out, doubled, cut off, checksums mended."""
    content = bytearray(data)
    for _ in range(rng.integers(1, 6)):
        if not content:
            break
        # half of the errors are near the start, where the headers are
        place = int(rng.integers(len(content)) if rng.random() < 0.5 else rng.integers(64))
        place = min(place, len(content) - 1)
        length = int(rng.integers(1, 9))
        match rng.integers(7):
            case 0:
                content[place] ^= 1 << int(rng.integers(8))
            case 1:
                content[place] = int(rng.choice([0, 1, 0x7F, 0x80, 0xFF]))
            case 2:
                content[place : place + length] = rng.bytes(length)
            case 3:
                del content[place : place + length]
            case 4:
                content[place:place] = content[place : place + 16 * length]
            case 5:
                del content[place + int(rng.integers(len(content))) :]
            case 6:
                content[place : place + 4] = struct.pack(">I", int(rng.integers(2**32)))
    return mended(bytes(content)) if rng.random() < 0.5 else bytes(content)


def mended(data: bytes) -> bytes:
    """A PNG whose checksums are right again, as far as its parts can be found."""
    kept, place = [data[:8]], 8
    while data.startswith(b"\x89PNG") and place + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, place)
        if length > len(data):
            break
        kept.append(chunk(name, data[place + 8 : place + 8 + length]))
        place += 12 + length
    return b"".join([*kept, data[place:]])


def test_a_mutated_picture_is_read_or_refused_in_our_words() -> None:
    rng, refused = np.random.default_rng(0), []
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for k in range(MUTANTS):
        data = mutated(SEEDS[k % len(SEEDS)], rng)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                ink = read_picture(data)
        except DataError as error:
            refused.append(error)
        else:
            assert ink.ndim == 2
            assert np.isfinite(ink).all()
            assert ink.min() >= 0
            assert ink.max() <= 1
    assert MUTANTS / 4 < len(refused) < MUTANTS
    for refusal in refused:
        assert any(words in str(refusal) for words in KNOWN), str(refusal)
        assert refusal.__cause__ is None
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


def test_without_pillow_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    with pytest.raises(MissingExtraError, match=r"glassnet\[images\]"):
        read_picture(SMALL)


def test_a_picture_is_read_in_milliseconds() -> None:
    data = saved(PAPER.resize((280, 280)))
    assert least_seconds(lambda: read_picture(data), times=10) < 0.02


def test_pillow_unpacks_texts_no_further_than_it_did() -> None:
    """What is left out here is limited by Pillow too; this names the limit that we do not need."""
    assert PngImagePlugin.MAX_TEXT_CHUNK <= 1 << 20


def grey_of(array: Array) -> bytes:
    return saved(Image.fromarray(array.astype(np.uint8)))


def test_ink_that_touches_the_border_is_still_ink() -> None:
    page = np.full((60, 60), 255)
    page[:, 20:30] = 0
    assert read_picture(grey_of(page))[:, 20:30].min() == 1
    assert read_picture(grey_of(page)).sum() == 600


def test_a_border_full_of_ink_does_not_take_the_paler_ink_with_it() -> None:
    page = np.full((60, 60), 255)
    page[:, :24] = 0
    page[20:40, 40:50] = 128
    assert read_picture(grey_of(page))[20:40, 40:50].min() > 0.3


def test_a_picture_of_one_pixel_or_one_row_is_read() -> None:
    assert read_picture(grey_of(np.zeros((1, 1)))).shape == (1, 1)
    assert read_picture(grey_of(np.array([[255, 255, 0, 255]]))).tolist() == [[0, 0, 1, 0]]
