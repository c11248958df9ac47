"""Nobody keeps others out: not by sending slowly, nor by listening, nor by reading nothing."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

pytest.importorskip("uvicorn")

from glassnet.serve.http import gate

from .place import GET, WAIT, Client, Place, post, until

LARGE = 12_000_000
"""More than the system takes in for somebody who does not read."""


class Large(Place):
    """A place with an answer that is large, at /large."""

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] != "/large":
            await super().app(scope, receive, send)
            return
        self.entered.append("/large")
        headers = [(b"content-length", b"%d" % LARGE)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": bytes(LARGE)})

    async def reads_nothing(self) -> Client:
        end = socket.create_connection(("127.0.0.1", self.port))
        client = Client(*await asyncio.open_connection(sock=end, limit=1))
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        self._clients.append(client)
        return client


def half(body: bytes = b"0123456789") -> tuple[bytes, bytes]:
    asked = post(body)
    return asked[:-5], asked[-5:]


def test_bodies_that_are_coming_leave_the_queue_to_others() -> None:
    async def run() -> None:
        async with Place(queue=2) as place:
            begin, end = half()
            slow = [await place.connect() for _ in range(10)]
            for client in slow:
                client.write(begin)
            await until(lambda: len(place.entered) == 10)
            one = await place.connect()
            assert (await one.ask(GET))[0] == 200
            for client in slow:
                assert (await client.ask(end))[2] == b"10"
            assert place.coming == 0

    asyncio.run(run())


@pytest.mark.parametrize("path", ["/", "/v2/models/x/infer"])
def test_a_body_that_is_there_when_it_is_full_is_refused_then(path: str) -> None:
    async def run() -> None:
        async with Place(queue=1) as place:
            asked = post(b"0123456789", path=path)
            late = await place.connect()
            late.write(asked[:-5])
            await until(lambda: place.coming == 1)
            await place.waiting(1)
            status, headers, _ = await late.ask(asked[-5:])
            assert (status, headers["retry-after"]) == (503, "1")
            assert await late.rest() == b""
            assert place.coming == 0
            assert place.refused == ["full"]

    asyncio.run(run())


def test_clients_that_leave_in_a_body_are_forgotten() -> None:
    async def run() -> None:
        async with Place(queue=2) as place:
            for _ in range(5):
                client = await place.connect()
                client.write(half()[0])
            await until(lambda: place.coming == 5)
            for client in place._clients:
                await client.close()
            await until(lambda: place.coming == 0 and not place.state.tasks)

    asyncio.run(run())


def test_streams_that_end_together_count_as_none_until_they_have_ended() -> None:
    async def run() -> None:
        async with Place(queue=2) as place:
            streams = [await place.connect() for _ in range(8)]
            for stream in streams:
                await stream.ask(GET.replace(b"/ ", b"/events "))
            for stream in streams:
                stream.writer.transport.abort()
            while place.state.tasks:
                assert place.gate.waiting.total == 0
                await asyncio.sleep(0)

    asyncio.run(run())


def test_who_asks_on_without_reading_is_closed() -> None:
    async def run() -> None:
        place = Large(queue=4)
        async with place:
            client = await place.reads_nothing()
            asked = GET.replace(b"/ ", b"/large ")
            client.write(asked)
            await until(lambda: place.entered == ["/large"] and not place.state.tasks)
            client.write(asked)
            await until(lambda: place.refused == ["full"])
            await asyncio.sleep(0.1)
            assert place.entered == ["/large"]

    asyncio.run(run())


def test_who_asked_ahead_without_reading_is_closed() -> None:
    async def run() -> None:
        place = Large(queue=10)
        async with place:
            client = await place.reads_nothing()
            client.write(5 * GET.replace(b"/ ", b"/large "))
            await until(lambda: place.entered == ["/large"] and not place.state.tasks)
            assert place.gate.waiting.total == 0
            one = await place.connect()
            assert (await one.ask(GET))[0] == 200

    asyncio.run(run())


def test_answers_that_nobody_takes_have_a_limit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "MOST_UNSENT", LARGE)

    async def run() -> None:
        place = Large(queue=10)
        async with place:
            (waits,) = await place.waiting(1)
            for _ in range(5):
                client = await place.reads_nothing()
                client.write(GET.replace(b"/ ", b"/large "))
            await until(lambda: place.entered.count("/large") == 5)
            await asyncio.sleep(0.2)
            unsent = [one.transport.get_write_buffer_size() for one in place.state.connections]
            assert sum(unsent) <= LARGE
            place.go.set()
            assert (await waits.answer())[0] == 200, "who reads is not cut off"

    asyncio.run(run())


def test_an_answer_that_is_not_taken_has_its_time() -> None:
    async def run() -> None:
        place = Large(queue=10, timeout=0.2)
        async with place:
            client = await place.reads_nothing()
            client.write(GET.replace(b"/ ", b"/large "))
            await until(lambda: place.entered == ["/large"])
            await until(lambda: not place.state.connections)

    asyncio.run(run())


def test_waiting_requests_still_fill_the_queue() -> None:
    async def run() -> None:
        async with Place(queue=2) as place:
            await place.waiting(2)
            assert (await (await place.connect()).ask(WAIT))[0] == 503

    asyncio.run(run())
