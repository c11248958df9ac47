"""Gate: what all connections share, the limits and what is under way.

    requests accepted and not yet answered      at most the queue; then 503 with Retry-After,
                                                written before the application hears of it
    connections                                 as many as may be; then an idle one of whoever has
                                                most is closed, or 503
    heads that are kept                         MOST_HEADS bytes of all; then those of whoever has
                                                most, as far as they are still coming
    answers that are not taken                  MOST_UNSENT bytes of all; then the largest

What is accepted waits for what was accepted before it. With n of them and c seconds each that is
n·c, and about as long again in the kernel before it is accepted, since the loop reads only between
two rounds of answers. So the queue is bounded by time as well as by number: where n·c would pass
WAIT, n is smaller, but never below LEAST, which slow requests (explanations, pictures) need. Who
has less than a fair share of it is let in beyond the limit: see `Shares`.

Health is always answered, and event streams, which have no end, are not counted. Nor is a request
whose body is still coming: else a few who send slowly would keep all others out. Once it is there
it is counted, or refused where there is no room any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from glassnet.serve.guard.shares import Shares
from glassnet.serve.routing import Routes
from glassnet.serve.settings import Settings

WAIT = 0.015
"""Seconds that the requests accepted may take altogether."""

LEAST = 32
"""Requests that are accepted however slow they are."""

KEPT, KEPT_IN_A_CROWD = 30.0, 3.0
"""Seconds after which a connection is closed on which nothing is asked; a crowd is half of all."""

MOST_HEAD = 1 << 16
"""Bytes of a request's head, and of what frames its body between two bytes of that."""

MOST_HEADS = 16 << 20
"""Bytes of all heads that are kept: of requests that are coming, and of those being answered."""

SMALL_HEAD = 1 << 12
"""Bytes of a head that is not counted once it is there: what browsers and programs send."""

MOST_UNSENT = 32 << 20
"""Bytes of all answers that are not taken; beyond, those who leave most are cut off."""

MOST_LEAVING = 64
"""Connections beyond the limit that are told so and then read away, at the same time."""


class Gated(Protocol):
    """A connection, as far as the gate and the server know it: see `Connection`.

    client_key  whom it belongs to
    deadline    the loop's time at which something must have come
    """

    client_key: str
    deadline: float
    transport: asyncio.Transport

    @property
    def is_waiting(self) -> bool:
        """Whether a request was accepted and is not answered."""

    @property
    def held(self) -> int:
        """How many bytes of the head are kept whose request is still coming."""

    def give_up(self) -> None:
        """Refuse the request that is coming: others have no room."""

    def expire(self, now: float) -> None:
        """End a connection whose time is over."""

    def shutdown(self) -> None:
        """Let the last answer be the last; one that is just being asked may still come."""

    def close_idle(self) -> None:
        """Close where nothing was asked that is not answered."""


class Gate:
    """What all connections share.

    settings    the limits
    count       is told why each request is refused: "full", "connections", "slow-body", ...
    routes      where a request's address leads

    waiting     requests that wait for their answers, by client; their limit is `queue` or less
    clients     connections, by client
    heads       bytes of heads that are kept, by client
    pace        seconds from one answer to the next while there is something to answer
    open        all connections
    leaving     connections beyond the limit, which are told so
    """

    def __init__(
        self,
        settings: Settings,
        count: Callable[[str], None] = lambda _reason: None,
        routes: Routes | None = None,
    ) -> None:
        self.count = count
        self.routes = routes or Routes(())
        self.timeout = settings.timeout
        self.queue = settings.queue
        self.connections = settings.connections
        self.most_body = 8 * settings.most_body + MOST_HEAD  # 8: chunks of a byte or two
        self.kept = KEPT
        self.draining = False
        self.waiting = Shares(settings.queue)
        self.clients = Shares(settings.connections)
        self.heads = Shares(MOST_HEADS)
        self.refused = 0
        self.pace = self.last = 0.0
        self.open: set[Gated] = set()
        self.leaving: dict[Gated, None] = {}

    @property
    def limit(self) -> float:
        """How many requests may wait for their answers now."""
        return self.waiting.limit

    def answered(self, accepted: float, now: float) -> None:
        """Take note of an answer, for the pace: the time since the last, or since it was asked."""
        since = max(accepted, self.last)
        self.pace += (now - since - self.pace) / 64
        self.last = now

    def let_in(self, connection: Gated) -> bool:
        """Take a connection, where need be in the place of one of whoever has most."""
        client = connection.client_key
        if len(self.open) >= self.connections and not self._make_room(client):
            self.count("connections")
            return False
        self.open.add(connection)
        self.clients.take(client)
        return True

    def see_off(self, connection: Gated) -> None:
        """Keep a connection beyond the limit until it has read so, or others come after it."""
        self.leaving[connection] = None
        if len(self.leaving) > MOST_LEAVING:
            next(iter(self.leaving)).transport.abort()

    def forget(self, connection: Gated) -> None:
        """Take note that a connection is lost."""
        self.leaving.pop(connection, None)
        if connection in self.open:
            self.open.remove(connection)
            self.clients.give_back(connection.client_key)

    def _make_room(self, client: str) -> bool:
        greediest = self.clients.greediest()
        if self.clients.of(greediest) <= self.clients.of(client) + 1:
            return False
        theirs = [one for one in self.open if one.client_key == greediest and not one.is_waiting]
        if not theirs:
            return False
        oldest = min(theirs, key=lambda one: one.deadline)
        oldest.transport.abort()
        self.forget(oldest)
        return True

    def hold(self, client: str, size: int) -> None:
        """Take note of bytes of a head that are kept; see that all together stay within bounds."""
        self.heads.take(client, size)
        if self.heads.total > MOST_HEADS:
            self._cut_heads()

    def _cut_heads(self) -> None:
        """Refuse requests that are still coming, from whoever has most of them, to half of all."""
        coming = [one for one in self.open if one.held]
        coming.sort(key=lambda one: (self.heads.of(one.client_key), one.held), reverse=True)
        for connection in coming:
            connection.give_up()
            if self.heads.total <= MOST_HEADS // 2:
                return

    def sweep(self, now: float) -> None:
        """Close what had its time. To be called a few times a second.

        now     the loop's time
        """
        self._cut_off()
        crowd = 2 * len(self.open) > self.connections
        self.kept = KEPT_IN_A_CROWD if crowd else KEPT
        self.waiting.limit = min(self.queue, max(LEAST, int(WAIT / max(self.pace, 1e-6))))
        for connection in [*self.open, *self.leaving]:
            if connection.deadline < now:
                connection.expire(now)

    def _cut_off(self) -> None:
        """Bound what waits to be taken by those who read nothing."""
        unsent = [(one.transport.get_write_buffer_size(), one) for one in self.open]
        total = sum(size for size, _ in unsent)
        if total > MOST_UNSENT:
            for size, connection in sorted(unsent, key=lambda pair: -pair[0]):
                connection.transport.abort()
                total -= size
                if total <= MOST_UNSENT // 2:
                    return


class Turn:
    """A request that was accepted, from the end of its head until its answer is given.

    gate, client    where it is counted, and to whom
    size            bytes of its head; 0 where it is small
    """

    __slots__ = ("_client", "_gate", "_waiting", "size")

    def __init__(self, gate: Gate, client: str, size: int) -> None:
        self._gate = gate
        self._client = client
        self._waiting = False
        self.size = size if size > SMALL_HEAD else 0
        if self.size:
            gate.hold(client, size)

    def wait(self) -> None:
        """Count it as waiting for its answer: its body is there."""
        self._waiting = True
        self._gate.waiting.take(self._client)

    def end(self) -> None:
        """Take note that it is answered, or never will be."""
        if self._waiting:
            self._waiting = False
            self._gate.waiting.give_back(self._client)
        if self.size:
            self._gate.heads.give_back(self._client, self.size)
            self.size = 0
