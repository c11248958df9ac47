"""Time in tests, which pass and fail alike however busy the machine is.

What has to come is waited for, and what may not take long is measured by the processor's clock: the
one on the wall tells what else the machine does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Fail where a block takes longer than so many seconds of the processor, in this thread."""
    began = time.thread_time()
    yield
    took = time.thread_time() - began
    assert took < seconds, f"it took {took:.3g} s of the processor"


def least_seconds(work: Callable[[], object], times: int) -> float:
    """How many seconds of the processor something takes in this thread, the least of some times."""
    found = []
    for _ in range(times):
        began = time.thread_time()
        work()
        found.append(time.thread_time() - began)
    return min(found)
