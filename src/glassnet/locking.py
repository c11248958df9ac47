"""Locks on files: held by a process, and let go by the system when it ends, however it ends.

They are those of ``flock``: a process that is killed holds none. Over NFS the system turns them
into locks on the server, which lets go of them when a client is gone. Where there are none, on
Windows and on a file system that knows no locks, nothing is locked and nothing refused.
"""

from __future__ import annotations

import json
import os
import socket
from contextlib import suppress
from io import BufferedRandom
from pathlib import Path
from typing import IO

from glassnet.errors import FileError

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

LOCK = ".glassnet.lock"
"""The file in a folder that the training which writes there holds locked."""


def lock(file: IO[bytes]) -> bool | None:
    """Lock an open file for this process alone, without waiting, until it is closed.

    result: False where another one holds it, None where files cannot be locked
    """
    if fcntl is None:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def is_at(file: IO[bytes], path: Path) -> bool:
    """Say whether an open file is still the one of that name."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False


class FolderLock:
    """Holds a folder for one training, which its lock file names while it lasts.

    Raises FileError if another training holds it, or the folder cannot be made or written to.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / LOCK
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self._locked()
        except FileError:
            raise
        except OSError as error:
            raise FileError(f"Cannot write to {folder}: {error.strerror or error}.") from error

    def release(self) -> None:
        """Let go of the folder."""
        with suppress(OSError):
            if is_at(self._file, self.path):
                self.path.unlink()
        with suppress(OSError):  # what could not be written is of no use any more
            self._file.close()

    def _locked(self) -> BufferedRandom:
        while True:
            file = self.path.open("a+b")
            if lock(file) is False:
                file.seek(0)
                held_by = _owner(file.read(1000))
                file.close()
                raise FileError(
                    f"{self.path.parent} is being written to by another training, {held_by}. "
                    "Wait until it ends, or give another folder."
                )
            if is_at(file, self.path):  # else it was let go of just now, and its file removed
                file.truncate(0)
                owner = {"process": os.getpid(), "host": socket.gethostname()}
                file.write(json.dumps(owner).encode())
                file.flush()
                return file
            file.close()


def _owner(text: bytes) -> str:
    try:
        told = json.loads(text)
        return f"process {int(told['process'])} on {str(told['host'])!r}"
    except (ValueError, TypeError, KeyError):
        return "of a process that has not said which it is"
