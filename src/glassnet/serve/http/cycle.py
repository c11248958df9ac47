"""Cycle: one request with its answer, which is written in one piece if it can be.

uvicorn writes an answer's head when it begins and its body when that comes, two calls of the
system, and looks at each header with two regular expressions, which small answers feel. Nearly all
of ours are known whole when they begin, so that they can be written at once; any other is left to
uvicorn.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from glassnet.serve.http.gate import Turn

if TYPE_CHECKING:
    import asyncio

    from glassnet.serve.asgi import Message

_ENDS = frozenset({b"connection", b"transfer-encoding"})
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Cycle(RequestResponseCycle):
    """One request with its answer, as uvicorn has it, and the turn in which it is counted."""

    turn: Turn

    _start: Message | None = None  # what was sent and is not written
    _length: int | None = None  # of its body, as it said

    async def send(self, message: Any) -> None:
        """Take a part of the answer: keep its beginning until its body comes."""
        start, self._start = self._start, None
        if start is not None:
            if (text := self._text(start, message)) is not None:
                self._write(text)
                return
            await super().send(start)  # type: ignore[arg-type]
        elif message["type"] == "http.response.start" and not self.response_started:
            self._length = _length(message)
            if self._length is not None:
                self._start = message
                return
        await super().send(message)

    def _text(self, start: Message, message: Message) -> bytes | None:
        """The answer as it is written; None where it is more than a head and all of its body."""
        body = message.get("body", b"")
        if (
            message["type"] != "http.response.body"
            or message.get("more_body", False)
            or self.disconnected
            or not self.keep_alive
            or self.flow.write_paused
            or self.scope["method"] == "HEAD"
            or self._length != len(body)
        ):
            return None
        pairs = self.default_headers + start["headers"]
        head = b"".join([b"%b: %b\r\n" % pair for pair in pairs])
        if not head.count(b"\n") == head.count(b"\r") == len(pairs) or _CONTROL.search(head):
            return None  # what uvicorn refuses, such as a header with an end of line in it
        return b"".join((STATUS_LINE[start["status"]], head, b"\r\n", body))

    def _write(self, text: bytes) -> None:
        """Write an answer; the cycle is then as uvicorn leaves it after one."""
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        self.transport.write(text)
        self.message_event.set()
        self.on_response()


class CycleTransport:
    """What the cycles of a connection see of it: where to write, and how to end.

    transport   of the connection
    close       ends the connection after this answer
    """

    __slots__ = ("close", "is_closing", "write")

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        self.write = transport.write
        self.is_closing = transport.is_closing
        self.close = close


def _length(start: Message) -> int | None:
    """The length of a body, where its head tells that and nothing of the connection."""
    headers: dict[bytes, bytes] = dict(start["headers"])
    length = headers.get(b"content-length")
    return int(length) if length is not None and headers.keys().isdisjoint(_ENDS) else None
