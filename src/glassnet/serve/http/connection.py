"""Connection: HTTP as uvicorn speaks it, with an end to everything that could go on for ever.

    the head of a request, then its body        so many seconds each, however they dribble in
    requests sent ahead of their answers        MOST_AHEAD on a connection; then closed after those
    connections on which nothing is asked       KEPT seconds, or KEPT_IN_A_CROWD
    answers that are not taken                  `timeout` seconds each; who asks on without having
                                                taken them is closed

A client that has ended its own side gets every answer that it has asked for.

How much of a request is read is said in `Receiving`, how a connection ends in `Closing`; what all
connections share is the gate's: see `Gate`.
"""

from __future__ import annotations

import asyncio
import math
from functools import partial
from time import perf_counter
from typing import Any

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT

from glassnet.serve.guard.clients import client_of
from glassnet.serve.http import refusals
from glassnet.serve.http.closing import Closing
from glassnet.serve.http.cycle import Cycle, CycleTransport
from glassnet.serve.http.gate import Gate, Turn
from glassnet.serve.http.receiving import LINE
from glassnet.serve.http.stages import ANSWERED, BODY, DEAF, HALF_CLOSED, NONE, OPEN, REFUSED
from glassnet.serve.refusal import Refusal
from glassnet.serve.routing import KEY, Route, parse

MOST_AHEAD = 8
"""Requests that are accepted on a connection while one before them is being answered."""


class Connection(Closing):
    """One connection, from its first byte to its last.

    The methods are uvicorn's, which its parser and its cycles call; a cycle is one request with its
    answer. tests/serve/http/test_connection.py says what of uvicorn this stands on.

    deadline    infinite while it is our turn
    """

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.deadline = math.inf
        self._accepted = 0.0

    @property
    def held(self) -> int:
        """How many bytes of the head are kept whose request is still coming."""
        return self._held + (self._own.turn.size if self._own is not None else 0)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or refuse it."""
        gate = self.gate
        super().connection_made(transport)
        self._for_cycles = CycleTransport(transport, self._end)
        self.client_key = client_of(self.client[0]) if self.client else ""
        if gate.let_in(self):
            self.deadline = self.loop.time() + gate.timeout
            return
        self.connections.discard(self)
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
        self._phase = NONE
        self._forget()  # a cycle knows its connection: both would wait for the collector
        del self._for_cycles

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Go on answering a client that has said all it wants to."""
        if not self.is_waiting or self.is_closing or self.cycle.scope[KEY].stream:
            return None
        if (own := self._own) is not None:  # the rest of its body will not come
            if not self.pipeline:
                return None
            own.disconnected = True
            own.message_event.set()
        self._stage = HALF_CLOSED
        return True

    # -- what the parser finds -----------------------------------------------------------------

    def on_headers_complete(self) -> None:
        """Accept a request, or refuse it."""
        if self._stage is not OPEN:
            return
        gate, parser = self.gate, self.parser
        method = parser.get_method()
        if parser.should_upgrade():
            if method == b"CONNECT":
                self._refuse(refusals.BAD)
            else:
                self._upgrade = True
            return
        size = self._apart + LINE * len(self.headers)
        self._apart = 0
        # The guard is first, with a better answer.
        self.deadline = self.loop.time() + gate.timeout + 1
        try:
            path, raw, query = parse(self.url)
        except (httptools.HttpParserInvalidURLError, UnicodeDecodeError):
            self._refuse(refusals.BAD)
            return
        route = self._route = gate.routes.find(path)
        version = parser.get_http_version()
        if not self._accepts(route):
            return
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "http_version": version,
            "method": method.decode("ascii"),
            "scheme": self.scheme,
            "path": path,
            "raw_path": raw,
            "query_string": query,
            "root_path": "",
            "headers": self.headers,
            "client": self.client,
            "server": self.server,
            "state": self.app_state.copy(),
            KEY: route,
        }
        turn = Turn(gate, self.client_key, size)
        if self._stage is not OPEN:  # it was given up, there
            turn.end()
            return
        self._phase = BODY
        before = self.cycle
        cycle = Cycle(
            scope=scope,  # type: ignore[arg-type]
            transport=self._for_cycles,  # type: ignore[arg-type]
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
        if route.stream:
            self._stage = DEAF

    def _accepts(self, route: Route) -> bool:
        """Whether the request whose head has come is accepted; where not, see to what follows."""
        gate = self.gate
        full = not (route.stream or gate.waiting.admits(self.client_key))
        if self.is_waiting:
            if not full and len(self.pipeline) < MOST_AHEAD:
                return True
            # HTTP has a connection closed where its client went too far ahead; it asks again.
            self.cycle.keep_alive = False
            self._stage = DEAF
        elif self.flow.write_paused:  # it has not taken the answers before
            self._end()
        elif full and not route.always:
            gate.refused += 1
            self._phase = REFUSED
            if self.expect_100_continue:
                self._answer_full(close=True)
        else:
            return True
        gate.count(refusals.FULL.reason)
        self.headers = []
        return False

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        task = self.loop.create_task(cycle.run_asgi(app))
        task.add_done_callback(partial(self._forget_task, cycle.turn))
        self.tasks.add(task)

    def _forget_task(self, turn: Turn, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        turn.end()

    def on_body(self, body: bytes) -> None:
        """Pass on what came of a body."""
        self._apart = 0
        own = self._own
        if self._phase is not BODY or self._stage is not OPEN or own.response_complete:
            return
        own.body += body
        if len(own.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        own.message_event.set()

    def on_message_complete(self) -> None:
        """End a request."""
        if self._upgrade:
            return
        phase, self._phase = self._phase, NONE
        if phase is REFUSED and self._stage is OPEN:
            close = self.gate.draining or not self.parser.should_keep_alive()
            self._answer_full(close=close)
        elif phase is ANSWERED:
            self._wait_for_next()
        own, self._own = self._own, None
        if phase is not BODY or own is None or own.disconnected:
            return
        self._accepted = perf_counter()
        late = self._late and not (self._route.always or self._route.stream)
        if late and not self.gate.waiting.admits(self.client_key):
            self.gate.refused += 1
            self._own = own
            self._refuse(refusals.FULL)
            return
        if not self._route.stream:
            own.turn.wait()
        own.more_body = False
        own.message_event.set()
        self.deadline = math.inf

    # -- what is answered ----------------------------------------------------------------------

    def on_response_complete(self) -> None:
        """Go on after an answer."""
        gate = self.gate
        if self._own is not None and self._own.response_complete:
            self._phase, self._own = ANSWERED, None
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
        if self._stage is HALF_CLOSED:
            self._end()
            return
        self.flow.resume_reading()
        self._forget()
        if self._phase is NONE:
            self._wait_for_next()

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
        self._unread = True
        self._stop_reading()
        own = self._own
        if own is None:
            if self.is_waiting:
                self.cycle.keep_alive = False
                self.deadline = math.inf
                return
            if self._phase is not ANSWERED:
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

    def give_up(self) -> None:
        """Refuse the request that is coming: others have no room."""
        own = self._own
        self._refuse(refusals.FULL)
        self._hold(0)
        if own is not None:
            own.turn.end()


def connection_class(gate: Gate) -> type[Connection]:
    """Make connections that go through a gate; uvicorn makes them by their class alone."""
    return type("GatedConnection", (Connection,), {"gate": gate})
