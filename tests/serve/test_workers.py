"""Workers: one client after the other, and never more at a time than there are threads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest

from glassnet.serve.workers import Workers


class Work:
    """Work that ends when it is told to; keeps who did some, in that order."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.done: list[str] = []
        self.running = self.most = 0
        self._lock = threading.Lock()

    def __call__(self, name: str) -> str:
        with self._lock:
            self.done.append(name)
            self.running += 1
            self.most = max(self.most, self.running)
        assert self.go.wait(20)
        with self._lock:
            self.running -= 1
        return name


def scenario(test: Callable[[Workers, Work], Awaitable[None]], count: int = 1) -> None:
    async def run() -> None:
        work = Work()
        try:
            await test(Workers(count, "test"), work)
        finally:
            work.go.set()

    asyncio.run(run())


async def begun(work: Work, count: int) -> None:
    while len(work.done) < count:
        await asyncio.sleep(0.005)


def test_each_client_is_next_in_turn() -> None:
    async def test(workers: Workers, work: Work) -> None:
        asked = [asyncio.ensure_future(workers.do("a", work, f"a{k}")) for k in range(4)]
        await begun(work, 1)
        asked += [asyncio.ensure_future(workers.do("b", work, f"b{k}")) for k in range(2)]
        asked.append(asyncio.ensure_future(workers.do("c", work, "c0")))
        await asyncio.sleep(0)
        work.go.set()
        assert await asyncio.gather(*asked) == ["a0", "a1", "a2", "a3", "b0", "b1", "c0"]
        assert work.done == ["a0", "a1", "b0", "c0", "a2", "b1", "a3"]

    scenario(test)


@pytest.mark.parametrize("count", [1, 3])
def test_no_more_at_a_time_than_threads(count: int) -> None:
    async def test(workers: Workers, work: Work) -> None:
        asked = [asyncio.ensure_future(workers.do(f"{k}", work, "x")) for k in range(10)]
        await begun(work, count)
        await asyncio.sleep(0.02)
        assert len(work.done) == count
        work.go.set()
        await asyncio.gather(*asked)
        assert work.most <= count

    scenario(test, count)


def test_who_gives_up_waiting_leaves_the_turn_to_others() -> None:
    async def test(workers: Workers, work: Work) -> None:
        first, second, third = (
            asyncio.ensure_future(workers.do("a", work, f"a{k}")) for k in range(3)
        )
        await begun(work, 1)
        for one in (first, second):
            one.cancel()
        await asyncio.sleep(0.02)
        assert work.done == ["a0"], "its thread is not free before it has ended"
        work.go.set()
        assert await third == "a2"
        assert work.done == ["a0", "a2"]

    scenario(test)


def test_a_turn_that_comes_as_one_gives_up_is_passed_on() -> None:
    async def test(workers: Workers, work: Work) -> None:
        work.go.set()
        await workers.do("a", work, "a0")
        while workers._free != 1:
            await asyncio.sleep(0)
        workers._free = 0
        first, second = (asyncio.ensure_future(workers.do("a", work, f"a{k}")) for k in (1, 2))
        await asyncio.sleep(0)
        workers._next()
        first.cancel()
        assert await second == "a2"
        with pytest.raises(asyncio.CancelledError):
            await first
        while workers._free != 1:
            await asyncio.sleep(0)

    scenario(test)


def test_an_error_frees_the_thread() -> None:
    async def test(workers: Workers, work: Work) -> None:
        def fail() -> None:
            raise ValueError("no")

        for _ in range(3):
            with pytest.raises(ValueError, match="no"):
                await workers.do("a", fail)
        work.go.set()
        assert await workers.do("a", work, "a") == "a"

    scenario(test)
