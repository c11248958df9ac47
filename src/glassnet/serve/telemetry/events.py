"""Events: a stream of what changes, for pages that stay open (server-sent events).

    event: model        a model took another's place: {"name": "digits", "hash": "sha256:…"}
    event: draining     the service is about to stop, and the stream ends

A comment every 15 s shows that the service is still there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping

import msgspec

ALIVE = 15.0
"""Seconds between two signs of life."""

MOST_WAITING = 100
"""A stream that has not taken so many events is ended: its page comes again and asks anew."""

_END = None
_DRAINING = b"event: draining\ndata: {}\n\n"


class Events:
    """All open streams."""

    def __init__(self) -> None:
        self._streams: dict[asyncio.Queue[bytes | None], asyncio.AbstractEventLoop] = {}
        self._closed = False

    def __len__(self) -> int:
        return len(self._streams)

    def publish(self, event: str, details: Mapping[str, object]) -> None:
        """Tell every stream, from any thread."""
        data = f"event: {event}\ndata: ".encode() + msgspec.json.encode(details) + b"\n\n"
        self._tell(data)

    def close(self) -> None:
        """Tell every stream that the service drains, and end it; those that come later too."""
        self._closed = True
        self._tell(_DRAINING, _END)

    async def listen(self) -> AsyncGenerator[bytes]:
        """Give events as they come, and signs of life."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(MOST_WAITING)
        self._streams[queue] = asyncio.get_running_loop()
        try:
            yield b"retry: 2000\n\n"
            if self._closed:
                yield _DRAINING
                return
            while True:
                try:
                    data = await asyncio.wait_for(queue.get(), ALIVE)
                except TimeoutError:
                    data = b": alive\n\n"
                if data is _END:
                    return
                yield data
        finally:
            del self._streams[queue]

    def _tell(self, *parts: bytes | None) -> None:
        for queue, loop in list(self._streams.items()):
            if not loop.is_closed():
                loop.call_soon_threadsafe(_put, queue, parts)


def _put(queue: asyncio.Queue[bytes | None], parts: tuple[bytes | None, ...]) -> None:
    for part in parts:
        if queue.qsize() >= MOST_WAITING - 2:
            part = _END
        if not queue.full():
            queue.put_nowait(part)
