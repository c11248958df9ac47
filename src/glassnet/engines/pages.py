"""Memory that was used once is kept for the next step, where the C library gives it back."""

from __future__ import annotations

import ctypes
import functools
import os

VARIABLE = "GLASSNET_KEEP_PAGES"
"""Set to 0, it leaves the C library's allocator as it is."""

KEPT = {-3: 32 << 20, -1: 1 << 30}
"""glibc's names and the bytes: M_MMAP_THRESHOLD, at the most it takes, and M_TRIM_THRESHOLD."""


@functools.cache
def keep_pages() -> bool:
    """Ask glibc to keep freed memory up to 1 GiB, once in a process; tell whether it does.

    Every pass of the reference engine makes its arrays anew. Left alone, glibc returns large ones
    to the system when they are freed, which clears each of their pages before the next pass: on
    wide networks that takes as long as the arithmetic. Other C libraries have no such switch.
    """
    if os.environ.get(VARIABLE) == "0":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # no glibc
        return False
    done = [mallopt(name, size) for name, size in KEPT.items()]
    return all(done)
