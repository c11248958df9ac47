"""Pictures kept to learn from: what is written, what is read, and what is neither."""

from __future__ import annotations

import io
import re
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import glassnet as gn
from glassnet.data import Classes, Images, Pixels, Values, image_folder
from glassnet.data.image_folder import folder_names, grey_png, keep, read
from glassnet.errors import DataError, EmptyDrawingError, FileError, FullError
from glassnet.types import Array
from tests.strokes import Drawing

Image = pytest.importorskip("PIL.Image")

IMAGES = Images(8, 8, maximum=16, framing="blocks")
DIGITS = Classes(tuple("0123456789"))
CLOTHES = Classes(("T-shirt/top", "Ankle boot", "../../etc", "", "Ὀδός", "t-shirt top"))


def picture(seed: int = 0, images: Images = IMAGES) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, images.maximum + 1, (images.height, images.width), dtype=np.uint8)


def put(folder: Path, name: str, pixels: Array, kind: str = "PNG") -> Path:
    """Write a picture as somebody else would."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    file = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(file, kind)
    path.write_bytes(file.getvalue())
    return path


@pytest.mark.parametrize("maximum", [1, 16, 100, 255])
def test_what_is_kept_is_read_exactly(tmp_path: Path, maximum: int) -> None:
    images = Images(5, 7, maximum=maximum)
    pixels = [picture(k, images) for k in range(6)]
    labels = ["7", "0", "3", "7", "9", "0"]
    kept = [
        keep(tmp_path, label, one, images, DIGITS)
        for label, one in zip(labels, pixels, strict=True)
    ]
    rows = read(tmp_path, images, DIGITS)
    assert isinstance(rows.x, Pixels)
    assert rows.x.maximum == maximum
    order = sorted(range(6), key=lambda k: (int(labels[k]), kept[k].name))
    assert rows.t.tolist() == [int(labels[k]) for k in order]
    np.testing.assert_array_equal(rows.x.bytes, [pixels[k].ravel() for k in order])


def test_a_kept_picture_is_a_grey_png_named_by_time(tmp_path: Path) -> None:
    path = keep(tmp_path, "7", picture(), IMAGES, DIGITS)
    assert re.fullmatch(r"7/\d{8}T\d{6}Z-[0-9a-f]{8}\.png", path.relative_to(tmp_path).as_posix())
    with Image.open(path) as image:
        assert (image.mode, image.size) == ("L", (8, 8))
        np.testing.assert_allclose(np.asarray(image) / 255 * 16, picture(), atol=0.04)
    assert [one.name for one in path.parent.iterdir()] == [path.name]


@given(height=st.integers(1, 9), width=st.integers(1, 9), seed=st.integers(0, 99))
def test_a_grey_png_is_what_everybody_reads(height: int, width: int, seed: int) -> None:
    pixels = picture(seed, Images(height, width))
    with Image.open(io.BytesIO(grey_png(pixels))) as image:
        np.testing.assert_array_equal(np.asarray(image), pixels)


def test_labels_that_are_no_folders_get_a_number_and_what_is_left_of_them() -> None:
    assert list(folder_names(DIGITS).values()) == list("0123456789")
    assert list(folder_names(CLOTHES).values()) == [
        "0-t-shirt-top",
        "1-ankle-boot",
        "2-etc",
        "3",
        "4",
        "5-t-shirt-top",
    ]


@given(st.lists(st.text(max_size=60), min_size=1, max_size=8, unique=True))
def test_no_label_leads_out_of_the_folder_and_no_two_share_one(labels: list[str]) -> None:
    names = list(folder_names(Classes(tuple(labels))).values())
    assert len(set(names)) == len(labels)
    assert all(re.fullmatch(r"[a-z0-9-]{1,60}", name) for name in names)


def test_values_have_no_folders(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="kept for classes"):
        read(tmp_path, IMAGES, Values(("price",)))  # type: ignore[arg-type]


def test_pictures_of_any_labels_are_kept_inside_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    for label in CLOTHES.labels:
        path = keep(folder, label, picture(), IMAGES, CLOTHES)
        assert path.parent.parent == folder
    assert [one.name for one in tmp_path.iterdir()] == ["kept"]
    assert read(folder, IMAGES, CLOTHES).t.tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("label", ["10", "../7", "7/", "", "٧", ".", "..", "7\0", "/etc", "07"])
def test_a_label_that_is_not_the_models_is_refused(tmp_path: Path, label: str) -> None:
    with pytest.raises(DataError, match=r"There is no label .* Known: 0, 1, 2"):
        keep(tmp_path / "kept", label, picture(), IMAGES, DIGITS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.zeros((8, 8), np.int64), "uint8 of shape .8, 8., got int64"),
        (np.zeros((64,), np.uint8), r"got uint8 of shape \(64,\)"),
        (np.full((8, 8), 17, np.uint8), r"0\.\.16, got 17"),
    ],
)
def test_what_is_no_such_picture_is_not_kept(tmp_path: Path, pixels: Array, message: str) -> None:
    with pytest.raises(DataError, match=message):
        keep(tmp_path / "kept", "7", pixels, IMAGES, DIGITS)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_picture_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(EmptyDrawingError, match="nothing in it to learn from"):
        keep(tmp_path, "7", np.zeros((8, 8), np.uint8), IMAGES, DIGITS)


def test_a_full_folder_keeps_no_more(tmp_path: Path) -> None:
    for label in "739":
        keep(tmp_path, label, picture(), IMAGES, DIGITS, most=3)
    with pytest.raises(FullError, match="holds 3 pictures, as many as it may"):
        keep(tmp_path, "0", picture(), IMAGES, DIGITS, most=3)
    assert len(list(tmp_path.rglob("*.png"))) == 3


def test_what_lies_in_other_folders_neither_hinders_nor_counts(tmp_path: Path) -> None:
    put(tmp_path, "three/1.png", picture())
    keep(tmp_path, "3", picture(), IMAGES, DIGITS, most=1)
    with pytest.raises(FullError):
        keep(tmp_path, "3", picture(), IMAGES, DIGITS, most=1)


def test_many_at_once_are_all_kept(tmp_path: Path) -> None:
    threads = [
        threading.Thread(target=keep, args=(tmp_path, "7", picture(k), IMAGES, DIGITS))
        for k in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read(tmp_path, IMAGES, DIGITS)) == 16


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "7").write_text("not a folder")
    with pytest.raises(FileError, match="Cannot write"):
        keep(tmp_path, "7", picture(), IMAGES, DIGITS)


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_links_are_not_followed(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "kept"
    secret = put(outside, "secret.png", picture(1))
    keep(folder, "3", picture(), IMAGES, DIGITS)
    (folder / "7").symlink_to(outside)
    (folder / "3" / "link.png").symlink_to(secret)
    assert len(read(folder, IMAGES, DIGITS)) == 1
    with pytest.raises(FileError, match="it is a link"):
        keep(folder, "7", picture(), IMAGES, DIGITS)
    assert [one.name for one in outside.iterdir()] == ["secret.png"]


def test_what_is_hidden_or_no_picture_is_passed_over(tmp_path: Path) -> None:
    keep(tmp_path, "3", picture(), IMAGES, DIGITS)
    put(tmp_path, "3/.half-written.png", picture())
    put(tmp_path, ".trash/1.png", picture())
    (tmp_path / "3" / "notes.txt").write_text("threes")
    (tmp_path / "README.md").write_text("digits")
    (tmp_path / "3" / "a folder.png").mkdir()
    assert len(read(tmp_path, IMAGES, DIGITS)) == 1


def test_a_folder_of_no_label_is_refused(tmp_path: Path) -> None:
    keep(tmp_path, "3", picture(), IMAGES, DIGITS)
    put(tmp_path, "three/1.png", picture())
    with pytest.raises(
        DataError, match=r"has the folder 'three', which is no label's. Known: 0, 1"
    ):
        read(tmp_path, IMAGES, DIGITS)


def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = put(tmp_path, "3/1.png", picture())
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(DataError, match=rf"{re.escape(str(path))}: The picture is cut short"):
        read(tmp_path, IMAGES, DIGITS)


def test_more_pictures_than_may_be_are_not_read(tmp_path: Path) -> None:
    for k in range(3):
        put(tmp_path, f"3/{k}.png", picture(k))
    assert len(read(tmp_path, IMAGES, DIGITS, most=3)) == 3
    with pytest.raises(DataError, match="more than 2 pictures"):
        read(tmp_path, IMAGES, DIGITS, most=2)


def test_a_folder_without_pictures_is_refused_with_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no pictures\. Expected files such as .*0.*\.png"):
        read(tmp_path, IMAGES, DIGITS)
    with pytest.raises(FileError, match="Cannot read"):
        read(tmp_path / "nowhere", IMAGES, DIGITS)


@pytest.mark.parametrize("name", ["7/paper.png", "7/photo.JPG"])
def test_a_drawing_on_paper_is_framed(tmp_path: Path, name: str) -> None:
    ink = Drawing(7, 1, thickness=0.08).ink(200)
    put(tmp_path, name, 255 - 200 * ink, "JPEG" if name.endswith("JPG") else "PNG")
    rows = read(tmp_path, IMAGES, DIGITS)
    row = np.asarray(rows.x)[0].reshape(8, 8)
    expected = gn.data.drawings.frame(ink, IMAGES).reshape(8, 8)
    assert np.abs(row - expected).max() < 0.15
    assert rows.t.tolist() == [7]


def test_a_large_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path, "7/1.png", picture())
    monkeypatch.setattr(image_folder, "MOST_BYTES", path.stat().st_size - 1)
    with pytest.raises(DataError, match="The file is larger than"):
        read(tmp_path, IMAGES, DIGITS)


def test_empty_paper_is_named(tmp_path: Path) -> None:
    put(tmp_path, "7/paper.png", np.full((30, 30), 255))
    with pytest.raises(EmptyDrawingError, match=r"paper\.png: The drawing is empty"):
        read(tmp_path, IMAGES, DIGITS)
