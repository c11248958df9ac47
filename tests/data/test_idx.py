import gzip
import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glassnet.data.idx import TYPES, content_sha256, read_idx
from glassnet.errors import DataError, FileError
from glassnet.types import Array

IMAGES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


def packed(array: Array, code: int = 0x08) -> bytes:
    """The IDX file of an array, written by the letter of the format."""
    header = struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape)
    return header + array.astype(TYPES[code]).tobytes()


def kept(folder: Path, content: bytes) -> Path:
    path = folder / "file"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("code", TYPES)
@pytest.mark.parametrize("shape", [(24,), (2, 3, 4), (0, 4)])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_every_type_and_shape_is_read(
    tmp_path: Path, code: int, shape: tuple[int, ...], pack: type[bytes]
) -> None:
    array = np.arange(np.prod(shape)).reshape(shape)
    read = read_idx(kept(tmp_path, pack(packed(array, code))))
    assert read.dtype == np.dtype(TYPES[code]).newbyteorder("=")
    np.testing.assert_array_equal(read, array)


@pytest.mark.parametrize("code", TYPES)
def test_the_digest_is_that_of_the_unpacked_file(tmp_path: Path, code: int) -> None:
    content = packed(IMAGES, code)
    read = read_idx(kept(tmp_path, gzip.compress(content, mtime=0)))
    assert content_sha256(read) == hashlib.sha256(content).hexdigest()


BOMB = gzip.compress(struct.pack(">HBBII", 0, 8, 2, 2**32 - 1, 2**32 - 1), mtime=0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an IDX file"),
        (b"\x89PNG\r\n", r"not an IDX file: it starts with the bytes \[89 50 4e 47\]"),
        (b"\0\0\x0a\1" + bytes(8), "not an IDX file"),
        (b"\0\0\x08\0", "0 axes"),
        (b"\0\0\x08\xff" + bytes(2000), "255 axes"),
        (packed(IMAGES)[:12], "cut short inside its header"),
        (packed(IMAGES)[:-1], "promises 24 bytes of shape .* at most 39 may come"),
        (gzip.compress(packed(IMAGES)[:-1], mtime=0), "promises 24 bytes of shape .* it holds 23"),
        (packed(IMAGES) + b"\0", "longer than its header says"),
        (packed(IMAGES)[:16], "at most 16 may come"),
        (struct.pack(">HBBIII", 0, 8, 3, 0, 2**32 - 1, 2**32 - 1), "which cannot be"),
        (BOMB, "promises 18446744065119617025 bytes"),
        (gzip.compress(packed(IMAGES), mtime=0)[:-9], "damaged gzip|cut short"),
        (
            gzip.compress(packed(IMAGES), mtime=0)[:-8] + bytes(8),
            "damaged gzip file: CRC check failed",
        ),
        (b"\x1f\x8b\x08\0garbage", "damaged gzip"),
    ],
)
def test_foreign_and_damaged_files_are_refused(
    tmp_path: Path, content: bytes, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read_idx(kept(tmp_path, content))


def test_what_unpacks_to_more_than_expected_is_not_unpacked(tmp_path: Path) -> None:
    head = struct.pack(">HBBI", 0, 8, 1, 2**26)
    path = kept(tmp_path, gzip.compress(head + bytes(2**26), mtime=0))
    with pytest.raises(DataError, match=r"promises 67108864 bytes .* at most 47040016 may come"):
        read_idx(path)
    small = kept(tmp_path, packed(IMAGES))
    assert read_idx(small, most=40).shape == IMAGES.shape
    with pytest.raises(DataError, match="at most 39 may come"):
        read_idx(small, most=39)


@pytest.mark.parametrize("name", ["missing", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileError, match=f"Cannot read {tmp_path / name}"):
        read_idx(tmp_path / name)


headers = st.builds(
    lambda code, axes, rest: bytes([0, 0, code, axes]) + rest,
    st.sampled_from([*TYPES, 0, 7]),
    st.integers(0, 9),
    st.binary(max_size=40),
)
contents = st.binary(max_size=40) | headers


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(contents | contents.map(gzip.compress) | contents.map(lambda tail: b"\x1f\x8b\x08" + tail))
def test_any_bytes_are_an_array_or_a_data_error(tmp_path: Path, content: bytes) -> None:
    try:
        array = read_idx(kept(tmp_path, content))
    except DataError:
        return
    assert array.ndim >= 1
