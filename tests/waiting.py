"""Waiting for what has to come, however busy the machine is."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 60
"""Seconds after which something waited for is not going to happen."""


def wait_until(
    true: Callable[[], object],
    why: Callable[[], object] = lambda: "",
    pause: Callable[[], object] = lambda: time.sleep(0.02),
) -> None:
    """Look again and again until something holds.

    why     what is told if it never does
    pause   what is done between two looks
    """
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, f"it never came to that: {why()}"
        pause()
