import gzip
import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from glassnet.data.download import VARIABLE
from glassnet.data.meaning import Images
from glassnet.data.mnist import (
    FASHION_MNIST,
    MNIST,
    TEST_IMAGES,
    TEST_LABELS,
    TRAIN_IMAGES,
    TRAIN_LABELS,
    IdxImages,
)
from glassnet.data.pixels import Pixels
from glassnet.errors import DataError, DownloadError, SettingError
from tests.data.conftest import Mirror
from tests.data.test_idx import packed

RNG = np.random.default_rng(0)
CONTENT = {
    TRAIN_IMAGES: packed(RNG.integers(0, 256, (6, 2, 3))),
    TRAIN_LABELS: packed(np.arange(6) % 2),
    TEST_IMAGES: packed(RNG.integers(0, 256, (4, 2, 3))),
    TEST_LABELS: packed(np.arange(4) % 2),
}
FILES = {f"{file}.gz": gzip.compress(content, mtime=0) for file, content in CONTENT.items()}

TINY = IdxImages(
    name="tiny",
    labels=("even", "odd"),
    source="drawn by the test",
    mirrors=(),
    sha256={file: hashlib.sha256(content).hexdigest() for file, content in CONTENT.items()},
    digest_of="content",
    validation=2,
)
TINY_PACKED = replace(
    TINY,
    sha256={file: hashlib.sha256(FILES[f"{file}.gz"]).hexdigest() for file in CONTENT},
    digest_of="file",
)


def fill(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("images", "files"),
    [(TINY, FILES), (TINY, CONTENT), (TINY_PACKED, FILES)],
    ids=["content of gzip", "content", "gzip file"],
)
def test_a_folder_of_four_files_is_a_data_set(
    tmp_path: Path, images: IdxImages, files: dict[str, bytes]
) -> None:
    data = images.load(folder=fill(tmp_path, files))
    assert [len(part) for part in (data.train, data.validation, data.test)] == [4, 2, 4]
    assert isinstance(data.validation.x, Pixels)
    assert data.validation.x.bytes.tobytes() == CONTENT[TRAIN_IMAGES][-12:]
    np.testing.assert_array_equal(data.validation.t, [0, 1])
    assert data.inputs.size == 6


@pytest.mark.parametrize(
    ("images", "files"),
    [(TINY, CONTENT | {TEST_LABELS: packed(np.zeros(4))}), (TINY_PACKED, CONTENT)],
    ids=["content", "gzip file"],
)
def test_a_file_of_wrong_content_is_refused(
    tmp_path: Path, images: IdxImages, files: dict[str, bytes]
) -> None:
    with pytest.raises(DataError, match=r"is not the published .* of tiny: the SHA-256"):
        images.load(folder=fill(tmp_path, files))


def test_a_file_that_is_verified_packed_is_verified_before_it_is_unpacked(tmp_path: Path) -> None:
    folder = fill(tmp_path, FILES | {f"{TRAIN_IMAGES}.gz": b"\x1f\x8b is no gzip file"})
    with pytest.raises(DataError, match=r"is not the published .* SHA-256 of its file"):
        TINY_PACKED.load(folder=folder)


def test_a_folder_is_named_by_a_text_or_a_path() -> None:
    with pytest.raises(SettingError, match="named by a text or a Path, got 5"):
        TINY.load(folder=5)  # type: ignore[arg-type]


def test_a_folder_that_lacks_a_file_names_it_and_says_what_to_do(tmp_path: Path) -> None:
    folder = fill(tmp_path, {name: FILES[name] for name in list(FILES)[1:]})
    with pytest.raises(DownloadError, match=rf"lacks {TRAIN_IMAGES}\. Put .* set {VARIABLE}"):
        TINY.load(folder=folder)


def test_the_own_folder_is_found_by_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    folder = fill(tmp_path / "tiny", FILES)
    assert TINY.fetch() == folder


def test_what_is_nowhere_is_downloaded_once(cache: Path, new_mirror: Callable[[], Mirror]) -> None:
    down, up = new_mirror(), new_mirror()
    up.files |= {f"/tiny/{name}": content for name, content in FILES.items()}
    images = replace(TINY, mirrors=(f"{down.url}tiny/", f"{up.url}tiny/"))
    first, second = images.load(), images.load()
    assert first.fingerprint == second.fingerprint
    assert up.asked == down.asked == [f"/tiny/{name}" for name in FILES]
    assert images.fetch() == cache / "tiny"


def test_a_folder_of_ones_own_that_lacks_a_file_is_passed_over(
    cache: Path,
    tmp_path: Path,
    new_mirror: Callable[[], Mirror],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fill(tmp_path / "tiny", {TRAIN_IMAGES: CONTENT[TRAIN_IMAGES]})
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    mirror = new_mirror()
    mirror.files |= {f"/{name}": content for name, content in FILES.items()}
    assert replace(TINY, mirrors=(mirror.url,)).fetch() == cache / "tiny"


@pytest.mark.parametrize("images", [TINY, TINY_PACKED], ids=["content", "gzip file"])
def test_a_mirror_that_lies_is_refused_and_nothing_is_kept(
    cache: Path, new_mirror: Callable[[], Mirror], images: IdxImages
) -> None:
    mirror = new_mirror()
    wrong = gzip.compress(packed(np.zeros((6, 2, 3))))
    mirror.files |= {f"/{name}": wrong for name in FILES}
    with pytest.raises(DownloadError, match=f"{TRAIN_IMAGES}.gz: {mirror.url} .*SHA-256"):
        replace(images, mirrors=(mirror.url,)).load()
    assert list((cache / "tiny").iterdir()) == []


@pytest.mark.parametrize("images", [MNIST, FASHION_MNIST], ids=lambda images: images.name)
def test_the_published_sets_are_described_in_full(images: IdxImages) -> None:
    assert list(images.sha256) == list(CONTENT)
    assert all(len(bytes.fromhex(digest)) == 32 for digest in images.sha256.values())
    assert len(images.labels) == 10
    assert len(images.mirrors) >= 2
    assert all(mirror.endswith("/") for mirror in images.mirrors)


@pytest.mark.parametrize("framing", ["", "mass"])
def test_the_images_say_how_they_were_framed(tmp_path: Path, framing: str) -> None:
    inputs = replace(TINY, framing=framing).load(folder=fill(tmp_path, FILES)).inputs
    assert isinstance(inputs, Images)
    assert inputs.framing == framing
    assert (MNIST.framing, FASHION_MNIST.framing) == ("mass", "")


@pytest.mark.data("mnist")
def test_the_real_mnist_is_what_was_published(real_data: Path) -> None:
    data = MNIST.load(folder=real_data / "mnist")
    assert [len(part) for part in (data.train, data.validation, data.test)] == [
        50_000,
        10_000,
        10_000,
    ]
    assert data.train.t[:5].tolist() == [5, 0, 4, 1, 9]
    assert isinstance(data.train.x, Pixels)
    assert data.train.x.bytes[0].reshape(28, 28)[5, 12:].max() == 255
