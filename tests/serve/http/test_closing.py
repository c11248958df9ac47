"""Closing: whoever is still sending reads why, and whoever has ended is still answered."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

from glassnet.serve.http import closing, connection

from .place import GET, WAIT, Client, Place, post, scenario, until

LARGE = 5_000_000


class Strict(Place):
    """A place that answers before it has read the body, and closes."""

    async def app(self, scope: Any, _receive: Any, send: Any) -> None:
        self.entered.append(scope["path"])
        headers = [(b"content-length", b"2"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 401, "headers": headers})
        await send({"type": "http.response.body", "body": b"no"})


async def send_all(client: Client, data: bytes) -> None:
    """Send as a client does that reads nothing before it has sent everything."""
    client.write(data)
    await asyncio.wait_for(client.writer.drain(), 10)
    transport = client.writer.transport
    await until(lambda: transport.get_write_buffer_size() == 0)


@pytest.mark.parametrize(
    ("place", "status"), [(Strict(), 401), (Place(most_body=1000), 413)], ids=["early", "too long"]
)
def test_an_answer_in_the_midst_of_a_body_is_read(place: Place, status: int) -> None:
    async def run() -> None:
        async with place:
            one = await place.connect()
            asked = post(bytes(LARGE))
            await send_all(one, asked)
            assert (await one.answer())[0] == status
            assert await one.rest() == b""

    asyncio.run(run())


def test_a_client_beyond_the_limit_reads_so() -> None:
    async def test(place: Place) -> None:
        await (await place.connect()).ask(GET)
        more = await place.connect()
        await send_all(more, post(bytes(500_000)))
        assert (await more.answer())[0] == 503
        assert len(place.gate.leaving) == 1
        await more.close()
        await until(lambda: not place.gate.leaving)

    scenario(test, connections=1)


def test_requests_too_far_ahead_do_not_cost_the_answers_before() -> None:
    async def test(place: Place) -> None:
        one = await place.connect()
        one.write(WAIT + GET * 20_000)
        await until(lambda: bool(place.refused))
        place.go.set()
        await until(lambda: one.writer.transport.get_write_buffer_size() == 0)
        said = await one.rest()
        assert said.count(b"HTTP/1.1 200") == 1 + connection.MOST_AHEAD

    scenario(test)


async def goes_on_until_cut_off(client: Client, piece: bytes, pause: float) -> None:
    with contextlib.suppress(ConnectionError):
        for _ in range(1000):
            client.write(piece)
            await client.writer.drain()
            await asyncio.sleep(pause)
        raise AssertionError("it was read on and on")


def test_a_client_that_never_ends_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closing, "LINGER", 0.2)

    async def test(place: Place) -> None:
        silent, busy = await place.connect(), await place.connect()
        loop = asyncio.get_running_loop()
        began = loop.time()
        for one in (silent, busy):
            one.write(post(bytes(20_000)).replace(b"Length: 20000", b"Length: 999999"))
            assert (await one.answer())[0] == 401
        await goes_on_until_cut_off(busy, b"x" * 1000, 0.01)
        assert loop.time() - began < 3
        await until(lambda: not place.gate.open)

    async def run() -> None:
        async with Strict(timeout=1) as place:
            await test(place)

    asyncio.run(run())


def test_what_is_thrown_away_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closing, "MOST_THROWN_AWAY", 1_000_000)

    async def run() -> None:
        async with Strict() as place:
            one = await place.connect()
            one.write(post(bytes(10)).replace(b"Length: 10", b"Length: 99999999"))
            await goes_on_until_cut_off(one, bytes(100_000), 0)

    asyncio.run(run())


@pytest.mark.parametrize("ahead", [0, 8])
def test_a_client_that_has_ended_gets_every_answer(ahead: int) -> None:
    async def test(place: Place) -> None:
        one = await place.connect()
        one.write(WAIT + ahead * GET)
        one.writer.write_eof()
        await until(lambda: place.gate.waiting.total == 1 + ahead)
        await asyncio.sleep(0.05)
        place.go.set()
        assert (await one.rest()).count(b"HTTP/1.1 200") == 1 + ahead
        await until(lambda: not place.gate.open)

    scenario(test)


def test_a_body_that_ends_early_is_not_waited_for() -> None:
    async def test(place: Place) -> None:
        alone, behind = await place.connect(), await place.connect()
        half = post(b"0123456789")[:-5]
        alone.write(half)
        behind.write(WAIT + half)
        await until(lambda: place.coming == 2)
        for one in (alone, behind):
            one.writer.write_eof()
        assert await alone.rest() == b""
        place.go.set()
        assert (await behind.rest()).count(b"HTTP/1.1") == 1

    scenario(test, timeout=0.5)


def test_who_listens_to_a_stream_and_ends_is_gone() -> None:
    async def test(place: Place) -> None:
        one = await place.connect()
        await one.ask(GET.replace(b"/ ", b"/events "))
        one.writer.write_eof()
        await until(lambda: not place.state.tasks)

    scenario(test)


def test_a_request_that_lies_with_the_system_keeps_an_idle_connection_open() -> None:
    async def test(place: Place) -> None:
        one = await place.connect()
        assert (await one.ask(GET))[0] == 200
        (held,) = place.gate.open
        held.transport.pause_reading()
        one.write(GET)
        await asyncio.sleep(0.05)
        held.close_idle()
        held.transport.resume_reading()
        assert (await one.answer())[0] == 200
        held.close_idle()
        assert await one.rest() == b""

    scenario(test)
