"""The endpoints that tell about the service itself."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING

import msgspec

from glassnet.serve.endpoint import Request, model_of
from glassnet.serve.refusal import Refusal
from glassnet.serve.reply import Reply

if TYPE_CHECKING:
    from glassnet.serve.service import Service


EVENTS = b"text/event-stream; charset=utf-8"


async def models(service: Service, request: Request) -> Reply:
    """List the models: what goes into each, what comes out, how good it was."""
    request.query()
    model_of(service, None)
    document = {
        "models": [served.about() for served in service.models],
        "learns": service.settings.learn is not None,
    }
    return Reply(msgspec.json.encode(document))


async def metrics(service: Service, request: Request) -> Reply:
    """Give what Prometheus reads."""
    request.query()
    figures = service.metrics
    return Reply(figures.text(), 200, figures.content_type.encode())


async def events(service: Service, request: Request) -> None:
    """Tell what changes, while the stream is open.

    `model` when a model took another's place, with its name and hash; `draining` when the service
    is about to stop. A comment every 15 s.
    """
    request.query()
    if service.draining:
        raise Refusal(503, "draining", "The service is about to stop.", (b"retry-after", b"5"))
    model_of(service, None)  # nothing can change before it is there
    stream = asyncio.create_task(_send_events(service, request))
    gone = asyncio.create_task(_wait_until_gone(request))
    try:
        await asyncio.wait({stream, gone}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (stream, gone):
            task.cancel()
        for task in (stream, gone):
            with suppress(asyncio.CancelledError, OSError):
                await task


async def _send_events(service: Service, request: Request) -> None:
    headers = [
        (b"content-type", EVENTS),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
    ]
    await request.send({"type": "http.response.start", "status": 200, "headers": headers})
    async with aclosing(service.events.listen()) as parts:
        async for data in parts:
            await request.send({"type": "http.response.body", "body": data, "more_body": True})
    await request.send({"type": "http.response.body", "body": b""})


async def _wait_until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
