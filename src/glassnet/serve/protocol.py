"""Connection: HTTP as uvicorn speaks it, with an end to everything that could go on for ever.

    requests accepted and not yet answered      at most the queue; then 503 with Retry-After,
                                                written before the application hears of it
    connections                                 as many as may be; then 503, and closed
    the head of a request, then its body        so many seconds each, however they dribble in
    bytes of a head, of a body with its frame   so many; then closed
    requests sent ahead of their answers        MOST_AHEAD on a connection; then closed after those
    connections on which nothing is asked       KEPT seconds, or KEPT_IN_A_CROWD
    answers that are not taken                  `timeout` seconds each, MOST_UNSENT bytes of all;
                                                who asks on without having taken them is closed

What is accepted waits for what was accepted before it. With n of them and c seconds each that is
n·c, and about as long again in the kernel before it is accepted, since the loop reads only between
two rounds of answers. So the queue is bounded by time as well as by number: where n·c would pass
WAIT, n is smaller, but never below LEAST, which slow requests (explanations, pictures) need.

Health is always answered, and event streams, which have no end, are not counted. Nor is a request
whose body is still coming: else a few who send slowly would keep all others out. Once it is there
it is counted, or refused where there is no room any more.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from glassnet.serve.errors import error_json, speaks_protocol
from glassnet.serve.guard import STREAMS
from glassnet.serve.settings import Settings
from glassnet.serve.whole import Whole

WAIT = 0.015
"""Seconds that the requests accepted may take altogether."""

LEAST = 32
"""Requests that are accepted however slow they are."""

KEPT, KEPT_IN_A_CROWD = 30.0, 3.0
"""Seconds after which a connection is closed on which nothing is asked; a crowd is half of all."""

MOST_HEAD = 1 << 16
"""Bytes of a request's head, beyond those that came first."""

MOST_AHEAD = 8
"""Requests that are accepted on a connection while one before them is being answered."""

LINGER = 2.0
"""Seconds in which a connection that was closed must have taken its last answer."""

MOST_UNSENT = 32 << 20
"""Bytes of all answers that are not taken; beyond, those who leave most are cut off."""

HEALTH = b"/v2/health/"
_STREAMS = frozenset(path.encode() for path in STREAMS)


def refusal(
    status: str, code: str, message: str, *, keep: bool = False, plain: bool = False
) -> bytes:
    """Write an answer, whole.

    keep    whether the connection is kept
    plain   as the Open Inference Protocol has errors
    """
    body = error_json(plain, code, message)
    head = [
        f"HTTP/1.1 {status}",
        "content-type: application/json",
        f"content-length: {len(body)}",
        "cache-control: no-store",
        "x-content-type-options: nosniff",
    ]
    if status.startswith("503"):
        head.append("retry-after: 1")
    if not keep:
        head.append("connection: close")
    return "\r\n".join([*head, "", ""]).encode() + body


_FULL = "503 Service Unavailable", "overloaded", "More is asked than can be answered; come again."
FULL = {
    (keep, plain): refusal(*_FULL, keep=keep, plain=plain)
    for keep in (False, True)
    for plain in (False, True)
}
CROWDED = refusal(
    "503 Service Unavailable",
    "too-many-connections",
    "As many are connected as may be.",
)
SLOW = refusal("408 Request Timeout", "too-slow", "The request did not come whole in time.")
LONG_HEAD = refusal(
    "431 Request Header Fields Too Large", "head-too-large", "The head of the request is too long."
)
LONG_BODY = refusal("413 Content Too Large", "too-large", "The body is too long; send less.")
BAD = refusal("400 Bad Request", "not-http", "This is no request of HTTP/1.1.")


class Gate:
    """What all connections share: the limits, and what is under way.

    settings    the limits
    count       is told why each request is refused: "full", "connections", "slow-body", ...

    limit       requests that may wait for their answers now
    pace        seconds from one answer to the next while there is something to answer
    """

    def __init__(
        self, settings: Settings, count: Callable[[str], None] = lambda _reason: None
    ) -> None:
        self.count = count
        self.timeout = settings.timeout
        self.queue = self.limit = settings.queue
        self.connections = settings.connections
        self.most_body = 8 * settings.most_body + MOST_HEAD  # 8: chunks of a byte or two
        self.kept = KEPT
        self.draining = False
        self.ahead = 0
        self.streams = 0
        self.coming = 0
        self.refused = 0
        self.pace = 0.0
        self.last = 0.0

    def answered(self, accepted: float, now: float) -> None:
        """Take note of an answer, for the pace: the time since the last, or since it was asked."""
        since = max(accepted, self.last)
        self.pace += (now - since - self.pace) / 64
        self.last = now

    def streaming(self, app: Any) -> Any:
        """Count a stream as one, from now on until the application has ended it."""
        self.streams += 1

        def ended() -> None:
            self.streams -= 1

        async def counted(scope: Any, receive: Any, send: Any) -> None:
            try:
                await app(scope, receive, send)
            finally:
                asyncio.get_running_loop().call_soon(ended)  # when its task has, too

        return counted

    def sweep(self, connections: Iterable[Connection], now: float) -> None:
        """Close what had its time. To be called a few times a second.

        now     the loop's time
        """
        connections = list(connections)
        self._cut_off(connections)
        crowd = 2 * len(connections) > self.connections
        self.kept = KEPT_IN_A_CROWD if crowd else KEPT
        self.limit = min(self.queue, max(LEAST, int(WAIT / max(self.pace, 1e-6))))
        for connection in connections:
            if connection.deadline < now:
                connection.expire(now)
            elif connection.deadline == math.inf and connection.transport.is_closing():
                connection.deadline = now + LINGER  # its last answer is not taken

    @staticmethod
    def _cut_off(connections: list[Connection]) -> None:
        """Bound what waits to be taken by those who read nothing."""
        unsent = [(one.transport.get_write_buffer_size(), one) for one in connections]
        total = sum(size for size, _ in unsent)
        if total > MOST_UNSENT:
            for size, connection in sorted(unsent, key=lambda pair: -pair[0]):
                connection.transport.abort()
                total -= size
                if total <= MOST_UNSENT // 2:
                    return


class Connection(HttpToolsProtocol):
    """One connection, from its first byte to its last.

    The methods are uvicorn's, which its parser and its cycles call; a cycle is one request with its
    answer. tests/serve/test_protocol.py says what of uvicorn this stands on.

    gate        the same for all
    deadline    the loop's time at which something must have come; infinite while it is our turn
    """

    gate: Gate

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.deadline = math.inf
        self._deaf = False  # reads nothing any more
        self._receiving = False  # between a request's first byte and its last
        self._refused = False  # the request that is being received has no cycle
        self._coming = False  # the request was accepted and its body is still coming
        self._delayed = False  # what is read now belongs to a request that began before
        self._own: Any = None  # the cycle of the request that is being received
        self._size = self._most = 0
        self._accepted = 0.0

    @property
    def waits(self) -> bool:
        """Whether a request was accepted and is not answered."""
        return self.cycle is not None and not self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or refuse it."""
        gate = self.gate
        if len(self.connections) >= gate.connections:
            gate.count("connections")
            self._deaf = True
            self.transport = transport
            transport.write(CROWDED)
            transport.close()
            return
        super().connection_made(transport)
        self.deadline = self.loop.time() + gate.timeout

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was to be answered here."""
        self.gate.ahead -= len(self.pipeline)
        self._came()
        self.pipeline.clear()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on."""
        if self._deaf:
            return
        self._delayed = self._receiving
        if self._receiving:
            self._size += len(data)
            if self._size > self._most:
                self._refuse(LONG_HEAD if self._most == MOST_HEAD else LONG_BODY, "size")
                return
        super().data_received(data)

    # -- what the parser finds -----------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._receiving = True
        self._refused = False
        self._own = None
        self._size, self._most = 0, MOST_HEAD
        self.deadline = self.loop.time() + self.gate.timeout

    def on_headers_complete(self) -> None:
        """Accept a request, or refuse it."""
        gate = self.gate
        self._accepted = perf_counter()
        self.deadline = (
            self.loop.time() + gate.timeout + 1
        )  # the guard is first, with a better answer
        self._most = gate.most_body
        full = self._load() >= gate.limit
        cycle = self.cycle
        if self._deaf:
            self._refused = True
            return
        if cycle is not None and not cycle.response_complete:
            if full or len(self.pipeline) >= MOST_AHEAD:
                # HTTP has a connection closed where its client went too far ahead; it asks again.
                cycle.keep_alive = False
                self._deaf = self._refused = True
                gate.count("full")
                return
            gate.ahead += 1
        elif self.flow.write_paused:  # it has not taken the answers before
            self._refused = True
            gate.count("full")
            self._close()
            return
        elif full and not self.url.startswith(HEALTH):
            self._refused = True
            gate.refused += 1
            gate.count("full")
            if self.expect_100_continue:
                self._answer_full(close=True)
            return
        streams = self.url.partition(b"?")[0] in _STREAMS
        if streams:
            self.app = gate.streaming(self.app)
        super().on_headers_complete()
        self._own = cycle = self.cycle
        self._coming = True
        gate.coming += 1
        if gate.draining:
            cycle.keep_alive = False
        if streams:  # nothing follows a stream
            cycle.keep_alive = False
            self._deaf = True

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        whole: Any = Whole(app, cycle)
        super()._start_asgi_task(cycle, whole)

    def on_body(self, body: bytes) -> None:
        """Pass on what came of a body."""
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        self._receiving = False
        if self._refused:
            if not self._deaf:
                self._answer_full(close=self.gate.draining or not self.parser.should_keep_alive())
            return
        self._came()
        self._accepted = perf_counter()
        if self._delayed and self._load() > self.gate.limit and not self.url.startswith(HEALTH):
            self.gate.refused += 1
            self._refuse(FULL[False, self._plain()], "full")
            return
        self._own = None
        super().on_message_complete()
        if self.cycle.response_complete:  # it was answered before it had come
            self.deadline = self.loop.time() + self.gate.kept
        else:
            self.deadline = math.inf

    def _load(self) -> int:
        """How many requests wait for their answers."""
        gate = self.gate
        return len(self.tasks) + gate.ahead - gate.streams - gate.coming

    def _plain(self) -> bool:
        """Whether errors are told as the Open Inference Protocol tells them."""
        return speaks_protocol(self.url.partition(b"?")[0])

    def _came(self) -> None:
        self.gate.coming -= self._coming
        self._coming = False

    # -- what is answered ----------------------------------------------------------------------

    def on_response_complete(self) -> None:
        """Go on after an answer."""
        gate = self.gate
        if self._own is not None and self._own.response_complete:
            self.loop.call_soon(self._came)  # when its task has ended
        else:
            gate.answered(self._accepted, perf_counter())
        if self.pipeline and (self.flow.write_paused or self.transport.is_closing()):
            gate.ahead -= len(self.pipeline)
            self.pipeline.clear()
            self._close()
            return
        if self.pipeline:
            gate.ahead -= 1
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            self.deadline = self.loop.time() + LINGER
            return
        self.flow.resume_reading()
        if not self._receiving:
            kept = gate.timeout if self.flow.write_paused else gate.kept
            self.deadline = self.loop.time() + kept

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002
        """Answer what cannot be read."""
        self._refuse(BAD, "request")

    def _answer_full(self, *, close: bool) -> None:
        answer = FULL[not close, self._plain()]
        if self.parser.get_method() == b"HEAD":
            answer = answer[: answer.index(b"\r\n\r\n") + 4]
        self.transport.write(answer)
        self.deadline = self.loop.time() + self.gate.kept
        if close:
            self._close()

    def _refuse(self, answer: bytes, reason: str) -> None:
        """Read no more; answer what was accepted before, then close."""
        self.gate.count(reason)
        self._deaf = True
        own = self._own
        if own is None:
            if self.waits:
                self.cycle.keep_alive = False
                self.deadline = math.inf
                return
            self.transport.write(answer)
        elif self.pipeline:  # others are before it: it ends unanswered, and the sweep closes
            own.disconnected = True
            own.message_event.set()
            return
        elif not own.response_started:
            self.transport.write(answer)
        self._close()

    def _close(self) -> None:
        self._deaf = True
        self.deadline = self.loop.time() + LINGER
        self.transport.close()

    # -- ends ----------------------------------------------------------------------------------

    def expire(self, now: float) -> None:
        """End a connection whose time is over."""
        if self.transport.is_closing() or self._deaf:
            self.transport.abort()
        elif self._receiving:
            self.deadline = now + LINGER
            self._refuse(SLOW, "slow-body")
        else:
            self._close()

    def shutdown(self) -> None:
        """Let the last answer be the last; one that is just being asked may still come."""
        if self.waits:
            self.cycle.keep_alive = False

    def close_idle(self) -> None:
        """Close where nothing was asked that is not answered."""
        if not self.waits and not self._receiving and not self.transport.is_closing():
            self._close()


def connection_class(gate: Gate) -> type[Connection]:
    """Make connections that go through a gate; uvicorn makes them by their class alone."""
    return type("GatedConnection", (Connection,), {"gate": gate})
