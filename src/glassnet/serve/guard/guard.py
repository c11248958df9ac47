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
from hmac import compare_digest
from time import perf_counter
from typing import TYPE_CHECKING

from glassnet.serve.guard.clients import LONGEST
from glassnet.serve.guard.deadlines import Deadlines
from glassnet.serve.guard.hosts import Hosts
from glassnet.serve.guard.rates import Rates
from glassnet.serve.guard.request import CLOSE, GuardedRequest, Limits
from glassnet.serve.guard.shares import Shares
from glassnet.serve.refusal import Refusal
from glassnet.serve.reply import Reply

if TYPE_CHECKING:
    from glassnet.serve.asgi import ASGIApp, Receive, Scope, Send
    from glassnet.serve.routing import Routes
    from glassnet.serve.settings import Settings
    from glassnet.serve.telemetry.logs import Log
    from glassnet.serve.telemetry.metrics import Metrics

MOST_HELD = 32 << 20
"""Bytes of all bodies together, those that are still coming and those that are being answered."""

SMALL = 1 << 14
"""Bytes of a body that is let in, and not counted: what rows take, and small drawings."""

PREFLIGHT = Reply(
    b"",
    204,
    b"",
    (
        (b"access-control-allow-methods", b"GET, POST"),
        (
            b"access-control-allow-headers",
            b"authorization, content-type, inference-header-content-length, x-request-id",
        ),
        (b"access-control-max-age", b"600"),
    ),
)
"""What the browser of an allowed page is told that asks whether it may ask."""

NO_TOKEN = Refusal(
    401,
    "no-token",
    "This service asks for its token: send the header 'Authorization: Bearer TOKEN'.",
    (b"www-authenticate", b"Bearer"),
    reason="token",
)
WRONG_HOST = Refusal(
    403,
    "wrong-host",
    "The Host header is not a name of this service. Call it by the name or address it was started "
    "with, or start it with that name allowed.",
    reason="host",
)
NO_HOST = Refusal(
    400,
    "no-host",
    "The request has no Host header; every HTTP client sends it.",
    reason="host",
)
WRONG_ORIGIN = Refusal(
    403,
    "wrong-origin",
    "The Origin header names another page than this service's own. Start the service with that "
    "origin allowed if it may ask.",
    reason="origin",
)
WRONG_LENGTH = Refusal(
    400, "wrong-length", "Content-Length is not a number of bytes.", reason="request"
)
ENCODED = Refusal(415, "encoded", "The body is compressed; send it as it is.", reason="request")
TOO_MANY_STREAMS = Refusal(
    503,
    "too-many-streams",
    "As many event streams are open as may be; come again later.",
    (b"retry-after", b"10"),
    reason="streams",
)

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
        self.hosts = Hosts(settings.host, tuple(settings.allowed_hosts))
        self.origins = {origin.lower().rstrip("/").encode() for origin in settings.allowed_origins}
        self.rates = Rates(settings.rate, settings.burst) if settings.rate else None
        self.rates_of_strangers = Rates(settings.rate, settings.burst) if settings.rate else None
        self.token = settings.token.encode() if settings.token else b""
        self.streams = Shares(max(1, settings.connections // 4))
        self.held = Shares(MOST_HELD)
        self.deadlines = Deadlines(settings.timeout)
        self._limits = Limits(
            settings.most_body,
            min(SMALL, settings.most_body),
            _too_large(settings.most_body),
            self.held,
            self.deadlines,
            varies=bool(self.origins),
        )
        self._too_slow, self._took_too_long = _late(settings.timeout)
        self._ids = secrets.token_hex(4)
        self._count = 0
        self._held_back = 0
        self._last_logged = -math.inf

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
        request = GuardedRequest(scope, receive, send, self.routes.of(scope), self._limits)
        try:
            reply = self._check(request, start)
            if reply is not None:
                await reply.send(request.send)
            else:
                await self._pass_on(request)
        finally:
            metrics.in_flight -= 1
            seconds = perf_counter() - start
            status = request.status or 499
            metrics.observe(request.route.label, status, seconds)
            if status != 429 or self._logs_refusal(start):
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

    def _check(self, request: GuardedRequest, now: float) -> Reply | None:
        """Return what is answered in the place of the routes; None if a request is passed on."""
        scope = request.scope
        pairs = scope["headers"]
        headers = dict(pairs)
        length = headers.get(b"content-length")
        if length is not None:
            request.size = int(length) if length.isdigit() and len(length) < 19 else math.inf
        elif b"transfer-encoding" in headers:
            request.size = math.inf
        own_id = headers.get(b"x-request-id")
        if own_id is not None and _REQUEST_ID.fullmatch(own_id):
            request.id = own_id.decode()
        else:
            self._count += 1
            request.id = f"{self._ids}-{self._count:x}"
        refusal = self._check_origin(request, headers, len(pairs))
        if wait := self._wait(request, headers, refusal is not None, now):
            refusal = Refusal(
                429,
                "too-many-requests",
                "More requests came from this address than are answered; slow down.",
                (b"retry-after", b"%d" % math.ceil(wait)),
                reason="rate",
            )
        if refusal is not None:
            return self._refused(request, refusal)
        if (
            request.cors is not None
            and scope["method"] == "OPTIONS"
            and b"access-control-request-method" in headers
        ):
            return PREFLIGHT
        if self.token and not (
            request.route.open or self._is_token(headers.get(b"authorization", b""))
        ):
            return self._refused(request, NO_TOKEN)
        if request.size and (refusal := self._check_body(request, headers)) is not None:
            return self._refused(request, refusal)
        return None

    def _refused(self, request: GuardedRequest, refusal: Refusal) -> Reply:
        """Count a refusal; return what is sent."""
        if refusal.reason:
            self.metrics.rejected(refusal.reason)
        return refusal.reply(request.route.plain)

    def _check_origin(
        self, request: GuardedRequest, headers: dict[bytes, bytes], lines: int
    ) -> Refusal | None:
        """Return why a request is not to be trusted, by its Host and its Origin."""
        if len(headers) != lines:
            names = [name for name, _ in request.scope["headers"]]
            for name in _ONCE:
                if names.count(name) > 1:
                    message = f"{name.decode().title()} came more than once; send it once."
                    return Refusal(400, "header-twice", message, reason="request")
        host = headers.get(b"host", b"")
        if not self.hosts.trusts(host):
            if host:
                return WRONG_HOST
            # Load balancers ask so whether it lives; browsers never do.
            if not (request.route.always and request.scope.get("http_version") == "1.0"):
                return NO_HOST
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
        return WRONG_ORIGIN

    def _wait(
        self, request: GuardedRequest, headers: dict[bytes, bytes], refused: bool, now: float
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

    def _is_token(self, authorization: bytes) -> bool:
        """Return whether the token is right: compared in constant time."""
        scheme, _, token = authorization.partition(b" ")
        return compare_digest(token.strip(), self.token) and scheme.lower() == b"bearer"

    def _check_body(self, request: GuardedRequest, headers: dict[bytes, bytes]) -> Refusal | None:
        """Return why a body is not read, as far as its head says."""
        length = headers.get(b"content-length")
        if length is not None and not length.isdigit():
            return WRONG_LENGTH
        if length is not None and request.size > self._limits.most_body:
            return self._limits.too_large
        if headers.get(b"content-encoding", b"identity").lower() != b"identity":
            return ENCODED
        return None

    # -- passing on --------------------------------------------------------------------------

    async def _pass_on(self, request: GuardedRequest) -> None:
        """Have a request answered; where that comes to nothing, say why."""
        scope = request.scope
        stream = request.route.stream
        if stream:
            if not self.streams.admits(request.client):
                await self._refused(request, TOO_MANY_STREAMS).send(request.send)
                return
            self.streams.take(request.client)
        else:
            self.deadlines.begin(request)
        try:
            receive = request.receive if request.size else request.listen
            await self.app(scope, receive, request.send)
        except asyncio.CancelledError:
            if not request.late:
                raise
            request.task.uncancel()
        except Exception as error:
            if not (request.late or request.gone or request.stopped is not None):
                self.log.error(error, id=request.id, path=scope["path"])
        finally:
            if stream:
                self.streams.give_back(request.client)
            if request.held:
                self.held.give_back(request.client, request.held)
            self.deadlines.end(request)
        if not (request.status or request.gone):
            refusal = self._why_unanswered(request)
            request.stopped = None  # what is sent from now on is ours
            await self._refused(request, refusal).send(request.send)

    def _why_unanswered(self, request: GuardedRequest) -> Refusal:
        """What is told to a client that still waits."""
        if request.stopped is not None:
            return request.stopped
        if request.late:
            return self._too_slow if request.waiting else self._took_too_long
        return Refusal(
            500,
            "internal",
            f"Something went wrong inside. The log has more under the id {request.id}.",
        )

    def _logs_refusal(self, now: float) -> bool:
        """Return whether a refusal for the rate is logged: one each second, with how many more."""
        if now - self._last_logged < 1:
            self._held_back += 1
            return False
        if self._held_back:
            self.log.event("refused", requests=self._held_back, reason="rate")
        self._last_logged, self._held_back = now, 0
        return True


def _too_large(most: int) -> Refusal:
    return Refusal(
        413,
        "too-large",
        f"The body is larger than the {most:,} bytes that are read; send less.",
        reason="size",
    )


def _late(timeout: float) -> tuple[Refusal, Refusal]:
    """What is said of a body, and of an answer, that did not come in time."""
    body = Refusal(
        408,
        "too-slow",
        f"The body did not come within {timeout:g} s.",
        CLOSE,
        reason="slow-body",
    )
    answer = Refusal(
        503,
        "took-too-long",
        f"The answer took longer than {timeout:g} s. Send fewer rows at once, or come again later.",
        (b"retry-after", b"1"),
        reason="timeout",
    )
    return body, answer
