"""Requests to change to another protocol are answered in HTTP/1.1, with all that they send."""

from __future__ import annotations

import asyncio

import pytest

from .place import GET, WAIT, Place, post, scenario, until

TO_HTTP_2 = (
    "Connection: Upgrade, HTTP2-Settings",
    "Upgrade: h2c",
    "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
)
"""What Java's client sends with every first request, and curl with --http2."""

CHUNKED = "\r\n".join(
    ["POST / HTTP/1.1", "Host: x", *TO_HTTP_2, "Transfer-Encoding: chunked", "", ""]
).encode()


@pytest.mark.parametrize("pieces", [1, 2, 1000], ids=["at once", "head, body", "bytes"])
@pytest.mark.parametrize(
    "asked",
    [post(b"0123456789", *TO_HTTP_2), CHUNKED + b"4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n"],
    ids=["length", "chunks"],
)
def test_the_body_is_read(asked: bytes, pieces: int) -> None:
    async def test(place: Place) -> None:
        one = await place.connect()
        if pieces == 2:
            head, body = asked.split(b"\r\n\r\n", 1)
            parts = [head + b"\r\n\r\n", body]
        else:
            step = -(-len(asked) // pieces)
            parts = [asked[k : k + step] for k in range(0, len(asked), step)]
        for part in parts:
            one.write(part)
            await asyncio.sleep(0.01 if pieces == 2 else 0)
        status, headers, body = await one.answer()
        assert (status, body) == (200, b"10")
        assert "upgrade" not in headers
        assert (await one.ask(asked))[2] == b"10", "the connection is kept, and may ask again"
        assert (await one.ask(GET))[2] == b"0"

    scenario(test)


def test_requests_behind_it_are_answered() -> None:
    async def test(place: Place) -> None:
        one = await place.connect()
        one.write(WAIT + 3 * post(b"01234", *TO_HTTP_2) + GET)
        await until(lambda: place.gate.waiting.total == 5)
        place.go.set()
        assert [(await one.answer())[2] for _ in range(5)] == [b"0", b"5", b"5", b"5", b"0"]

    scenario(test)


def test_options_that_are_not_of_the_upgrade_stay() -> None:
    async def test(place: Place) -> None:
        one = await place.connect()
        asked = post(b"01234", "Connection: close, Upgrade", "Upgrade: h2c")
        status, headers, body = await one.ask(asked)
        assert (status, headers["connection"], body) == (200, "close", b"5")
        assert await one.rest() == b""

    scenario(test)


def test_a_web_socket_is_an_ordinary_request_here() -> None:
    async def test(place: Place) -> None:
        one = await place.connect()
        asked = GET[:-2] + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
        assert (await one.ask(asked))[0] == 200
        assert (await one.ask(GET))[0] == 200

    scenario(test)


def test_a_tunnel_is_refused() -> None:
    async def test(place: Place) -> None:
        one = await place.connect()
        status, headers, _ = await one.ask(b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (status, headers["connection"]) == (400, "close")
        assert place.entered == []

    scenario(test)


def test_a_refused_one_is_answered_after_its_body() -> None:
    async def test(place: Place) -> None:
        await place.waiting(1)
        one = await place.connect()
        assert (await one.ask(post(b"01234", *TO_HTTP_2)))[0] == 503
        await place.open()
        assert (await one.ask(post(b"01234", *TO_HTTP_2)))[2] == b"5"

    scenario(test, queue=1)
