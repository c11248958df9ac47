"""From a drawing to a row: what comes out, whatever the pen, the pad and the place."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import glassnet as gn
from glassnet.data import Images, datasets
from glassnet.data.drawings import frame, means, pen_width
from glassnet.errors import DataError, EmptyDrawingError
from glassnet.types import Array
from tests.strokes import DRAWINGS, WAYS, Drawing, line, rasterize
from tests.waiting import least_seconds

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = sorted((ROOT / "web" / "tests" / "golden").glob("*.json"))
MASS = Images(28, 28, framing="mass")
BLOCKS = Images(8, 8, maximum=16, framing="blocks")
ALL = [MASS, BLOCKS, Images(28, 28), Images(5, 9, framing="mass"), Images(1, 1, framing="mass")]


def picture(ink: Array, images: Images = MASS) -> NDArray[np.float32]:
    return frame(ink, images).reshape(images.height, images.width)


def box(framed: Array, above: float = 0.1) -> tuple[int, int, int, int]:
    """Where the ink begins and ends: top, bottom, left, right."""
    rows = np.flatnonzero((framed > above).any(axis=1))
    columns = np.flatnonzero((framed > above).any(axis=0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def middle(framed: Array) -> tuple[float, float]:
    """The centre of mass, in pixels from the top left corner."""
    y, x = np.indices(framed.shape) + 0.5
    return float((y * framed).sum() / framed.sum()), float((x * framed).sum() / framed.sum())


def level(framed: Array) -> float:
    """The mean ink, where the ink is."""
    return float((framed**2).sum() / framed.sum())


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_drawing_becomes_the_golden_row(path: Path) -> None:
    case = json.loads(path.read_text("utf-8"))
    kind = case["images"].pop("kind")
    ink = np.reshape(case["ink"]["values"], (case["ink"]["height"], case["ink"]["width"]))
    assert kind == "images"
    np.testing.assert_allclose(frame(ink, Images(**case["images"]))[0], case["row"], atol=2e-6)


def test_the_golden_files_are_those_that_the_script_draws() -> None:
    assert len(GOLDEN) >= 12
    command = [sys.executable, str(ROOT / "scripts" / "draw_golden.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("drawing", DRAWINGS[::7], ids=str)
def test_a_digit_fills_the_box_around_its_centre_of_mass(drawing: Drawing) -> None:
    framed = picture(drawing.ink())
    top, bottom, left, right = box(framed)
    assert 18 <= max(bottom - top, right - left) <= 22
    for place, (low, high) in zip(middle(framed), ((top, bottom), (left, right)), strict=True):
        assert 14 <= place < 15 or low == 0 or high == 28
    assert framed.max() > 0.9


@pytest.mark.parametrize("digit", WAYS)
def test_size_place_and_pad_do_not_matter(digit: int) -> None:
    plain = picture(Drawing(digit, size=0.8, thickness=0.08).ink(280))
    for size, place, side in (
        (0.4, (0.3, 0.7), 280),
        (0.8, (0.5, 0.5), 560),
        (0.2, (0.9, 0.1), 900),
    ):
        other = picture(Drawing(digit, size=size, place=place, thickness=size / 10).ink(side))
        moved = (np.roll(other, (y, x), (0, 1)) for y in (-1, 0, 1) for x in (-1, 0, 1))
        assert min(np.abs(plain - picture).mean() for picture in moved) < 0.02


@pytest.mark.parametrize("images", [MASS, BLOCKS], ids=["mass", "blocks"])
@pytest.mark.parametrize("digit", WAYS)
def test_a_thin_pen_writes_as_dark_and_nearly_as_wide_as_a_good_one(
    digit: int, images: Images
) -> None:
    thin, good = (
        picture(Drawing(digit, size=0.8, thickness=thickness).ink(), images)
        for thickness in (0.01, 0.08)
    )
    assert 0.6 < thin.sum() / good.sum() < 1.2
    assert 0.8 < level(thin) / level(good) < 1.15


@pytest.mark.parametrize("images", [MASS, BLOCKS], ids=["mass", "blocks"])
def test_paler_ink_makes_the_same_row(images: Images) -> None:
    ink = DRAWINGS[0].ink()
    np.testing.assert_allclose(frame(ink * 0.3, images), frame(ink, images), atol=1e-5)


def test_what_is_framed_stays_as_it_is() -> None:
    ink = np.zeros((28, 28))
    ink[4:24, 12:17] = 1
    np.testing.assert_array_equal(picture(ink), ink.astype(np.float32))
    np.testing.assert_array_equal(picture(np.roll(ink, (3, -7), (0, 1))), ink.astype(np.float32))


def test_ink_is_never_lost_at_the_border() -> None:
    ink = np.zeros((200, 200))
    ink[:200, 0:8] = 1  # a long stroke with a heavy foot: its mass lies far below its middle
    ink[150:, 0:200] = 1
    framed = picture(ink)
    top, bottom, left, right = box(framed, 1e-3)
    assert (bottom - top, right - left) == (20, 20)
    assert framed[top:bottom, left:right].sum() == pytest.approx(framed.sum())


def test_a_small_digit_in_blocks_keeps_its_proportions_and_stands_in_the_middle() -> None:
    framed = picture(Drawing(1, size=0.5, place=(0.2, 0.3), thickness=0.06).ink(), BLOCKS)
    top, bottom, left, right = box(framed)
    assert (top, bottom) == (0, 8)
    assert left >= 2
    assert right <= 6


def test_without_a_framing_the_whole_picture_is_scaled() -> None:
    ink = np.random.default_rng(0).random((56, 84))
    blocks = ink.reshape(28, 2, 28, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(picture(ink, Images(28, 28)), blocks, atol=1e-6)


def test_means_count_each_pixel_by_its_overlap() -> None:
    ink = np.array([[1.0, 0.0], [0.0, 1.0]])
    spans = np.array([[0.0, 0.5, 1.5, -1.0], [2.0, 1.5, 2.5, 1.0]])
    np.testing.assert_allclose(
        means(ink, spans, np.array([[0.0], [1.0]])).ravel(), [0.5, 0.5, 0.0, 0.5]
    )
    np.testing.assert_allclose(
        means(ink, np.array([[1.5], [2.5]]), np.array([[1.0], [2.0]])).ravel(), [0.5]
    )


@pytest.mark.parametrize("degrees", [0, 20, 45, 70, 90])
@pytest.mark.parametrize("thickness", [0.02, 0.06, 0.12])
def test_the_width_of_a_pen_is_found(degrees: float, thickness: float) -> None:
    x, y = np.cos(np.radians(degrees)) * 0.4, np.sin(np.radians(degrees)) * 0.4
    ink = rasterize([line((0.5 - x, 0.5 - y), (0.5 + x, 0.5 + y))], 400, thickness)
    assert 0.65 < pen_width(ink) / (thickness * 400) < 1.35


@pytest.mark.parametrize("images", ALL, ids=repr)
@pytest.mark.parametrize("empty", [np.zeros((9, 9)), np.full((280, 280), 0.02), np.zeros((1, 1))])
def test_an_empty_drawing_is_refused_kindly(empty: Array, images: Images) -> None:
    with pytest.raises(EmptyDrawingError, match=r"is empty: .* Draw something"):
        frame(empty, images)


@pytest.mark.parametrize(
    ("ink", "message"),
    [
        (np.ones((2, 3, 3)), r"two axes, rows and columns of ink, got an array of shape \(2, 3, 3"),
        (np.ones((3, 0)), r"shape \(3, 0\)"),
        (np.full((3, 3), 255), r"ink in 0\.\.1, got 255\.\.255\. Divide"),
        (-np.ones((3, 3)), r"ink in 0\.\.1, got -1"),
        (np.full((3, 3), np.nan), "NaN or infinite"),
        ([["a"]], "expects numbers"),
    ],
)
def test_what_is_no_drawing_is_refused(ink: Array, message: str) -> None:
    with pytest.raises(DataError, match=message):
        frame(ink, MASS)


@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    seed=st.integers(0, 2**32),
    share=st.floats(0, 1),
    images=st.sampled_from(ALL),
)
def test_any_drawing_gives_a_row_of_numbers(
    height: int, width: int, seed: int, share: float, images: Images
) -> None:
    rng = np.random.default_rng(seed)
    ink = rng.random((height, width)) * (rng.random((height, width)) < share)
    ink[rng.integers(height), rng.integers(width)] = 1
    row = frame(ink, images)
    assert row.dtype == np.float32
    assert row.shape == (1, images.size)
    assert np.isfinite(row).all()
    assert row.min() >= 0
    assert row.max() <= 1
    assert row.max() > 0


def test_a_drawing_is_not_written_to() -> None:
    ink = DRAWINGS[3].ink()
    ink.setflags(write=False)
    frame(ink, MASS)


def test_a_pad_is_framed_in_a_few_milliseconds() -> None:
    ink = DRAWINGS[3].ink(280)
    assert least_seconds(lambda: frame(ink, MASS), times=20) < 0.01


def test_a_stripe_of_millions_of_pixels_takes_no_more_memory_than_itself() -> None:
    ink = np.zeros((1, 2_000_000), np.float32)
    ink[0, 1000:1_900_000] = 1
    assert frame(ink, MASS).max() == 1


def test_drawn_digits_are_read_by_a_network_of_the_small_digits() -> None:
    model = gn.train("digits", seed=0, progress=False)
    rows = np.concatenate([frame(drawing.ink(140), BLOCKS) for drawing in DRAWINGS])
    right = model.predict_proba(rows).argmax(axis=1) == [drawing.digit for drawing in DRAWINGS]
    assert right.mean() > 0.7


@pytest.mark.data("mnist")
@pytest.mark.slow
def test_drawn_digits_are_read_by_a_plain_network_of_mnist() -> None:
    model = gn.train("mnist", epochs=5, seed=0, progress=False)
    rows = np.concatenate([frame(drawing.ink(), MASS) for drawing in DRAWINGS])
    right = model.predict_proba(rows).argmax(axis=1) == [drawing.digit for drawing in DRAWINGS]
    assert right.mean() > 0.95


@pytest.mark.data("mnist")
def test_pictures_of_mnist_come_out_as_they_went_in() -> None:
    pictures = np.asarray(datasets.load("mnist").test.x[:200])
    framed = np.concatenate([frame(row.reshape(28, 28), MASS) for row in pictures])
    apart = np.abs(framed - pictures).max(axis=1)
    assert np.mean(apart < 1e-5) > 0.7
    assert np.abs(framed - pictures).mean() < 0.02
