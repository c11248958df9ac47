"""Event streams: what they tell, and that they end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from glassnet.serve.telemetry import events
from glassnet.serve.telemetry.events import Events
from tests.waiting import PATIENCE

from ..asking import Serve

SCOPE: dict[str, Any] = {
    "type": "http",
    "method": "GET",
    "path": "/events",
    "query_string": b"",
    "headers": [(b"host", b"127.0.0.1:8000")],
    "client": ("127.0.0.1", 1),
    "scheme": "http",
    "http_version": "1.1",
    "root_path": "",
}


class Stream:
    """One client of /events, as a server sees it."""

    def __init__(self, app: Any) -> None:
        self.sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.gone = asyncio.Event()
        self.task = asyncio.create_task(app(dict(SCOPE), self._receive, self.sent.put))

    async def _receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def next(self) -> dict[str, Any]:
        return await asyncio.wait_for(self.sent.get(), PATIENCE)


def test_a_switch_and_the_end_are_told(serve: Serve) -> None:
    app = serve().app

    async def listen() -> None:
        stream = Stream(app)
        start = await stream.next()
        assert start["status"] == 200
        assert dict(start["headers"])[b"content-type"].startswith(b"text/event-stream")
        assert (await stream.next())["body"].startswith(b"retry:")
        await asyncio.to_thread(
            app.state.events.publish, "model", {"name": "iris", "hash": "sha256:1"}
        )
        told = (await stream.next())["body"]
        assert told == b'event: model\ndata: {"name":"iris","hash":"sha256:1"}\n\n'
        app.state.draining = True
        assert (await stream.next())["body"].startswith(b"event: draining")
        end = await stream.next()
        assert (end["body"], end.get("more_body", False)) == (b"", False)
        await asyncio.wait_for(stream.task, PATIENCE)
        assert len(app.state.events) == 0

    asyncio.run(listen())


def test_a_client_that_goes_is_forgotten(serve: Serve) -> None:
    app = serve().app

    async def listen() -> None:
        stream = Stream(app)
        await stream.next()
        await stream.next()
        assert len(app.state.events) == 1
        stream.gone.set()
        await asyncio.wait_for(stream.task, PATIENCE)
        assert len(app.state.events) == 0

    asyncio.run(listen())


def test_signs_of_life(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "ALIVE", 0.01)
    app = serve().app

    async def listen() -> None:
        stream = Stream(app)
        for _ in range(2):
            await stream.next()
        assert (await stream.next())["body"] == b": alive\n\n"
        stream.gone.set()
        await stream.task

    asyncio.run(listen())


def test_a_stream_that_is_not_read_is_ended() -> None:
    async def listen() -> None:
        streams = Events()
        listening = streams.listen()
        await anext(listening)
        for k in range(3 * events.MOST_WAITING):
            streams.publish("model", {"name": str(k)})
        await asyncio.sleep(0.01)
        told = [part async for part in listening]
        assert 0 < len(told) < events.MOST_WAITING
        assert len(streams) == 0

    asyncio.run(listen())


def test_a_stream_that_begins_too_late_ends_at_once() -> None:
    async def listen() -> list[bytes]:
        streams = Events()
        streams.close()
        return [part async for part in streams.listen()]

    assert asyncio.run(listen())[-1].startswith(b"event: draining")


def test_while_draining_nobody_is_ready_and_no_stream_begins(serve: Serve) -> None:
    asker = serve()
    asker.app.state.draining = True
    said = asker.get("/v2/health/ready")
    assert (said.status_code, said.json(), said.headers["retry-after"]) == (
        503,
        {"ready": False},
        "1",
    )
    assert asker.get("/v2/models/iris/ready").status_code == 503
    assert asker.get("/v2/health/live").status_code == 200
    assert asker.get("/events").status_code == 503
    assert asker.post("/predict", {"rows": [5.1, 3.5, 1.4, 0.2]}).status_code == 200


def test_while_loading_nobody_is_ready(serve: Serve) -> None:
    asker = serve()
    asker.app.state.models._served = {}
    assert asker.get("/v2/health/ready").status_code == 503
    said = asker.post("/predict", {"rows": [5.1, 3.5, 1.4, 0.2]})
    assert (said.status_code, said.json()["error"]["code"]) == (503, "loading")
    assert said.headers["retry-after"] == "1"
    assert asker.get("/models").status_code == 503
