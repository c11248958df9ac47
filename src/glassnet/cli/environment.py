"""Environment: a program that is started with closed streams, or with little memory."""

import os
import sys
from contextlib import suppress
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

from glassnet.errors import FileError

MIB = 1 << 20

LIBRARIES = {"numpy": 150, "scipy": 120, "sklearn": 220, "matplotlib": 120, "uvicorn": 120}
"""MiB of addresses that each of the large libraries takes when it is loaded, and a little more."""

ROOMY, ROOMY_PER_THREAD = 1024 * MIB, 128 * MIB
"""Linear algebra takes memory for every thread; with less than this it gets one."""

NO_MEMORY = ("failed to map segment", "annot allocate memory", "can't start new thread")
"""How the system, or Python, writes that there is no memory."""


def open_streams() -> None:
    """Give the program the three streams that it counts on.

    What is closed is opened as the null device: the next file to be opened would otherwise take its
    number, and be written to by whatever writes there. Raises FileError where standard output is
    closed: nobody would see what was asked for.
    """
    lacking = [name for name in ("stdin", "stdout", "stderr") if getattr(sys, name) is None]
    for name in lacking:
        number = ("stdin", "stdout", "stderr").index(name)
        try:
            os.fstat(number)
        except OSError:
            while os.open(os.devnull, os.O_RDWR) < number:
                pass
        mode = "r" if name == "stdin" else "w"
        setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123
    if "stdout" in lacking:
        raise FileError("Standard output is closed: there is nowhere to write to.")


def bear_limits() -> None:
    """Where memory is limited, compute with one thread and load no library that finds no room.

    Linear algebra that finds no room for itself ends the process, or tries for ever.
    """
    room = _room()
    if room is None:
        return
    if room < ROOMY + ROOMY_PER_THREAD * (os.cpu_count() or 1):
        os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", GLASSNET_THREADS="1")
    sys.meta_path.insert(0, _Lookout())


def make_room_for_arithmetic() -> None:
    """Have linear algebra take the memory it works in while there is some, if it is limited."""
    if any(isinstance(finder, _Lookout) for finder in sys.meta_path):
        import numpy as np

        a = np.ones((256, 256))
        np.matmul(a, a)


def lacks_memory(error: BaseException | None) -> bool:
    """Tell whether an error, or what led to it, is a lack of memory by another name."""
    while error is not None:
        if isinstance(error, MemoryError) or any(told in str(error) for told in NO_MEMORY):
            return True
        error = error.__cause__ or error.__context__
    return False


class _Lookout(MetaPathFinder):
    """Finds no module, but whether there is room for it."""

    def find_spec(self, name: str, *_: Any) -> None:
        """Raise MemoryError where a large library would not find room."""
        needed = LIBRARIES.get(name, 0) * MIB
        room = _room() if needed else None
        if room is not None and room < needed:
            raise MemoryError(
                f"{name} takes about {needed // MIB} MiB, and the limit (ulimit -v) leaves "
                f"{max(room, 0) // MIB} MiB."
            )


def _room() -> int | None:
    """Return how many bytes of addresses may still be taken; None where there is no limit."""
    with suppress(ImportError, OSError):
        import resource

        limits = [
            resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA)
        ]
        if all(limit == resource.RLIM_INFINITY for limit in limits):
            return None
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()
        taken = [int(pages[n]) * resource.getpagesize() for n in (0, 5)]
        return min(
            limit - size
            for limit, size in zip(limits, taken, strict=True)
            if limit != resource.RLIM_INFINITY
        )
    return None
