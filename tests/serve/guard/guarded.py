"""A guard before an application, to be asked without a network."""

# ruff: noqa: ARG001 (an ASGI app has three arguments, whichever of them it needs)

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from glassnet.serve.guard.guard import Guard
from glassnet.serve.routing import Route, Routes
from glassnet.serve.settings import Settings
from glassnet.serve.telemetry.logs import Log
from glassnet.serve.telemetry.metrics import Metrics

SETTINGS = Settings(host="127.0.0.1", port=8000, most_body=100, timeout=5.0, rate=0)
ROUTES = Routes(
    [
        Route("GET", "/models"),
        Route("POST", "/predict"),
        Route("GET", "/", open=True),
        Route("GET", "/assets/{file:path}", open=True),
        Route("GET", "/events", stream=True),
        Route("POST", "/v2/models/{name}/infer"),
        Route("GET", "/v2/health/live", open=True, always=True),
        Route("GET", "/v2/health/ready", open=True, always=True),
    ]
)
HOST = (b"host", b"127.0.0.1:8000")
JSON = (b"content-type", b"application/json")


@dataclass
class Answer:
    """What came back, put together."""

    messages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def headers(self) -> dict[bytes, bytes]:
        pairs = self.messages[0]["headers"]
        assert len(dict(pairs)) == len(pairs), "a header came twice"
        return dict(pairs)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages[1:])

    @property
    def code(self) -> str:
        return str(json.loads(self.body)["error"]["code"])


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """An app that reads the body and says how long it was."""
    size, more = 0, True
    while more and scope["method"] == "POST":
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size += len(message["body"])
        more = message.get("more_body", False)
    body = b'{"size": %d}' % size
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Service:
    """A guard before an app, to be asked without a network."""

    def __init__(self, app: Any = echo, settings: Settings = SETTINGS) -> None:
        self.lines = io.StringIO()
        self.log = Log(self.lines, form="json")
        self.metrics = Metrics()
        self.guard = Guard(app, ROUTES, settings, self.log, self.metrics)

    async def ask(
        self,
        method: str = "GET",
        path: str = "/models",
        headers: Iterable[tuple[bytes, bytes]] = (HOST,),
        body: Iterable[bytes] = (),
        client: tuple[str, int] | None = ("127.0.0.1", 5000),
        version: str = "1.1",
        after: Callable[[], Awaitable[Any]] | None = None,
    ) -> Answer:
        """Ask once. `after`: what happens in the place of the end of the body."""
        chunks = list(body)
        answer = Answer()

        async def receive() -> dict[str, Any]:
            if chunks:
                chunk = chunks.pop(0)
                more = bool(chunks) or after is not None
                return {"type": "http.request", "body": chunk, "more_body": more}
            if after is not None:
                await after()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            answer.messages.append(dict(message))

        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "http_version": version,
            "headers": list(headers),
            "client": client,
        }
        await self.guard(scope, receive, send)
        return answer

    def told(self) -> list[dict[str, Any]]:
        self.log.flush()
        return [json.loads(line) for line in self.lines.getvalue().splitlines()]

    def refused(self, reason: str) -> float | None:
        value = self.metrics.registry.get_sample_value(
            "glassnet_rejected_total", {"reason": reason}
        )
        return value or 0


def ask(service: Service | None = None, **asked: Any) -> Answer:
    return asyncio.run((service or Service()).ask(**asked))


def post(service: Service | None = None, *headers: tuple[bytes, bytes], **asked: Any) -> Answer:
    return ask(service, method="POST", path="/predict", headers=[HOST, *headers], **asked)


async def early(scope: Any, receive: Any, send: Any) -> None:
    """An app that answers without reading."""
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b""})


HASTY = replace(SETTINGS, timeout=0.05)


async def slow(scope: Any, receive: Any, send: Any) -> None:
    await asyncio.sleep(30)
