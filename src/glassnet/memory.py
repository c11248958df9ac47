"""Memory that was used once: kept for the next step, or given back at once; with glibc only."""

from __future__ import annotations

import ctypes
import functools
import os

VARIABLE = "GLASSNET_KEEP_PAGES"
"""Set to 0, it has `keep_pages` leave the C library's allocator as it is."""

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""glibc's M_TRIM_THRESHOLD and M_MMAP_THRESHOLD."""

KEPT = {MMAP_THRESHOLD: 32 << 20, TRIM_THRESHOLD: 1 << 30}
"""The bytes of each with which memory is kept; 32 MiB is the most that glibc takes."""


@functools.cache
def keep_pages() -> bool:
    """Ask glibc to keep freed memory up to 1 GiB, once in a process; tell whether it does.

    Every pass of the reference engine makes its arrays anew. Left alone, glibc returns large ones
    to the system when they are freed, which clears each of their pages before the next pass: on
    wide networks that takes as long as the arithmetic. Other C libraries have no such switch.
    """
    return os.environ.get(VARIABLE) != "0" and _told(KEPT)


def give_back_from(size: int) -> bool:
    """Have pieces of memory of so many bytes returned when they are freed; tell whether they are.

    glibc learns from the first large piece that is freed to keep those of its size: what one
    picture took would never be given back by a service that runs for months.
    """
    return _told({MMAP_THRESHOLD: size})


def _told(options: dict[int, int]) -> bool:
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # no glibc
        return False
    return all(mallopt(option, size) for option, size in options.items())
