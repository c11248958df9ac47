"""Ctrl-C, SIGTERM and SIGHUP as requests: training ends, keeps what it has, and only then goes."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

ENDING = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
"""What asks a process to end: a key, another process, a terminal that goes away."""

_held: list[list[int]] = []
"""The lists of the blocks that hold signals back now, the innermost last."""


@contextmanager
def on_interrupt(request: Callable[[], None]) -> Iterator[None]:
    """Call `request` when the process is asked to end inside the block.

    A second Ctrl-C insists, and raises KeyboardInterrupt. SIGTERM and SIGHUP, which may come
    several times where a terminal goes away, have after the block the effect that they would have
    had at once. What is ignored stays so, as under nohup. Signals reach the main thread only, so in
    another thread the block runs as it is.
    """
    asked: list[int] = []

    def handle(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001
        if signum == signal.SIGINT:
            signal.signal(signum, before[signum])
        else:
            asked.append(signum)
        request()

    try:
        with _handled(ENDING, handle) as before:
            if _held and _held[-1]:  # it came before the block began
                request()
            yield
    finally:
        if asked:
            signal.raise_signal(asked[0])


@contextmanager
def held_back() -> Iterator[list[int]]:
    """Hold SIGTERM and SIGHUP back while there is something to be kept; what came is in the list.

    An `on_interrupt` inside the block is asked by them too.
    """
    came: list[int] = []
    _held.append(came)
    try:
        with _handled(ENDING[1:], lambda signum, _: came.append(signum)):
            yield came
    finally:
        _held.remove(came)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let whatever asks the process to end have its effect after the block, not inside."""
    came: list[int] = []
    try:
        with _handled(ENDING, lambda signum, _: came.append(signum)):
            yield
    finally:
        for signum in came[:1]:
            signal.raise_signal(signum)


@contextmanager
def _handled(
    signals: list[int], handle: Callable[[int, FrameType | None], None]
) -> Iterator[dict[int, Any]]:
    """Have signals handled inside the block, unless they are ignored; yield their old handlers."""
    if threading.current_thread() is not threading.main_thread():
        yield {}
        return
    before = {signum: signal.getsignal(signum) for signum in signals}
    before = {k: was for k, was in before.items() if was not in (None, signal.SIG_IGN)}
    for signum in before:
        signal.signal(signum, handle)
    try:
        yield dict(before)
    finally:
        for signum, was in before.items():
            signal.signal(signum, was)
