"""The protocol on real connections: what ends, and that nothing else does."""

from __future__ import annotations

import asyncio
import inspect

import pytest
from uvicorn.protocols.http import httptools_impl

from glassnet.serve.http import connection, gate
from glassnet.serve.http.closing import Closing
from glassnet.serve.http.connection import Connection
from glassnet.serve.http.cycle import Cycle
from glassnet.serve.http.receiving import Receiving

from .place import GET, WAIT, Client, Place, post, scenario, until


def test_an_answer_is_one_call_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    written = []

    def write(one: Cycle, text: bytes) -> None:
        written.append(text)
        real(one, text)

    real = Cycle._write
    monkeypatch.setattr(Cycle, "_write", write)

    async def test(place: Place) -> None:
        one = await place.connect()
        status, headers, body = await one.ask(post(b"abc"))
        assert (status, headers["x-path"], body) == (200, "/", b"3")
        assert len(written) == 1

    scenario(test)


# -- requests ahead of their answers -----------------------------------------------------------


def test_requests_sent_ahead_are_answered_in_order() -> None:
    async def test(place: Place) -> None:
        one = await place.connect()
        one.write(WAIT + b"".join(post(b"x" * k, path=f"/{k}") for k in range(5)))
        await until(lambda: place.gate.waiting.total == 6)
        place.go.set()
        paths = [(await one.answer())[1]["x-path"] for _ in range(6)]
        assert paths == ["/wait", "/0", "/1", "/2", "/3", "/4"]
        assert (await one.ask(GET))[0] == 200

    scenario(test)


@pytest.mark.parametrize(("queue", "accepted"), [(128, 1 + connection.MOST_AHEAD), (3, 3)])
def test_who_goes_too_far_ahead_is_answered_so_far(queue: int, accepted: int) -> None:
    async def test(place: Place) -> None:
        one = await place.connect()
        one.write(WAIT + GET * 100)
        await until(lambda: bool(place.refused))
        place.go.set()
        answers = (await one.rest()).split(b"HTTP/1.1 ")[1:]
        assert [answer[:3] for answer in answers] == [b"200"] * accepted
        assert b"connection: close" in answers[-1]
        assert len(place.entered) == accepted

    scenario(test, queue=queue)


def test_what_is_ahead_of_a_last_answer_is_forgotten_once() -> None:
    """HTTP/1.0 has no kept connections, here, whatever its client asks."""

    async def test(place: Place) -> None:
        one = await place.connect()
        old = b"HTTP/1.0\r\nConnection: keep-alive"
        one.write(WAIT.replace(b"HTTP/1.1", old) + 2 * GET.replace(b"HTTP/1.1", old))
        await until(lambda: place.gate.waiting.total == 3)
        place.go.set()
        assert (await one.rest()).count(b"HTTP/1.1 200") == 1
        await until(lambda: not place.state.connections)
        assert place.gate.waiting.total == 0

    scenario(test)


def test_what_is_ahead_is_forgotten_with_its_connection() -> None:
    async def test(place: Place) -> None:
        one = await place.connect()
        one.write(WAIT + GET * 5)
        await until(lambda: place.gate.waiting.total == 6)
        one.reset()
        await until(lambda: place.gate.waiting.total == 1)
        # the one that is being answered
        place.go.set()
        await until(lambda: place.gate.waiting.total == 0)

    scenario(test)


# -- time --------------------------------------------------------------------------------------


async def dribble(client: Client, data: bytes) -> tuple[float, bytes]:
    """Send a byte at a time until something comes; return how long that took, and what came.

    What comes when all is sent comes too late.
    """
    loop = asyncio.get_running_loop()
    began, said = loop.time(), asyncio.create_task(client.some())
    for k in range(len(data)):
        client.write(data[k : k + 1])
        await asyncio.wait([said], timeout=0.02)
        if said.done():
            return loop.time() - began, said.result()
    raise AssertionError("all of it was waited for")


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"", b"GET / HTTP/1.1\r\nHost: " + b"x" * 500),
        (GET, b"GET / HTTP/1.1\r\nHost: " + b"x" * 500),
        (b"", b"POST / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 500),
    ],
    ids=["first", "second", "header"],
)
def test_a_head_that_dribbles_has_its_time_and_no_more(first: bytes, then: bytes) -> None:
    async def test(place: Place) -> None:
        one = await place.connect()
        if first:
            assert (await one.ask(first))[0] == 200
        seconds, said = await dribble(one, then)
        assert seconds > 0.2
        assert said.startswith(b"HTTP/1.1 408")
        assert b"connection: close" in said

    scenario(test, timeout=0.3)


@pytest.mark.parametrize(
    "head",
    [
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n",
    ],
    ids=["length", "chunks"],
)
@pytest.mark.parametrize("refused", [False, True])
def test_a_body_that_dribbles_has_its_time_and_no_more(head: bytes, refused: bool) -> None:
    async def test(place: Place) -> None:
        if refused:
            await place.waiting(1)
        one = await place.connect()
        one.write(head)
        seconds, said = await dribble(one, b"x" * 500)
        assert seconds > 1
        assert said.startswith(b"HTTP/1.1 408")

    scenario(test, timeout=0.3, queue=1)


def test_empty_lines_are_no_requests_and_keep_nothing_open() -> None:
    async def test(place: Place) -> None:
        place.gate.timeout = 0.3
        one = await place.connect()
        seconds, said = await dribble(one, b"\r\n" * 250)
        assert seconds > 0.2
        assert said == b""

    scenario(test)


def test_who_says_nothing_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "KEPT", 0.2)

    async def test(place: Place) -> None:
        silent, once = await place.connect(), await place.connect()
        assert (await once.ask(GET))[0] == 200
        assert await silent.rest() == b""
        assert await once.rest() == b""

    scenario(test, timeout=0.3)


def test_who_waits_for_an_answer_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "KEPT", 0.1)

    async def test(place: Place) -> None:
        (one,) = await place.waiting(1)
        await asyncio.sleep(0.6)
        place.go.set()
        assert (await one.answer())[0] == 200

    scenario(test, timeout=0.2)


def test_a_slow_second_request_does_not_cost_the_first_its_answer() -> None:
    async def test(place: Place) -> None:
        one = await place.connect()
        one.write(WAIT + b"GET / HT")
        await asyncio.sleep(0.6)
        place.go.set()
        said = await one.rest()
        assert said.startswith(b"HTTP/1.1 200")
        assert b"connection: close" in said

    scenario(test, timeout=0.2)


def test_nonsense_behind_a_request_does_not_cost_it_its_answer() -> None:
    async def test(place: Place) -> None:
        one = await place.connect()
        one.write(WAIT + b"\x16\x03\x01\r\n\r\n")
        await until(lambda: place.refused == ["request"])
        place.go.set()
        said = await one.rest()
        assert said.startswith(b"HTTP/1.1 200")
        assert said.count(b"HTTP/1.1") == 1

    scenario(test)


def test_a_draining_connection_says_so() -> None:
    async def test(place: Place) -> None:
        (waiting,), idle = await place.waiting(1), await place.connect()
        assert (await idle.ask(GET))[0] == 200
        place.gate.draining = True
        for one in place.state.connections:
            one.shutdown()
        place.go.set()
        assert (await waiting.answer())[1]["connection"] == "close"
        assert (await idle.ask(GET))[1]["connection"] == "close", "it may ask once more"
        assert await idle.rest() == b""

    scenario(test)


# -- what of uvicorn this stands on ------------------------------------------------------------

INHERITED = {
    "connection_made": ["self", "transport"],
    "connection_lost": ["self", "exc"],
    "data_received": ["self", "data"],
    "eof_received": ["self"],
    "on_message_begin": ["self"],
    "on_url": ["self", "url"],
    "on_header": ["self", "name", "value"],
    "on_headers_complete": ["self"],
    "on_body": ["self", "body"],
    "on_message_complete": ["self"],
    "_start_asgi_task": ["self", "cycle", "app"],
    "on_response_complete": ["self"],
    "shutdown": ["self"],
}


def test_uvicorns_protocol_has_the_methods_that_are_overridden() -> None:
    names = {*vars(Connection), *vars(Closing), *vars(Receiving)}
    own = {name for name in names if callable(getattr(Connection, name))}
    base = httptools_impl.HttpToolsProtocol
    assert own & set(dir(base)) - set(dir(object)) == INHERITED.keys()
    for name, parameters in INHERITED.items():
        assert list(inspect.signature(getattr(base, name)).parameters) == parameters


def test_uvicorns_protocol_has_the_attributes_that_are_used() -> None:
    async def test(place: Place) -> None:
        one = await place.connect()
        one.write(WAIT)
        await until(lambda: bool(place.state.tasks))
        (connection,) = place.state.connections
        base = set(httptools_impl.HttpToolsProtocol.__init__.__code__.co_names)
        used = (
            "connections cycle expect_100_continue flow loop parser pipeline server_state tasks "
            "headers scope logger access_logger access_log"
        )
        assert set(used.split()) <= base
        assert {"read_paused"} <= vars(connection.flow).keys()  # type: ignore[union-attr]
        cycle = vars(connection.cycle).keys()  # type: ignore[union-attr]
        assert {
            "disconnected",
            "keep_alive",
            "message_event",
            "response_complete",
            "response_started",
            "default_headers",
            "flow",
            "on_response",
            "scope",
            "transport",
            "waiting_for_100_continue",
        } <= cycle

    scenario(test)
