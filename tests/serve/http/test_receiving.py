"""Receiving: a request has a size, whatever it says of itself."""

from __future__ import annotations

import asyncio
import json

import pytest

from .place import Place, post, scenario


def test_a_head_without_end() -> None:
    async def test(place: Place) -> None:
        one = await place.connect()
        one.write(b"GET / HTTP/1.1\r\n")
        line = b"X: " + b"x" * 1000 + b"\r\n"
        for _ in range(400):
            one.write(line)
            await asyncio.sleep(0)
        assert (await one.rest()).startswith((b"HTTP/1.1 431", b""))
        assert "size" in place.refused

    scenario(test)


@pytest.mark.parametrize("refused", [False, True])
def test_a_body_without_end(refused: bool) -> None:
    async def test(place: Place) -> None:
        if refused:
            await place.waiting(1)
        one = await place.connect()
        one.write(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(400):
            one.write(b"1\r\nx\r\n" * 1000)
            await asyncio.sleep(0)
        await one.rest()
        assert "size" in place.refused

    scenario(test, queue=1, most_body=1000)


@pytest.mark.parametrize(("path", "kind"), [("/", dict), ("/v2/models/x/infer", str)])
def test_a_body_that_is_too_long_is_refused_in_the_words_of_its_route(
    path: str, kind: type
) -> None:
    async def test(place: Place) -> None:
        one = await place.connect()
        status, _, body = await one.ask(post(bytes(200_000), path=path))
        assert status == 413
        assert isinstance(json.loads(body)["error"], kind)

    scenario(test, most_body=1000)


def test_what_is_no_request() -> None:
    async def test(place: Place) -> None:
        status, headers, body = await (await place.connect()).ask(b"\x16\x03\x01\r\n\r\n")
        assert (status, headers["connection"]) == (400, "close")
        assert json.loads(body)["error"]["code"] == "not-http"

    scenario(test)
