"""Heads and trailers: how long, how many lines, how much of all connections together."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from glassnet.serve.http import gate, receiving

from .place import GET, WAIT, Place, post, scenario, until

HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


class Curious(Place):
    """A place that keeps the headers it was asked with."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.headers: list[list[tuple[bytes, bytes]]] = []

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        await super().app(scope, receive, send)
        self.headers.append(scope["headers"])


@pytest.mark.parametrize("lines", [receiving.MOST_LINES - 1, receiving.MOST_LINES])
@pytest.mark.parametrize("at_once", [True, False])
def test_a_head_has_so_many_lines(lines: int, at_once: bool) -> None:
    async def test(place: Place) -> None:
        one = await place.connect()
        one.write(HEAD)
        for part in [b"a:\r\n" * lines] if at_once else [b"a:\r\n"] * lines:
            one.write(part)
            await asyncio.sleep(0)
        status, headers, _ = await one.ask(b"\r\n")
        if lines < receiving.MOST_LINES:
            assert status == 200
        else:
            assert (status, headers["connection"]) == (431, "close")
            assert place.entered == []

    scenario(test)


def test_a_name_has_a_length() -> None:
    async def test(place: Place) -> None:
        for longer, status in ((0, 200), (1, 431)):
            one = await place.connect()
            name = b"a" * (receiving.MOST_NAME + longer)
            assert (await one.ask(HEAD + name + b": x\r\n\r\n"))[0] == status

    scenario(test)


def test_lines_without_end_that_come_at_once_are_not_kept() -> None:
    async def test(place: Place) -> None:
        one = await place.connect()
        one.write(HEAD + b"a:\r\n" * 20_000)
        assert (await one.answer())[0] == 431
        (kept,) = place.gate.open
        assert not vars(kept)["headers"]
        assert place.gate.heads.total == 0

    scenario(test)


def test_trailers_are_no_headers() -> None:
    place = Curious()

    async def run() -> None:
        async with place:
            one = await place.connect()
            body = b"3\r\nabc\r\n0\r\nAuthorization: Bearer x\r\nX-More: y\r\n\r\n"
            assert (await one.ask(CHUNKED + body))[2] == b"3"
            assert (await one.ask(GET))[0] == 200, "the connection is kept"
            names = {name for headers in place.headers for name, _ in headers}
            assert names == {b"host", b"transfer-encoding"}

    asyncio.run(run())


@pytest.mark.parametrize("refused", [False, True])
@pytest.mark.parametrize(
    "endless", [b"a: b\r\n", b"a", b"a: " + b"x" * 100], ids=["lines", "name", "value"]
)
def test_trailers_without_end(endless: bytes, refused: bool) -> None:
    async def test(place: Place) -> None:
        if refused:
            await place.waiting(1)
        one = await place.connect()
        one.write(CHUNKED + b"1\r\nx\r\n0\r\n")
        for _ in range(60):
            one.write(endless * (30_000 // len(endless)))
            await asyncio.sleep(0)
        assert (await one.rest())[:12] in (b"HTTP/1.1 431", b"HTTP/1.1 400")
        assert place.refused[-1] in ("size", "request")
        assert "/" not in place.entered or place.coming == 0

    scenario(test, queue=1)


def test_what_frames_a_chunk_has_an_end() -> None:
    """The parser keeps nothing of a chunk's extension, but reads on and on."""

    async def test(place: Place) -> None:
        one = await place.connect()
        one.write(CHUNKED + b"1;x=")
        for _ in range(10):
            one.write(b"y" * 10_000)
            await asyncio.sleep(0)
        assert (await one.answer())[0] == 400
        assert place.refused == ["size"]

    scenario(test)


@pytest.mark.parametrize("body", [False, True], ids=["heads", "bodies behind heads"])
def test_heads_of_all_have_a_limit_and_whoever_has_most_goes(
    monkeypatch: pytest.MonkeyPatch, body: bool
) -> None:
    monkeypatch.setattr(gate, "MOST_HEADS", 40_000)

    async def test(place: Place) -> None:
        large = b"X: " + b"x" * 4000 + b"\r\n"
        end = b"Content-Length: 9\r\n\r\n" if body else b""
        other = await place.connect("127.0.0.2")
        other.write(HEAD + large[:2000])
        (waiting,) = await place.waiting(1)
        many = [await place.connect() for _ in range(20)]
        for one in many:
            one.write(HEAD + large + end)
            await asyncio.sleep(0)
            assert place.gate.heads.total <= 40_000 + 5000
        await until(lambda: place.refused.count("full") >= 8)
        told = [asyncio.create_task(one.some()) for one in many]
        await asyncio.wait(told, timeout=0.5)
        refused = [task.result() for task in told if task.done()]
        assert len(refused) == place.refused.count("full")
        assert all(said.startswith(b"HTTP/1.1 503") for said in refused)
        assert (await other.ask(b"\r\n\r\n"))[0] == 200, "who has little stays"
        place.go.set()
        assert (await waiting.answer())[0] == 200, "and who was accepted"
        for task in told:
            task.cancel()

    scenario(test)


def test_what_was_answered_is_not_kept() -> None:
    async def test(place: Place) -> None:
        for asked in (
            GET.replace(b"Host", b"X: " + b"x" * 5000 + b"\r\nHost"),
            post(b"abc", "X: " + "x" * 5000),
        ):
            one = await place.connect()
            assert (await one.ask(asked))[0] == 200
        assert place.gate.heads.total == 0
        for kept in place.gate.open:
            assert not any(vars(kept)[name] for name in ("headers", "scope", "cycle"))

    scenario(test)


def test_a_head_is_counted_until_its_answer() -> None:
    async def test(place: Place) -> None:
        one = await place.connect()
        one.write(WAIT.replace(b"Host", b"X: " + b"x" * 5000 + b"\r\nHost"))
        await until(lambda: place.entered == ["/wait"])
        assert 5000 < place.gate.heads.of("127.0.0.1") < 6000
        place.go.set()
        assert (await one.answer())[0] == 200
        assert place.gate.heads.total == 0

    scenario(test)
