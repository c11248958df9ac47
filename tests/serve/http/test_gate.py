"""The gate: how many are let in, how long they may wait, and who goes first."""

from __future__ import annotations

import asyncio
import json
import math

import pytest

from glassnet.serve.http import gate
from glassnet.serve.http.gate import Gate
from glassnet.serve.settings import Settings

from .place import GET, Place, post, scenario, until


def test_what_is_too_much_is_refused_before_the_application_hears_of_it() -> None:
    async def test(place: Place) -> None:
        clients = await place.waiting(3)
        one = await place.connect()
        status, headers, body = await one.ask(GET)
        assert (status, headers["retry-after"]) == (503, "1")
        assert json.loads(body)["error"]["code"] == "overloaded"
        assert place.entered == ["/wait"] * 3
        assert place.refused == ["full"]
        place.go.set()
        for client in clients:
            assert (await client.answer())[0] == 200
        assert "connection" not in headers
        assert (await one.ask(GET))[0] == 200, "the connection is kept"

    scenario(test, queue=3)


def test_the_protocols_errors_have_its_form() -> None:
    async def test(place: Place) -> None:
        await place.waiting(1)
        one = await place.connect()
        _, _, body = await one.ask(post(b"{}", path="/v2/models/x/infer"))
        assert isinstance(json.loads(body)["error"], str)
        _, _, body = await one.ask(post(b"{}", path="/v2?x=1"))
        assert isinstance(json.loads(body)["error"], str)
        _, _, body = await one.ask(post(b"{}", path="/v2anything"))
        assert json.loads(body)["error"]["code"] == "overloaded"

    scenario(test, queue=1)


def test_a_refused_requests_body_is_read_away() -> None:
    async def test(place: Place) -> None:
        await place.waiting(1)
        one = await place.connect()
        head, body = post(b"x" * 200_000).split(b"\r\n\r\n")
        one.write(head + b"\r\n\r\n")
        for k in range(0, len(body), 50_000):
            one.write(body[k : k + 50_000])
            await asyncio.sleep(0.01)
        assert (await one.answer())[0] == 503
        await place.open()
        assert (await one.ask(post(b"123")))[2] == b"3"

    scenario(test, queue=1)


@pytest.mark.parametrize(
    "asked",
    [
        b"GET / HTTP/1.0\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        post(b"", "Expect: 100-continue").replace(b"Length: 0", b"Length: 9"),
    ],
    ids=["HTTP/1.0", "close", "waits to be told to go on"],
)
def test_refused_and_closed(asked: bytes) -> None:
    async def test(place: Place) -> None:
        await place.waiting(1)
        one = await place.connect()
        status, headers, _ = await one.ask(asked)
        assert (status, headers["connection"]) == (503, "close")
        assert await one.rest() == b""

    scenario(test, queue=1)


def test_a_refused_head_has_no_body() -> None:
    async def test(place: Place) -> None:
        await place.waiting(1)
        one = await place.connect()
        one.write(GET.replace(b"GET", b"HEAD"))
        assert (await one.answer(body=False))[0] == 503
        await place.open()
        assert (await one.ask(GET))[0] == 200

    scenario(test, queue=1)


def test_health_is_answered_however_full_it_is() -> None:
    async def test(place: Place) -> None:
        await place.waiting(1)
        one = await place.connect()
        assert (await one.ask(GET.replace(b"/ ", b"/v2/health/ready ")))[0] == 200
        assert (await one.ask(GET))[0] == 503

    scenario(test, queue=1)


def test_event_streams_are_not_counted() -> None:
    async def test(place: Place) -> None:
        streams = [await place.connect() for _ in range(4)]
        for stream in streams:
            await stream.ask(GET.replace(b"/ ", b"/events?x=1 "))
        assert place.gate.waiting.total == 0
        one = await place.connect()
        assert (await one.ask(GET))[0] == 200
        for stream in streams:
            await stream.close()
        await until(lambda: not place.state.tasks)

    scenario(test, queue=2)


def test_clients_that_leave_free_their_places() -> None:
    async def test(place: Place) -> None:
        for client in await place.waiting(3):
            await client.close()
        place.go.set()
        one = await place.connect()
        await until(lambda: not place.state.tasks)
        assert (await one.ask(GET))[0] == 200

    scenario(test, queue=3)


def test_slow_answers_make_the_queue_shorter_but_not_too_short() -> None:
    one = Gate(Settings(queue=128))
    for pace, limit in ((0.0, 128), (5e-5, 128), (2e-4, 75), (1e-2, gate.LEAST)):
        one.pace = pace
        one.sweep(0)
        assert one.limit == limit
    one = Gate(Settings(queue=4))
    one.pace = 1.0
    one.sweep(0)
    assert one.limit == 4


def test_the_pace_is_the_time_between_answers_while_something_waits() -> None:
    one = Gate(Settings())
    one.answered(0.0, 0.064)  # alone
    assert math.isclose(one.pace, 0.001)
    one.pace = 0.0
    one.answered(0.0, 0.128)  # had to wait for the one before it
    assert math.isclose(one.pace, 0.001)
    one.pace = 0.0
    one.answered(9.936, 10.0)  # nothing was asked in between
    assert math.isclose(one.pace, 0.001)


def test_more_connections_than_may_be_are_refused_and_closed() -> None:
    async def test(place: Place) -> None:
        clients = [await place.connect() for _ in range(5)]
        for client in clients:
            assert (await client.ask(GET))[0] == 200
        more = await place.connect()
        assert (await more.answer())[0] == 503
        assert await more.rest() == b""
        assert place.refused == ["connections"]
        await clients[0].close()
        assert (await (await place.connect()).ask(GET))[0] == 200

    scenario(test, connections=5)


def test_a_crowd_is_kept_for_a_shorter_time() -> None:
    async def test(place: Place) -> None:
        for _ in range(4):
            await (await place.connect()).ask(GET)
        await until(lambda: place.gate.kept == gate.KEPT_IN_A_CROWD)

    scenario(test, connections=6)
