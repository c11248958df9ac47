"""Workers: threads whose work is taken from one client after the other."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Workers:
    """Some threads, and what waits for one of them.

    count   of threads
    name    of theirs

    Each client has a line of its own, and whoever stands first in the next line is next: a client
    that asks for a hundred things holds up another's by one of them.

    A thread is free when its work has ended, also where nobody waits for that any more; else more
    of them would run than may.
    """

    def __init__(self, count: int, name: str) -> None:
        self._pool = ThreadPoolExecutor(count, name)
        self._free = count
        self._lines: dict[str, deque[asyncio.Future[None]]] = {}

    async def do(self, client: str, work: Callable[P, R], *args: P.args, **named: P.kwargs) -> R:
        """Have a thread do something when it is the client's turn; return what comes of it."""
        loop = asyncio.get_running_loop()
        if self._free:
            self._free -= 1
        else:
            turn: asyncio.Future[None] = loop.create_future()
            self._lines.setdefault(client, deque()).append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._next()
                raise
        job = self._pool.submit(partial(work, *args, **named))

        def ended(_job: object) -> None:
            with suppress(RuntimeError):  # the loop has been closed
                loop.call_soon_threadsafe(self._next)

        job.add_done_callback(ended)
        return await asyncio.wrap_future(job)

    def _next(self) -> None:
        """Give a free thread to the client whose turn it is."""
        while self._lines:
            client = next(iter(self._lines))
            line = self._lines.pop(client)
            turn = line.popleft()
            if line:
                self._lines[client] = line  # behind all others
            if not turn.cancelled():
                turn.set_result(None)
                return
        self._free += 1
