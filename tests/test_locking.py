"""Locks: one training a folder, and none of a process that is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from glassnet.errors import FileError
from glassnet.locking import LOCK, FolderLock

pytest.importorskip("fcntl")

HOLD = """
import sys
from pathlib import Path
from glassnet.locking import FolderLock

held = FolderLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
held.release()
"""


@contextmanager
def holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds a folder until it is told to let go."""
    command = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        if process.poll() is None:
            process.kill()


def test_a_folder_that_is_held_is_refused_by_name(tmp_path: Path) -> None:
    with holder(tmp_path) as other:
        with pytest.raises(FileError, match=rf"another training, process {other.pid} on '.+'\."):
            FolderLock(tmp_path)
        other.communicate("")
    assert list(tmp_path.iterdir()) == []
    FolderLock(tmp_path).release()


def test_a_process_that_is_killed_holds_nothing(tmp_path: Path) -> None:
    with holder(tmp_path) as other:
        os.kill(other.pid, signal.SIGKILL)
        other.wait()
        assert (tmp_path / LOCK).exists()
        FolderLock(tmp_path).release()
    assert list(tmp_path.iterdir()) == []


def test_in_one_process_too(tmp_path: Path) -> None:
    held = FolderLock(tmp_path / "new")
    with pytest.raises(FileError, match=f"process {os.getpid()} on"):
        FolderLock(tmp_path / "new")
    held.release()
    FolderLock(tmp_path / "new").release()


def test_a_lock_file_that_was_removed_meanwhile_is_made_again(tmp_path: Path) -> None:
    held = FolderLock(tmp_path)
    (tmp_path / LOCK).unlink()
    other = FolderLock(tmp_path)
    held.release()  # leaves alone what is not its own
    assert (tmp_path / LOCK).exists()
    other.release()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"process": "x", "host": 1}', "nonsense"])
def test_who_holds_it_may_be_unreadable(tmp_path: Path, text: str) -> None:
    held = FolderLock(tmp_path)
    (tmp_path / LOCK).write_text(text)
    with pytest.raises(FileError, match="a process that has not said which it is"):
        FolderLock(tmp_path)
    held.release()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match=r"Cannot write to .*file/x: "):
        FolderLock(tmp_path / "file" / "x")
