"""Deadlines: each request has its time, first to come whole, then for its answer.

One timer serves all, as all have the same time and the oldest is always the next.
"""

from __future__ import annotations

import asyncio
from typing import Any


class Timed:
    """Something that a task works on, and that is late when its time is over.

    task    is cancelled then
    """

    __slots__ = ("late", "task")

    def __init__(self, task: asyncio.Task[Any]) -> None:
        self.task = task
        self.late = False


class Deadlines:
    """What has to be done by when.

    timeout     seconds
    """

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self._open: dict[Timed, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def __len__(self) -> int:
        return len(self._open)

    def begin(self, timed: Timed) -> None:
        """Give something its time, from now on; anew where it has some already."""
        loop = self._loop
        assert loop is not None
        deadline = loop.time() + self.timeout
        if self._open.get(timed) == deadline:  # its body was there with its head
            return
        self._open.pop(timed, None)
        self._open[timed] = deadline
        if self._timer is None:
            self._timer = loop.call_at(deadline, self._sweep, loop)

    def end(self, timed: Timed) -> None:
        """Take note that something is done."""
        self._open.pop(timed, None)

    def task(self) -> asyncio.Task[Any]:
        """The task that runs; asyncio takes less time to find it where it is told the loop."""
        task = asyncio.current_task(self._loop) if self._loop is not None else None
        if task is None:
            self._loop = asyncio.get_running_loop()
            self._timer = None
            task = asyncio.current_task()
            assert task is not None
        return task

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        self._timer = None
        for timed, deadline in list(self._open.items()):
            if deadline > now:
                self._timer = loop.call_at(deadline, self._sweep, loop)
                return
            del self._open[timed]
            timed.late = True
            timed.task.cancel()
