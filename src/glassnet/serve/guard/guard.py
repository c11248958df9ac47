"""What stands before every route: who may ask, how much, how often, for how long.

In this order a request is asked

    Host        a name of this service, against DNS rebinding                       400, 403
    Origin      where it is sent: this service's own page, or one allowed           403
    rate        of its client's requests                                            429
    token       where there is one: all routes but the open ones                    401
    body        its announced length; then its bytes, as they come                  413

and what follows has `timeout` seconds for the body to come (408), and again for the answer (503);
event streams are counted instead. What a page of a stranger has a browser ask is counted apart from
what the browser's user asks: it has a rate of its own. A route that is added later is asked the
same without a word about it: what is other for one stands in its `Route`. Every answer gets the
headers that keep browsers from doing more with it than was meant, and a request id; an error
inside is logged with its traceback, and the client gets its id.

Limits below HTTP (connections, heads and bodies that never end, the queue) are the connection's.
"""

from __future__ import annotations

import asyncio
import math
import re
import secrets
from collections.abc import Awaitable
from hmac import compare_digest
from time import perf_counter
from typing import TYPE_CHECKING, Any

from glassnet.serve.guard.clients import LONGEST, Rates, Shares, asking
from glassnet.serve.guard.hosts import Hosts
from glassnet.serve.refusal import error_json

if TYPE_CHECKING:
    from glassnet.serve.asgi import ASGIApp, Message, Receive, Scope, Send
    from glassnet.serve.routing import Routes
    from glassnet.serve.settings import Settings
    from glassnet.serve.telemetry.logs import Log
    from glassnet.serve.telemetry.metrics import Metrics

MOST_HELD = 32 << 20
"""Bytes of all bodies together, those that are still coming and those that are being answered."""

SMALL = 1 << 14
"""Bytes of a body that is let in however much is held: what rows take, and small drawings."""

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

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_ONCE = (b"host", b"origin", b"authorization", b"content-length")


class Guard:
    """ASGI middleware before all routes.

    app         what answers
    routes      where a request's address leads
    settings    the limits
    log         where requests and errors are written
    metrics     where they are counted

    A route may tell what it did by ``scope["glassnet.model"] = name``, for the log.
    """

    def __init__(
        self, app: ASGIApp, routes: Routes, settings: Settings, log: Log, metrics: Metrics
    ) -> None:
        self.app = app
        self.routes = routes
        self.log = log
        self.metrics = metrics
        self.most_body = settings.most_body
        self.timeout = settings.timeout
        self.hosts = Hosts(settings.host, tuple(settings.allowed_hosts))
        self.origins = {origin.lower().rstrip("/").encode() for origin in settings.allowed_origins}
        self.rates = Rates(settings.rate, settings.burst) if settings.rate else None
        self.rates_of_strangers = Rates(settings.rate, settings.burst) if settings.rate else None
        self.token = settings.token.encode() if settings.token else b""
        self.streams = Shares(max(1, settings.connections // 4))
        self.held = Shares(MOST_HELD)
        self._ids = secrets.token_hex(4)
        self._count = 0
        self._held_back = 0
        self._last_told = -math.inf
        self._open: dict[_Request, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            else:
                await self.app(scope, receive, send)
            return
        start = perf_counter()
        metrics = self.metrics
        metrics.in_flight += 1
        request = _Request(self, scope, receive, send)
        try:
            refused = self._ask(request, start)
            if refused is not None:
                await request.answer(*refused)
            else:
                await self._pass_on(request)
        finally:
            metrics.in_flight -= 1
            seconds = perf_counter() - start
            status = request.status or 499
            metrics.observe(request.route.label, status, seconds)
            if status != 429 or self._tells(start):
                address = scope.get("client")
                self.log.request(
                    scope["method"],
                    scope["path"],
                    status,
                    seconds,
                    request.sent,
                    address[0][:LONGEST] if address else "",
                    request.id,
                    scope.get("glassnet.model", ""),
                )

    # -- questions ---------------------------------------------------------------------------

    def _ask(self, request: _Request, now: float) -> tuple[Any, ...] | None:
        """Return why a request is not passed on, as arguments of `answer`; None if it is."""
        scope = request.scope
        pairs = scope["headers"]
        headers = dict(pairs)
        length = headers.get(b"content-length")
        if length is not None:
            request.size = int(length) if length.isdigit() and len(length) < 19 else math.inf
        elif b"transfer-encoding" in headers:
            request.size = math.inf
        given = headers.get(b"x-request-id")
        if given is not None and _REQUEST_ID.fullmatch(given):
            request.id = given.decode()
        else:
            self._count += 1
            request.id = f"{self._ids}-{self._count:x}"
        refused = self._ask_where_from(request, headers, len(pairs))
        if wait := self._wait(request, headers, refused is not None, now):
            request.count("rate")
            return (
                429,
                "too-many-requests",
                "More requests came from this address than are answered; slow down.",
                (b"retry-after", b"%d" % math.ceil(wait)),
            )
        if refused is not None:
            reason, *answer = refused
            request.count(reason)
            return tuple(answer)
        if (
            request.cors is not None
            and scope["method"] == "OPTIONS"
            and b"access-control-request-method" in headers
        ):
            return (204,)
        if self.token and not (
            request.route.open or self._knows(headers.get(b"authorization", b""))
        ):
            request.count("token")
            return (
                401,
                "no-token",
                "This service asks for its token: send the header 'Authorization: Bearer TOKEN'.",
                (b"www-authenticate", b"Bearer"),
            )
        return self._ask_body(request, headers) if request.size else None

    def _ask_where_from(
        self, request: _Request, headers: dict[bytes, bytes], lines: int
    ) -> tuple[Any, ...] | None:
        """Return why a request is not to be trusted: a reason, then arguments of `answer`."""
        if len(headers) != lines:
            names = [name for name, _ in request.scope["headers"]]
            for name in _ONCE:
                if names.count(name) > 1:
                    title = name.decode().title()
                    told = f"{title} came more than once; send it once."
                    return "request", 400, "header-twice", told
        host = headers.get(b"host", b"")
        if not self.hosts.trusts(host):
            if host:
                told = (
                    "The Host header is not a name of this service. Call it by the name or address "
                    "it was started with, or start it with that name allowed."
                )
                return "host", 403, "wrong-host", told
            # Load balancers ask so whether it lives; browsers never do.
            if not (request.route.always and request.scope.get("http_version") == "1.0"):
                told = "The request has no Host header; every HTTP client sends it."
                return "host", 400, "no-host", told
        origin = headers.get(b"origin")
        if origin is None:
            return None
        origin = origin.lower()
        if origin in self.origins:
            request.cors = headers[b"origin"]
            return None
        scheme, _, authority = origin.partition(b"://")
        if scheme in (b"http", b"https") and authority == host.lower():
            return None
        told = (
            "The Origin header names another page than this service's own. Start the service with "
            "that origin allowed if it may ask."
        )
        return "origin", 403, "wrong-origin", told

    def _wait(
        self, request: _Request, headers: dict[bytes, bytes], refused: bool, now: float
    ) -> float:
        """Count a request; return 0.0, or the seconds to wait where it is one too many.

        A page of a stranger may have a browser send as much as it likes, and most of it is refused.
        The browser's user does not pay for that.
        """
        strange = refused or (
            headers.get(b"sec-fetch-site") == b"cross-site" and request.cors is None
        )
        rates = self.rates_of_strangers if strange else self.rates
        return rates.wait(request.client, now) if rates is not None else 0.0

    def _knows(self, authorization: bytes) -> bool:
        """Return whether the token is right: compared in constant time."""
        scheme, _, token = authorization.partition(b" ")
        return compare_digest(token.strip(), self.token) and scheme.lower() == b"bearer"

    def _ask_body(self, request: _Request, headers: dict[bytes, bytes]) -> tuple[Any, ...] | None:
        length = headers.get(b"content-length")
        if length is not None and not length.isdigit():
            request.count("request")
            return 400, "wrong-length", "Content-Length is not a number of bytes."
        if length is not None and request.size > self.most_body:
            request.count("size")
            return 413, "too-large", self.too_large()
        if headers.get(b"content-encoding", b"identity").lower() != b"identity":
            request.count("request")
            return 415, "encoded", "The body is compressed; send it as it is."
        return None

    def too_large(self) -> str:
        return f"The body is larger than the {self.most_body:,} bytes that are read; send less."

    # -- passing on --------------------------------------------------------------------------

    async def _pass_on(self, request: _Request) -> None:
        scope = request.scope
        stream = request.route.stream
        if stream:
            if not self.streams.admits(request.client):
                request.count("streams")
                await request.answer(
                    503,
                    "too-many-streams",
                    "As many event streams are open as may be; come again later.",
                    (b"retry-after", b"10"),
                )
                return
            self.streams.take(request.client)
        else:
            self.begin(request)
        try:
            receive = request.receive if request.size else request.listen
            await self.app(scope, receive, request.send)
        except asyncio.CancelledError:
            if not request.late:
                raise
            request.task.uncancel()
        except Exception as error:
            if not (request.late or request.gone or request.stopped):
                self.log.error(error, id=request.id, path=scope["path"])
        finally:
            if stream:
                self.streams.give_back(request.client)
            if request.read:
                self.held.give_back(request.client, request.read)
            self._open.pop(request, None)
        if request.status or request.gone:
            return
        if request.stopped:
            why = request.stopped
            request.stopped = ""
            request.count(why)
            if why == "size":
                await request.answer(413, "too-large", self.too_large())
            else:
                await request.answer(
                    503,
                    "overloaded",
                    "More large bodies come at once than can be held; come again later.",
                    (b"retry-after", b"1"),
                    CLOSE,
                )
        elif request.late and request.waiting:
            request.count("slow-body")
            await request.answer(
                408, "too-slow", f"The body did not come within {self.timeout:g} s.", CLOSE
            )
        elif request.late:
            request.count("timeout")
            await request.answer(
                503,
                "took-too-long",
                f"The answer took longer than {self.timeout:g} s. Send fewer rows at once, or "
                "come again later.",
                (b"retry-after", b"1"),
            )
        else:
            await request.answer(
                500,
                "internal",
                f"Something went wrong inside. The log has more under the id {request.id}.",
            )

    def begin(self, request: _Request) -> None:
        """Give a request its time: to come whole, and again for its answer.

        One timer serves all, as the oldest is always the next.
        """
        loop = self._loop
        assert loop is not None
        deadline = loop.time() + self.timeout
        if self._open.get(request) == deadline:  # its body was there with its head
            return
        self._open.pop(request, None)
        self._open[request] = deadline
        if self._timer is None:
            self._timer = loop.call_at(deadline, self._sweep, loop)

    def task(self) -> asyncio.Task[Any]:
        """The task that runs; asyncio takes less time to find it where it is told the loop."""
        task = asyncio.current_task(self._loop) if self._loop is not None else None
        if task is None:
            self._loop = asyncio.get_running_loop()
            self._timer = None
            task = asyncio.current_task()
            assert task is not None
        return task

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        self._timer = None
        for request, deadline in list(self._open.items()):
            if deadline > now:
                self._timer = loop.call_at(deadline, self._sweep, loop)
                return
            del self._open[request]
            request.late = True
            request.task.cancel()

    def _tells(self, now: float) -> bool:
        """Return whether a refusal for the rate is logged: one each second, with how many more."""
        if now - self._last_told < 1:
            self._held_back += 1
            return False
        if self._held_back:
            self.log.event("refused", requests=self._held_back, reason="rate")
        self._last_told, self._held_back = now, 0
        return True


class _Request:
    """One request on its way: what was read, what was answered, and whether it may go on."""

    __slots__ = (
        "_receive",
        "_send",
        "client",
        "cors",
        "gone",
        "guard",
        "id",
        "late",
        "read",
        "route",
        "scope",
        "sent",
        "size",
        "status",
        "stopped",
        "task",
        "waiting",
    )

    def __init__(self, guard: Guard, scope: Scope, receive: Receive, send: Send) -> None:
        self.guard = guard
        self.scope = scope
        self._receive = receive
        self._send = send
        self.route = guard.routes.of(scope)
        self.client = asking(scope)
        self.task = guard.task()
        self.id = ""
        self.cors: bytes | None = None
        self.size: float = 0  # what the body may still be, as far as its head said
        self.read = self.sent = self.status = 0
        self.late = self.waiting = self.gone = False
        self.stopped = ""  # why its body is read no further

    def count(self, reason: str) -> None:
        self.guard.metrics.rejected(reason)

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
        held = self.guard.held
        if self.read > self.guard.most_body:
            self.stopped = "size"
        elif self.read > SMALL and not held.admits(self.client, size):
            self.stopped = "full"
        if size:
            held.take(self.client, size)
        if self.stopped:
            return {"type": "http.disconnect"}
        if not message.get("more_body", False):
            self.size = 0
            self.guard.begin(self)
        return message

    async def listen(self) -> Message:
        """Hear what comes where there is no body: that the client has gone."""
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self.gone = True
        return message

    def send(self, message: Message) -> Awaitable[None]:
        """Pass an answer on, dressed."""
        if message["type"] == "http.response.start":
            if self.stopped:
                return _nothing()
            self.status = message["status"]
            message["headers"] = self.dress(message.get("headers", ()))
        elif message["type"] == "http.response.body":
            if not self.status:
                return _nothing()
            self.sent += len(message.get("body", b""))
        return self._send(message)

    def dress(self, headers: Any) -> list[tuple[bytes, bytes]]:
        """Return an answer's headers with those that every answer has."""
        said = {name for name, _ in headers}
        dressed = [*headers, *HEADERS, (b"x-request-id", self.id.encode())]
        dressed += [pair for pair in DEFAULTS if pair[0] not in said]
        if self.size > self.guard.most_body and b"connection" not in said:
            dressed.append(CLOSE)
        if self.cors is not None:
            dressed += [
                (b"access-control-allow-origin", self.cors),
                (b"access-control-expose-headers", b"x-request-id, retry-after"),
            ]
        if self.guard.origins:
            dressed.append((b"vary", b"origin"))
        return dressed

    async def answer(
        self, status: int, code: str = "", message: str = "", *headers: tuple[bytes, bytes]
    ) -> None:
        """Answer in the place of the routes: an error, or a preflight's 204."""
        if status == 204:
            body = b""
            headers = (
                (b"access-control-allow-methods", b"GET, POST"),
                (b"access-control-allow-headers", b"authorization, content-type, x-request-id"),
                (b"access-control-max-age", b"600"),
            )
        else:
            body = error_json(self.route.plain, code, message)
            headers = (
                (b"content-type", b"application/json"),
                (b"content-length", b"%d" % len(body)),
                *headers,
            )
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})


async def _nothing() -> None:
    """Take no notice of a message."""
