"""Files that are either whole or not there, and that show every change."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import stat
import struct
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

import glassnet as gn
from glassnet.errors import FileError, ModelFileError, SettingError
from glassnet.files import (
    MOST_HEADER,
    expect_format,
    read_sealed,
    read_sealed_bytes,
    remove_leftovers,
    seal,
    write_atomically,
    write_sealed,
)
from glassnet.training.checkpoint import read_checkpoint
from glassnet.types import Array

# -- atomic writes -------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with something in it, alone in its folder."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    return path


def assert_untouched(file: Path) -> None:
    assert file.read_bytes() == b"old"
    assert list(file.parent.iterdir()) == [file]


def test_a_new_file_and_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file"
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_an_old_file_is_replaced(file: Path) -> None:
    write_atomically(str(file), b"new")
    assert file.read_bytes() == b"new"
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace"])
@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()]
)
def test_when_a_step_fails_the_old_file_is_whole(
    file: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException
) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(step, fail)
    with pytest.raises((FileError, KeyboardInterrupt)) as caught:
        write_atomically(file, b"new")
    assert_untouched(file)
    if isinstance(error, OSError):
        expected = f"Cannot write {file}: No space left on device. Nothing there was changed."
        assert str(caught.value) == expected
        assert caught.value.__cause__ is error


@pytest.mark.skipif(os.name == "nt", reason="needs a limit on the size of files")
def test_a_disk_that_is_full_half_way(file: Path) -> None:
    """A limit on the size of files stands for the disk: the write itself fails after 4096 bytes."""
    import resource
    import signal

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(FileError, match=r"Cannot write .*file: File too large"):
            write_atomically(file, b"new" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert_untouched(file)


def test_the_bytes_are_on_the_disk_before_they_get_the_name(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log: list[tuple[str, bytes]] = []
    fsync = os.fsync

    def note(handle: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file"
        log.append((kind, file.read_bytes()))
        fsync(handle)

    monkeypatch.setattr("os.fsync", note)
    write_atomically(file, b"new")
    assert log == [("file", b"old"), ("folder", b"new")]


def test_something_else_than_a_file_is_not_replaced(file: Path) -> None:
    (file.parent / "folder").mkdir()
    os.mkfifo(file.parent / "pipe")
    for name in ("folder", "pipe"):
        with pytest.raises(FileError, match=f"Cannot write .*{name}: something else than a file"):
            write_atomically(file.parent / name, b"new")
    assert sorted(path.name for path in file.parent.iterdir()) == ["file", "folder", "pipe"]
    with pytest.raises(FileError, match=r"Cannot write .*file/x: "):
        write_atomically(file / "x", b"new")
    with pytest.raises(FileError, match="File name too long"):
        write_atomically(file.parent / ("x" * 300), b"new")


def test_a_link_stays_a_link(file: Path) -> None:
    link = file.parent / "link"
    link.symlink_to(file)
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert file.read_bytes() == b"new"


def test_a_file_keeps_its_permissions_and_a_new_one_gets_the_usual(file: Path) -> None:
    usual = file.parent / "usual"
    usual.write_bytes(b"")
    file.chmod(0o640)
    for path in (file, file.parent / "new"):
        write_atomically(path, b"new")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert (file.parent / "new").stat().st_mode == usual.stat().st_mode


# -- sealed files --------------------------------------------------------------------------------

DOCUMENT = {"format": "test", "é": ["\U0001f600", None, 1.5, {"deep": True}]}
ARRAYS: dict[str, Array] = {
    "dense_1.W": np.arange(6, dtype=np.float32).reshape(2, 3),
    "of columns": np.arange(6, dtype=np.float64).reshape(2, 3).T,
    "strided": np.arange(10, dtype=np.int16)[::3],
    "big-endian": np.array([1.0, 2.0], dtype=">f4"),
    "empty": np.zeros((0, 3), np.uint8),
    "one": np.array(2.5),
    "π/v": np.array([True, False]),
}


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    path = tmp_path / "sealed"
    write_sealed(path, DOCUMENT, ARRAYS)
    return path


def assert_whole(path: Path) -> None:
    document, arrays = read_sealed(path)
    assert document == DOCUMENT
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert arrays[name].shape == array.shape
        assert arrays[name].dtype == array.dtype.newbyteorder("<")
        assert np.array_equal(arrays[name], array)


def test_what_was_written_is_read(sealed: Path) -> None:
    assert_whole(sealed)


def test_nothing_at_all_is_something_too(tmp_path: Path) -> None:
    write_sealed(tmp_path / "f", {}, {})
    assert read_sealed(tmp_path / "f") == ({}, {})


def test_cut_short_anywhere_it_is_refused(sealed: Path) -> None:
    data = sealed.read_bytes()
    for length in (*range(16), *range(16, len(data), 7), len(data) - 1):
        sealed.write_bytes(data[:length])
        with pytest.raises(ModelFileError, match=r"sealed is not a whole safetensors file"):
            read_sealed(sealed)
    sealed.write_bytes(data + b"\0")
    with pytest.raises(ModelFileError):
        read_sealed(sealed)


def test_no_byte_can_be_changed_unseen(sealed: Path) -> None:
    data = sealed.read_bytes()
    unseen = 0
    for place, flips in enumerate(np.random.default_rng(0).integers(1, 256, len(data))):
        changed = bytearray(data)
        changed[place] ^= int(flips)
        sealed.write_bytes(changed)
        with contextlib.suppress(ModelFileError):
            assert_whole(sealed)
            unseen += 1
    assert unseen <= 8  # a space that fills up the header may become a tab


@given(st.binary(max_size=300), st.booleans())
def test_whatever_the_bytes_nothing_but_the_one_error(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, as_header: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "noise"
    path.write_bytes(raw(noise) if as_header else noise)
    with pytest.raises(ModelFileError):
        read_sealed(path)


def raw(header: Any, body: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def one_array(dtype: str, shape: list[int], size: int) -> bytes:
    return raw({"a": {"dtype": dtype, "shape": shape, "data_offsets": [0, size]}}, bytes(size))


def with_document(text: str) -> bytes:
    return raw({"__metadata__": {"glassnet": text, "sha256": seal(text, {})}})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a whole safetensors file"),
        (b"PK\x03\x04 a zip file, such as PyTorch writes", "not a whole safetensors file"),
        (struct.pack("<Q", 2**64 - 1) + b"{}", "its header would have 18,446,744,073,709,551,615"),
        (bytes(100), "its header would have 0 bytes of its 100"),
        (one_array("F32", [4], 16)[:-4], "12 bytes follow its header, which speaks of 16"),
        (raw({"a": {"data_offsets": [0]}}), "its header is damaged"),
        (raw({"a": {"data_offsets": [0, "x"]}}), "its header is damaged"),
        (raw({"a": {"data_offsets": [0, 1e400]}}), "which speaks of inf"),
        (raw({"a": "é"}).replace(b"e", b"\xe9"), "its header is damaged"),
        (raw(json.dumps({}).encode("utf-16-be")), "its header is damaged"),
        (struct.pack("<Q", 2**40) + b"{}", "not a whole safetensors file"),
        (raw(b"[]"), "not a whole safetensors file"),
        (raw(b"[" * 100_000), "not a whole safetensors file"),
        (one_array("F32", [2**40, 2**40], 4), "not a whole safetensors file"),
        (one_array("BF16", [2], 4), "numbers of type 'BF16'"),
        (one_array("F8_E4M3", [4], 4), "numbers of type 'F8_E4M3'"),
        (one_array("F32", [1], 4), "not one that Glassnet wrote"),
        (raw({}), "not one that Glassnet wrote"),
        (raw({"__metadata__": None}), "not one that Glassnet wrote"),
        (raw({"__metadata__": {"glassnet": "{}"}}), "not one that Glassnet wrote"),
        (save({"a": np.zeros(1)}, {"format": "pt"}), "not one that Glassnet wrote"),
        (raw({"__metadata__": {"glassnet": "{}", "sha256": "0" * 64}}), "was changed after"),
        (with_document("nothing"), "never writes: Expecting value"),
        (with_document("[" * 100_000), "never writes"),
        (with_document('{"a": ' + "[" * 32 + "]" * 32 + "}"), "nested more than 32 deep"),
        (with_document('{"a": NaN}'), "JSON has no nan"),
        (with_document('{"a": 1e999}'), "JSON has no inf"),
        (with_document('{"a": "\\ud800"}'), "surrogates not allowed"),
        (with_document('{"\\udc00": 0}'), "surrogates not allowed"),
        (with_document("[]"), "not a JSON object"),
    ],
)
def test_files_of_others(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "foreign"
    path.write_bytes(data)
    with pytest.raises(ModelFileError, match=message) as caught:
        read_sealed(path)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there_or_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"Cannot read .*lost: No such file"):
        read_sealed(tmp_path / "lost")
    with pytest.raises(FileError, match="Is a directory"):
        read_sealed(tmp_path)
    with pytest.raises(SettingError, match="named by a text or a Path, got None"):
        read_sealed(None)  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="named by a text or a Path, got 3"):
        write_sealed(3, {}, {})  # type: ignore[arg-type]


def test_what_has_no_end_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(FileError, match=f"Cannot read {path}: something else than a file"):
            read_sealed(path)


GIGABYTES = 3 << 30


@pytest.mark.parametrize("head", [b"", raw({}), struct.pack("<Q", 2 << 30)], ids=len)
def test_a_file_of_gigabytes_in_the_place_of_ours_is_not_read(tmp_path: Path, head: bytes) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.write(head)
        file.truncate(GIGABYTES)
    tracemalloc.start()
    try:
        for read in (read_sealed, gn.load, read_checkpoint):
            with pytest.raises(ModelFileError):
                read(path)
        assert tracemalloc.get_traced_memory()[1] < 10 << 20
    finally:
        tracemalloc.stop()


def test_a_file_is_as_large_as_it_may_be(sealed: Path) -> None:
    size = sealed.stat().st_size
    assert read_sealed_bytes(sealed, size) == sealed.read_bytes()
    with pytest.raises(ModelFileError, match=rf"sealed holds {size} bytes, and {size - 1} bytes"):
        read_sealed_bytes(sealed, size - 1)


def test_what_could_not_be_read_again_for_its_length_is_not_written(sealed: Path) -> None:
    with pytest.raises(FileError, match="Nothing there was changed"):
        write_sealed(sealed, {"long": "x" * MOST_HEADER}, {})
    assert_whole(sealed)


def nested(depth: int) -> Any:
    return [nested(depth - 1)] if depth else 0


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("nan"), "JSON has no nan"),
        (float("inf"), "JSON has no inf"),
        (np.float32(1), "float32 is not JSON serializable"),
        ({1, 2}, "set is not JSON"),
        (b"bytes", "bytes is not JSON"),
        (lambda: 0, "function is not JSON"),
        ("\ud800", "surrogates not allowed"),
        ({"\ud800": 0}, "surrogates not allowed"),
        (nested(32), "nested more than 32 deep"),
    ],
)
def test_a_document_that_is_not_json_is_refused_and_the_old_file_stays(
    sealed: Path, value: object, message: str
) -> None:
    with pytest.raises(FileError, match=rf"{message}.*\. Nothing there was changed"):
        write_sealed(sealed, {"deep": value}, {})
    assert_whole(sealed)


def test_what_is_as_deep_as_may_be_comes_back(tmp_path: Path) -> None:
    document = {"deep": nested(31)}
    write_sealed(tmp_path / "f", document, {})
    assert read_sealed(tmp_path / "f")[0] == document


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_array_that_is_not_finite_is_neither_written_nor_read(
    sealed: Path, value: float
) -> None:
    wrong = {"W": np.array([0, value], np.float32)}
    with pytest.raises(FileError, match="the array 'W' holds numbers that are NaN or infinite"):
        write_sealed(sealed, {}, wrong)
    assert_whole(sealed)
    sealed.write_bytes(save(wrong, {"glassnet": "{}", "sha256": seal("{}", wrong)}))
    with pytest.raises(ModelFileError, match="never writes: the array 'W' holds numbers that are"):
        read_sealed(sealed)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "has the format None, expected 'glassnet-model'"),
        ({"format": ["glassnet-model"]}, "has the format .'glassnet-model'., expected"),
        ({"format": "x" * 9999}, r"has the format 'x{56}\.\.\., expected"),
        ({"format": "glassnet-checkpoint"}, r"Go on with it by trainer\.resume\(path\)"),
        ({"format": "glassnet-model"}, "has format version None, this Glassnet reads version 1"),
        ({"format": "glassnet-model", "version": True}, "has format version True"),
        ({"format": "glassnet-model", "version": 1.0}, r"has format version 1\.0"),
        ({"format": "glassnet-model", "version": "2" * 9999}, r"version '2{56}\.\.\., this"),
    ],
)
def test_a_document_of_another_format(document: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelFileError, match=message):
        expect_format("file", document, "glassnet-model", 1)


def test_the_seal_tells_apart_what_looks_alike() -> None:
    a = np.array([1.0, 2.0], np.float32)
    alike = [
        seal("t", {}),
        seal("u", {}),
        seal("t", {"a": a}),
        seal("t", {"b": a}),
        seal("t", {"a": a[:, None]}),
        seal("t", {"a": a.view(np.int32)}),
        seal("t", {"a": a[::-1]}),
        seal("t", {"a": a[:1], "b": a[1:]}),
        seal("t", {"a": a[:0], "b": a}),
    ]
    assert len(set(alike)) == len(alike)
    assert seal("t", {"a": a, "b": a}) == seal("t", {"b": a, "a": a})


# -- what a killed process leaves ----------------------------------------------------------------

WRITE = """
import os, sys, signal
from glassnet.files import write_atomically

def die(*_):
    print("writing", flush=True)
    sys.stdin.read() if sys.argv[2] == "wait" else os.kill(os.getpid(), signal.SIGKILL)

os.fsync = die
write_atomically(sys.argv[1], b"new")
"""


@pytest.mark.skipif(os.name == "nt", reason="has no SIGKILL")
def test_what_a_killed_process_left_half_written_is_removed(file: Path) -> None:
    command = [sys.executable, "-c", WRITE, str(file), "die"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == -signal.SIGKILL
    (left,) = set(file.parent.iterdir()) - {file}
    assert left.suffix == ".tmp"
    others = [file.parent / name for name in (".x.tmp", ".0123456789abcdef.tmp", "a.tmp")]
    for other in others:
        other.touch()
    remove_leftovers(file.parent)
    assert set(file.parent.iterdir()) == {file, *others}
    assert file.read_bytes() == b"old"


@pytest.mark.skipif(os.name == "nt", reason="has no locks")
def test_what_is_being_written_stays(file: Path) -> None:
    command = [sys.executable, "-c", WRITE, str(file), "wait"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"writing\n"
        remove_leftovers(file.parent)
        assert len(list(file.parent.iterdir())) == 2
        process.communicate(b"")
    assert file.read_bytes() == b"new"
    assert list(file.parent.iterdir()) == [file]


def test_where_files_cannot_be_locked_they_are_written_all_the_same(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glassnet.locking.fcntl", None)
    write_atomically(file, b"new")
    remove_leftovers(file.parent)
    assert file.read_bytes() == b"new"
