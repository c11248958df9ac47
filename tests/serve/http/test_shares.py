"""Shares: what one client does leaves room for another."""

from __future__ import annotations

import asyncio

import pytest

from .place import GET, WAIT, Place, scenario, until

OTHER = "127.0.0.2"


@pytest.mark.parametrize(
    "target",
    [
        b"/%65vents",
        b"/e%76ents",
        b"http://127.0.0.1/events",
        b"/events#x",
        b"/events?x=1",
        b"/events?",
    ],
)
def test_a_stream_is_one_however_its_address_is_written(target: bytes) -> None:
    async def test(place: Place) -> None:
        asked = GET.replace(b"/ ", target + b" ", 1)
        for _ in range(4):
            one = await place.connect()
            one.write(asked + 8 * GET)  # nothing follows a stream
        await until(lambda: place.entered == ["/events"] * 4)
        assert place.gate.waiting.total == 0
        assert (await (await place.connect()).ask(GET))[0] == 200

    scenario(test, queue=2)


def test_who_fills_the_queue_leaves_others_their_share() -> None:
    async def test(place: Place) -> None:
        await place.waiting(4)
        assert (await (await place.connect()).ask(GET))[0] == 503
        one, two = await place.connect(OTHER), await place.connect(OTHER)
        assert (await one.ask(GET))[0] == 200
        one.write(WAIT)
        two.write(WAIT)
        await until(lambda: place.gate.waiting.of(OTHER) == 2)
        assert (await (await place.connect(OTHER)).ask(GET))[0] == 503, "and no more than that"
        place.go.set()
        assert (await one.answer())[0] == (await two.answer())[0] == 200

    scenario(test, queue=4)


def test_requests_ahead_have_the_same_share() -> None:
    async def test(place: Place) -> None:
        await place.waiting(4)
        one = await place.connect(OTHER)
        one.write(WAIT + 8 * GET)
        await until(lambda: place.gate.waiting.of(OTHER) == 2)
        place.go.set()
        assert (await one.rest()).count(b"HTTP/1.1 200") == 2

    scenario(test, queue=4)


def test_who_has_all_connections_gives_one_to_somebody_else() -> None:
    async def test(place: Place) -> None:
        mine = [await place.connect() for _ in range(4)]
        mine[0].write(WAIT)
        for one in mine[1:]:
            assert (await one.ask(GET))[0] == 200
        assert (await (await place.connect()).answer())[0] == 503
        for _ in range(2):
            assert (await (await place.connect(OTHER)).ask(GET))[0] == 200
        assert (await (await place.connect(OTHER)).answer())[0] == 503, "both have two"
        place.go.set()
        assert (await mine[0].answer())[0] == 200, "who waits for an answer is not closed"

    scenario(test, connections=4)


def test_connections_that_wait_are_not_taken_from_anybody() -> None:
    async def test(place: Place) -> None:
        await place.waiting(3)
        assert (await (await place.connect(OTHER)).answer())[0] == 503

    scenario(test, connections=3)


def test_half_a_request_holds_no_place() -> None:
    async def test(place: Place) -> None:
        for _ in range(4):
            (await place.connect()).write(b"GET / HT")
        await asyncio.sleep(0.02)
        assert (await (await place.connect(OTHER)).ask(GET))[0] == 200

    scenario(test, connections=4)
