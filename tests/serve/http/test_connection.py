"""The protocol on real connections: what is refused, what ends, and that nothing else does."""

from __future__ import annotations

import asyncio
import inspect
import json
import math
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http import httptools_impl
from uvicorn.server import ServerState

from glassnet.serve.http import connection, gate
from glassnet.serve.http.connection import Connection, connection_class
from glassnet.serve.http.gate import Gate
from glassnet.serve.http.single_write import SingleWrite
from glassnet.serve.routing import Route, Routes
from glassnet.serve.settings import Settings
from tests.waiting import PATIENCE

ROUTES = Routes(
    [
        Route("GET", "/events", stream=True),
        Route("GET", "/v2/health/ready", always=True),
    ]
)
Answer = tuple[int, dict[str, str], bytes]
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
WAIT = b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"


def post(body: bytes, *headers: str, path: str = "/") -> bytes:
    head = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(head).encode() + body


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def write(self, data: bytes) -> None:
        self.writer.write(data)

    async def ask(self, data: bytes) -> Answer:
        self.write(data)
        return await self.answer()

    async def answer(self, *, body: bool = True) -> Answer:
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), PATIENCE)
        first, *lines = head.decode().split("\r\n")[:-2]
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}
        length = int(headers.get("content-length", 0)) if body else 0
        return int(first.split()[1]), headers, await self.reader.readexactly(length)

    async def rest(self) -> bytes:
        """What comes until the connection ends, as it has to."""
        try:
            return await asyncio.wait_for(self.reader.read(), PATIENCE)
        except ConnectionResetError:
            return b""

    async def some(self) -> bytes:
        """What comes next."""
        try:
            return await asyncio.wait_for(self.reader.read(65_536), PATIENCE)
        except ConnectionError:
            return b""

    def reset(self) -> None:
        """Leave, as one whose program has crashed: nothing more is taken."""
        end = self.writer.get_extra_info("socket")
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def close(self) -> None:
        self.writer.close()
        await asyncio.sleep(0.02)


class Place:
    """A server of connections with an application that tells the length of a body.

    /wait is answered when `go` is set, /events never.
    """

    def __init__(self, **settings: Any) -> None:
        self.refused: list[str] = []
        self.gate = Gate(Settings(**{"rate": 0, **settings}), self.refused.append, ROUTES)
        self.go = asyncio.Event()
        self.entered: list[str] = []
        self.state = ServerState()
        config = uvicorn.Config(
            self.app,
            interface="asgi3",
            http=connection_class(self.gate),
            ws="none",
            lifespan="off",
            log_config=None,
        )
        config.load()
        self._config = config
        self._clients: list[Client] = []

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        self.entered.append(scope["path"])
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            size, more = size + len(message["body"]), message["more_body"]
        if scope["path"] == "/wait":
            await self.go.wait()
        headers = [(b"x-path", scope["path"].encode())]
        if scope["path"] == "/events":
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        body = b"%d" % size
        headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def connect(self, address: str = "127.0.0.1") -> Client:
        """Connect from an address of this machine: each is a client."""
        opened = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(address, 0))
        client = Client(*opened)
        self._clients.append(client)
        return client

    async def waiting(self, count: int) -> list[Client]:
        """Have so many requests wait."""
        clients = [await self.connect() for _ in range(count)]
        for client in clients:
            client.write(WAIT)
        await until(lambda: self.entered.count("/wait") >= count)
        return clients

    async def open(self) -> None:
        """Have those that wait answered."""
        self.go.set()
        await until(lambda: not self.state.tasks)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(0.02)
            self.gate.sweep(asyncio.get_running_loop().time())

    async def __aenter__(self) -> Place:
        make = self._config.http_protocol_class
        self._server = await asyncio.get_running_loop().create_server(
            lambda: make(config=self._config, server_state=self.state, app_state={}),  # type: ignore[call-arg]
            "127.0.0.1",
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._sweeper = asyncio.create_task(self._sweep())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.go.set()
        self._sweeper.cancel()
        for client in self._clients:
            client.writer.close()
        await until(lambda: not self.state.tasks and not self.state.connections)
        self._server.close()
        counted = self.gate.waiting, self.gate.heads, self.gate.clients
        assert [shares.total for shares in counted] == [0, 0, 0]
        assert self.gate.coming == 0


async def until(true: Callable[[], bool]) -> None:
    for _ in range(100 * PATIENCE):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come to that")


def scenario(test: Callable[[Place], Awaitable[None]], **settings: Any) -> None:
    async def run() -> None:
        async with Place(**settings) as place:
            await test(place)

    asyncio.run(run())


# -- the queue ---------------------------------------------------------------------------------


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


def test_an_answer_is_one_call_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    written = []

    def write(one: SingleWrite, text: bytes) -> None:
        written.append(text)
        real(one, text)

    real = SingleWrite._write
    monkeypatch.setattr(SingleWrite, "_write", write)

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


# -- size --------------------------------------------------------------------------------------


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


# -- connections and nonsense ------------------------------------------------------------------


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


def test_what_is_no_request() -> None:
    async def test(place: Place) -> None:
        status, headers, body = await (await place.connect()).ask(b"\x16\x03\x01\r\n\r\n")
        assert (status, headers["connection"]) == (400, "close")
        assert json.loads(body)["error"]["code"] == "not-http"

    scenario(test)


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
    own = {name for name in vars(Connection) if callable(getattr(Connection, name))}
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
