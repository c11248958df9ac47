"""Connection: HTTP as uvicorn speaks it, with an end to everything that could go on for ever.

    the head of a request, then its body        so many seconds each, however they dribble in
    requests sent ahead of their answers        MOST_AHEAD on a connection; then closed after those
    connections on which nothing is asked       KEPT seconds, or KEPT_IN_A_CROWD
    answers that are not taken                  `timeout` seconds each; who asks on without having
                                                taken them is closed

A connection whose client may still be sending is closed gently: our side ends after the last
answer, and what still comes is read and thrown away for a while (`linger`). Closed at once, the
system would answer the rest of a body with a reset, and the client would lose the answer that says
why. A client that has ended its own side gets every answer that it has asked for.

How much of a request is read is said in `Receiving`; what all connections share is the gate's: see
`Gate`.
"""

from __future__ import annotations

import asyncio
import fcntl
import math
import termios
from time import perf_counter
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from glassnet.serve.guard.clients import client_of
from glassnet.serve.http import refusals
from glassnet.serve.http.gate import Gate, Turn
from glassnet.serve.http.receiving import LINE, Phase, Receiving
from glassnet.serve.http.single_write import SingleWrite
from glassnet.serve.refusal import Refusal
from glassnet.serve.routing import KEY, NOWHERE, Route, parse

MOST_AHEAD = 8
"""Requests that are accepted on a connection while one before them is being answered."""

LINGER = 2.0
"""Seconds without a sign after which a connection that is being closed is cut off."""

MOST_THROWN_AWAY = 32 << 20
"""Bytes that are read and thrown away after the last answer."""


class Cycle(RequestResponseCycle):
    """One request with its answer, and the turn in which it is counted."""

    turn: Turn


class Connection(Receiving):
    """One connection, from its first byte to its last.

    The methods are uvicorn's, which its parser and its cycles call; a cycle is one request with its
    answer. tests/serve/http/test_connection.py says what of uvicorn this stands on.

    deadline    infinite while it is our turn
    """

    cycle: Any

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.deadline = math.inf
        self._unread = False  # something that came was not read
        self._lingers = False  # our side has ended, theirs has not
        self._half_closed = False  # their side has ended, ours has not
        self._own: Any = None  # the cycle of the request that is being received
        self._route: Route = NOWHERE
        self._thrown_away = 0
        self._accepted = self._patience = 0.0

    @property
    def is_waiting(self) -> bool:
        """Whether a request was accepted and is not answered."""
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def held(self) -> int:
        """How many bytes of the head are kept whose request is still coming."""
        return self._held + (self._own.turn.size if self._own is not None else 0)

    @property
    def is_closing(self) -> bool:
        """Whether nothing more is answered."""
        return self._lingers or self.transport.is_closing()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or refuse it."""
        gate = self.gate
        super().connection_made(transport)
        self.client_key = client_of(self.client[0]) if self.client else ""
        if gate.let_in(self):
            self.deadline = self.loop.time() + gate.timeout
            return
        self.connections.discard(self)
        self._deaf = True
        transport.write(refusals.to_http(refusals.CROWDED))
        self._linger()
        gate.see_off(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was to be answered here."""
        self.gate.forget(self)
        self._hold(0)
        self._forget_ahead()
        if self._own is not None:
            self._own.turn.end()
        super().connection_lost(exc)
        self._phase = Phase.NONE
        self._forget()  # a cycle knows its connection: both would wait for the collector

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Go on answering a client that has said all it wants to."""
        if not self.is_waiting or self.is_closing or self.cycle.scope[KEY].stream:
            return None
        if (own := self._own) is not None:  # the rest of its body will not come
            if not self.pipeline:
                return None
            own.disconnected = True
            own.message_event.set()
        self._half_closed = self._deaf = True
        return True

    # -- what the parser finds -----------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        if not self._deaf:
            self._own = None
            self._route = NOWHERE

    def on_headers_complete(self) -> None:
        """Accept a request, or refuse it."""
        if self._deaf:
            return
        gate, scope = self.gate, self.scope
        parser = self.parser
        method = parser.get_method()
        if parser.should_upgrade():
            if method == b"CONNECT":
                self._refuse(refusals.BAD)
            else:
                self._upgrade = True
            return
        size = self._apart + LINE * self._lines
        self._lines = self._apart = 0
        self._accepted = perf_counter()
        # The guard is first, with a better answer.
        self.deadline = self.loop.time() + gate.timeout + 1
        try:
            path, raw, query = parse(self.url)
        except (httptools.HttpParserInvalidURLError, UnicodeDecodeError):
            self._refuse(refusals.BAD)
            return
        route = self._route = gate.routes.find(path)
        version = parser.get_http_version()
        scope["method"] = method.decode("ascii")
        scope["http_version"] = version
        scope["path"], scope["raw_path"], scope["query_string"] = path, raw, query
        scope[KEY] = route  # type: ignore[literal-required]
        if not self._accepts(route):
            return
        turn = Turn(gate, self.client_key, size, route.stream)
        if self._deaf:  # it was given up, there
            turn.end()
            return
        self._phase = Phase.BODY
        before = self.cycle
        cycle = Cycle(
            scope=scope,
            transport=_Way(self),  # type: ignore[arg-type]
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=version != "1.0" and parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        cycle.turn = turn
        self._own = self.cycle = cycle
        if gate.draining or route.stream:  # nothing follows a stream
            cycle.keep_alive = False
        if before is None or before.response_complete:
            self._start_asgi_task(cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self.app))
        self._deaf = route.stream

    def _accepts(self, route: Route) -> bool:
        """Whether the request whose head has come is accepted; where not, see to what follows."""
        gate = self.gate
        full = not (route.stream or gate.waiting.admits(self.client_key))
        if self.is_waiting:
            if not full and len(self.pipeline) < MOST_AHEAD:
                return True
            # HTTP has a connection closed where its client went too far ahead; it asks again.
            self.cycle.keep_alive = False
            self._deaf = True
        elif self.flow.write_paused:  # it has not taken the answers before
            self._end()
        elif full and not route.always:
            gate.refused += 1
            self._phase = Phase.REFUSED
            if self.expect_100_continue:
                self._answer_full(close=True)
        else:
            return True
        gate.count(refusals.FULL.reason)
        self.headers = self.scope = None  # type: ignore[assignment]
        return False

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        task = self.loop.create_task(cycle.run_asgi(SingleWrite(app, cycle)))
        task.add_done_callback(self.tasks.discard)
        task.add_done_callback(cycle.turn.end)
        self.tasks.add(task)

    def on_body(self, body: bytes) -> None:
        """Pass on what came of a body."""
        self._apart = 0
        if self._phase is Phase.BODY and not self._deaf:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        if self._upgrade:
            return
        phase, self._phase = self._phase, Phase.NONE
        if phase is Phase.REFUSED and not self._deaf:
            close = self.gate.draining or not self.parser.should_keep_alive()
            self._answer_full(close=close)
        elif phase is Phase.ANSWERED:
            self._wait_for_next()
        own, self._own = self._own, None
        if phase is not Phase.BODY or own is None or own.disconnected:
            return
        self._accepted = perf_counter()
        late = self._late and not (self._route.always or self._route.stream)
        if late and not self.gate.waiting.admits(self.client_key):
            self.gate.refused += 1
            self._own = own
            self._refuse(refusals.FULL)
            return
        own.turn.came()
        super().on_message_complete()
        self.deadline = math.inf

    # -- what is answered ----------------------------------------------------------------------

    def on_response_complete(self) -> None:
        """Go on after an answer."""
        gate = self.gate
        if self._own is not None and self._own.response_complete:
            self._phase, self._own = Phase.ANSWERED, None
        else:
            gate.answered(self._accepted, perf_counter())
        if self.pipeline and (self.flow.write_paused or self.is_closing):
            self._forget_ahead()
            self._end()
            return
        if self.pipeline:
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        if self.is_closing:
            return
        if self._half_closed:
            self._end()
            return
        self.flow.resume_reading()
        self._forget()
        if self._phase is Phase.NONE:
            self._wait_for_next()

    def _forget(self) -> None:
        """Keep nothing of the last request."""
        if self._phase is not Phase.HEAD:
            self.headers = self.scope = None  # type: ignore[assignment]
        self.cycle = self._own = None

    def _wait_for_next(self) -> None:
        kept = self.gate.timeout if self.flow.write_paused else self.gate.kept
        self.deadline = self.loop.time() + kept

    def _forget_ahead(self) -> None:
        """Forget the requests that were sent ahead."""
        for cycle, _ in self.pipeline:
            cycle.turn.end()  # type: ignore[attr-defined]
        self.pipeline.clear()

    def _answer_full(self, *, close: bool) -> None:
        answer = refusals.to_http(refusals.FULL, keep=not close, plain=self._route.plain)
        if self.parser.get_method() == b"HEAD":
            answer = answer[: answer.index(b"\r\n\r\n") + 4]
        self.transport.write(answer)
        self.deadline = self.loop.time() + self.gate.kept
        if close:
            self._end()

    def _refuse(self, refusal: Refusal) -> None:
        """Read no more; answer what was accepted before, then close."""
        self.gate.count(refusal.reason)
        answer = refusals.to_http(refusal, plain=self._route.plain)
        self._deaf = self._unread = True
        own = self._own
        if own is None:
            if self.is_waiting:
                self.cycle.keep_alive = False
                self.deadline = math.inf
                return
            if self._phase is not Phase.ANSWERED:
                self.transport.write(answer)
        elif self.pipeline:  # others are before it: it ends unanswered, and the sweep closes
            own.disconnected = True
            own.message_event.set()
            return
        else:
            if not own.response_started:
                self.transport.write(answer)
            own.disconnected = True
            own.message_event.set()
        self._end()

    # -- ends ----------------------------------------------------------------------------------

    def _end(self) -> None:
        """Answer nothing more; read away what may still come."""
        if self.is_closing:
            return
        unread = self._phase is not Phase.NONE or self._unread or self.flow.read_paused
        self._deaf = True
        if unread and not self._half_closed:
            self._linger()
        else:
            self.deadline = self.loop.time() + LINGER
            self.transport.close()

    def _linger(self) -> None:
        """End our side after what is written, and wait for the other to end."""
        self._lingers = True
        now = self.loop.time()
        self.deadline, self._patience = now + LINGER, now + self.gate.timeout
        self._hold(0)
        self.parser = None  # type: ignore[assignment]
        self._phase = Phase.NONE
        self._forget()
        self.flow.resume_reading()
        self.transport.write_eof()

    def _throw_away(self, size: int) -> None:
        self._unread = True
        if self._lingers:
            self._thrown_away += size
            self.deadline = min(self.loop.time() + LINGER, self._patience)
            if self._thrown_away > MOST_THROWN_AWAY:
                self.transport.abort()

    def give_up(self) -> None:
        """Refuse the request that is coming: others have no room."""
        own = self._own
        self._refuse(refusals.FULL)
        self._hold(0)
        if own is not None:
            own.turn.end()

    def expire(self, now: float) -> None:
        """End a connection whose time is over."""
        if self._deaf or self.is_closing:
            self.transport.abort()
        elif self._phase is not Phase.NONE:
            self.deadline = now + LINGER
            self._refuse(refusals.SLOW)
        else:
            self._end()

    def shutdown(self) -> None:
        """Let the last answer be the last; one that is just being asked may still come."""
        if self.is_waiting:
            self.cycle.keep_alive = False

    def close_idle(self) -> None:
        """Close where nothing was asked that is not answered."""
        if not (self.is_waiting or self.is_closing or self._is_asked()):
            self._end()

    def _is_asked(self) -> bool:
        """Whether a request is coming, or lies with the system and was not read yet."""
        if self._phase is not Phase.NONE:
            return True
        end = self.transport.get_extra_info("socket")
        try:
            unread = fcntl.ioctl(end.fileno(), termios.FIONREAD, bytes(4))
        except (OSError, ValueError):
            return False
        return any(unread)


class _Way:
    """What a cycle sees of a connection: where to write, and how to end."""

    __slots__ = ("_connection", "is_closing", "write")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.write = connection.transport.write
        self.is_closing = connection.transport.is_closing

    def close(self) -> None:
        """End the connection after this answer."""
        self._connection._end()


def connection_class(gate: Gate) -> type[Connection]:
    """Make connections that go through a gate; uvicorn makes them by their class alone."""
    return type("GatedConnection", (Connection,), {"gate": gate})
