"""One request on its way through the guard: what is read of it, and what every answer carries."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from glassnet.serve.guard.clients import client_of_scope
from glassnet.serve.guard.deadlines import Deadlines, Timed
from glassnet.serve.refusal import Refusal

if TYPE_CHECKING:
    from glassnet.serve.asgi import Message, Receive, Scope, Send
    from glassnet.serve.guard.shares import Shares
    from glassnet.serve.routing import Route

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""On every answer."""

DEFAULTS = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)
"""On every answer that does not say so itself."""

CLOSE = (b"connection", b"close")
"""On an answer that is given while a body without a bearable end is still coming."""

OVERLOADED = Refusal(
    503,
    "overloaded",
    "More large bodies come at once than can be held; come again later.",
    (b"retry-after", b"1"),
    CLOSE,
    reason="full",
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What all requests have in common.

    most_body   bytes of one body
    small       bytes of one that is not counted
    too_large   what is said of one that is larger
    held        bytes of all bodies, by client
    deadlines   when each has had its time
    varies      whether an answer depends on the page that asks
    """

    most_body: int
    small: int
    too_large: Refusal
    held: Shares
    deadlines: Deadlines
    varies: bool


class GuardedRequest(Timed):
    """One request on its way: what was read, what was answered, and whether it may go on.

    id          for the log and the client
    client      who asks
    cors        the origin that may read the answer, where the page that asks is another's
    size        bytes that the body may still be, as far as its head said
    read        bytes of the body that came
    held        bytes of it that are counted among those of all
    status      of the answer; 0 while there is none
    sent        bytes of the answer's body
    waiting     a part of the body is waited for
    gone        the client has gone
    stopped     why its body is read no further
    """

    __slots__ = (
        "_limits",
        "_receive",
        "_send",
        "client",
        "cors",
        "gone",
        "held",
        "id",
        "read",
        "route",
        "scope",
        "sent",
        "size",
        "status",
        "stopped",
        "waiting",
    )

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, route: Route, limits: Limits
    ) -> None:
        super().__init__(limits.deadlines.task())
        self.scope = scope
        self._receive = receive
        self._send = send
        self.route = route
        self._limits = limits
        self.client = client_of_scope(scope)
        self.id = ""
        self.cors: bytes | None = None
        self.size: float = 0
        self.read = self.held = self.sent = self.status = 0
        self.waiting = self.gone = False
        self.stopped: Refusal | None = None

    async def receive(self) -> Message:
        """Read on in the body, and stop where it becomes too large."""
        self.waiting = True
        message = await self._receive()
        self.waiting = False
        if message["type"] == "http.disconnect":
            self.gone = True
            return message
        size = len(message.get("body", b""))
        self.read += size
        limits = self._limits
        if self.read > limits.small:
            if self.read > limits.most_body:
                self.stopped = limits.too_large
            elif not limits.held.admits(self.client, self.read - self.held):
                self.stopped = OVERLOADED
            limits.held.take(self.client, self.read - self.held)
            self.held = self.read
        if self.stopped is not None:
            return {"type": "http.disconnect"}
        if not message.get("more_body", False):
            self.size = 0
            limits.deadlines.begin(self)
        return message

    async def listen(self) -> Message:
        """Hear what comes where there is no body: that the client has gone."""
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self.gone = True
        return message

    def send(self, message: Message) -> Awaitable[None]:
        """Pass an answer on, with the headers that every answer has."""
        if message["type"] == "http.response.start":
            if self.stopped is not None:
                return _nothing()
            self.status = message["status"]
            message["headers"] = self._complete(message.get("headers", ()))
        elif message["type"] == "http.response.body":
            if not self.status:
                return _nothing()
            self.sent += len(message.get("body", b""))
        return self._send(message)

    def _complete(self, headers: Any) -> list[tuple[bytes, bytes]]:
        """Return an answer's headers with those that every answer has."""
        names = dict(headers)
        complete = [*headers, *HEADERS, (b"x-request-id", self.id.encode())]
        complete += [pair for pair in DEFAULTS if pair[0] not in names]
        if self.size > self._limits.most_body and b"connection" not in names:
            complete.append(CLOSE)
        if self.cors is not None:
            complete += [
                (b"access-control-allow-origin", self.cors),
                (b"access-control-expose-headers", b"x-request-id, retry-after"),
            ]
        if self._limits.varies:
            complete.append((b"vary", b"origin"))
        return complete


async def _nothing() -> None:
    """Take no notice of a message."""
