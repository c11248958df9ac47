"""A place to connect to: real connections with an application that tells the length of a body."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from glassnet.serve.http.connection import connection_class
from glassnet.serve.http.gate import Gate
from glassnet.serve.http.stages import BODY
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

    @property
    def coming(self) -> int:
        """How many requests were accepted whose body is still coming."""
        return sum(vars(one).get("_phase") is BODY for one in self.gate.open)

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
        assert self.coming == 0


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
