"""SingleWrite: an answer that is written in one piece.

uvicorn writes an answer's head when it begins and its body when that comes, two calls of the
system, and looks at each header with two regular expressions, which small answers feel. Nearly all
of ours are known whole when they begin, so that they can be written at once; any other is left to
uvicorn.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from glassnet.serve.asgi import Message, Receive, Scope

_OF_THE_CONNECTION = frozenset({b"connection", b"transfer-encoding"})
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class SingleWrite:
    """An application for one request, whose answer is written in one piece if it can be.

    app     what answers
    cycle   uvicorn's, of the request
    """

    __slots__ = ("_app", "_cycle", "_length", "_start")

    def __init__(self, app: Any, cycle: Any) -> None:
        self._app = app
        self._cycle = cycle
        self._start: Message | None = None  # what was sent and is not written
        self._length: int | None = None  # of its body, as it said

    def __call__(self, scope: Scope, receive: Receive, _send: Any) -> Awaitable[None]:
        """Answer the request."""
        answered: Awaitable[None] = self._app(scope, receive, self.send)
        return answered

    async def send(self, message: Message) -> None:
        """Take a part of the answer: keep its beginning until its body comes."""
        start, self._start = self._start, None
        if start is not None:
            if (text := self._text(start, message)) is not None:
                self._write(text)
                return
            await self._cycle.send(start)
        elif message["type"] == "http.response.start" and not self._cycle.response_started:
            self._length = _length(message)
            if self._length is not None:
                self._start = message
                return
        await self._cycle.send(message)

    def _text(self, start: Message, message: Message) -> bytes | None:
        """The answer as it is written; None where it is more than a head and all of its body."""
        cycle = self._cycle
        body = message.get("body", b"")
        if (
            message["type"] != "http.response.body"
            or message.get("more_body", False)
            or cycle.disconnected
            or not cycle.keep_alive
            or cycle.flow.write_paused
            or cycle.scope["method"] == "HEAD"
            or self._length != len(body)
        ):
            return None
        pairs = cycle.default_headers + start["headers"]
        head = b"".join([b"%b: %b\r\n" % pair for pair in pairs])
        if not head.count(b"\n") == head.count(b"\r") == len(pairs) or _CONTROL.search(head):
            return None  # what uvicorn refuses, such as a header with an end of line in it
        return b"".join((STATUS_LINE[start["status"]], head, b"\r\n", body))

    def _write(self, text: bytes) -> None:
        """Write an answer, and leave uvicorn's cycle as it would be after it."""
        cycle = self._cycle
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        cycle.transport.write(text)
        cycle.message_event.set()
        cycle.on_response()


def _length(start: Message) -> int | None:
    """The length of a body, where its head tells that and nothing of the connection."""
    length = None
    headers: Sequence[tuple[bytes, bytes]] = start["headers"]
    for name, value in headers:
        if name == b"content-length":
            length = int(value)
        elif name in _OF_THE_CONNECTION:
            return None
    return length
