"""Endpoint: one request and its answer, with as little between them as ASGI allows.

An endpoint is a function of the service and a `Request` that returns a `Reply`; `respond` calls the
one of a route, and makes an answer of the error that comes out of it:

    Refusal                 its own status
    EmptyDrawingError       422, empty-drawing
    DataError, ShapeError   422, unusable
    all others              none: the guard answers 500, and logs them
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from glassnet.errors import DataError, EmptyDrawingError, ShapeError
from glassnet.serve.guard.clients import client_of_scope
from glassnet.serve.refusal import Refusal

if TYPE_CHECKING:
    from glassnet.serve.asgi import Receive, Scope, Send
    from glassnet.serve.models import Served
    from glassnet.serve.reply import Reply
    from glassnet.serve.routing import Route
    from glassnet.serve.service import Service


class GoneError(Exception):
    """The client has gone, or the guard stopped it: nobody waits for an answer."""


class Request:
    """What was asked.

    route                   where its address leads
    scope, receive, send    of ASGI
    """

    __slots__ = ("receive", "route", "scope", "send")

    def __init__(self, route: Route, scope: Scope, receive: Receive, send: Send) -> None:
        self.route = route
        self.scope = scope
        self.receive = receive
        self.send = send

    @property
    def client(self) -> str:
        """Who asks."""
        return client_of_scope(self.scope)

    async def body(self) -> bytes:
        """Read all of the body. Raises GoneError if it ends early."""
        message = await self.receive()
        if message["type"] == "http.request" and not message.get("more_body", False):
            body: bytes = message.get("body", b"")
            return body
        parts = []
        while message["type"] == "http.request":
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                return b"".join(parts)
            message = await self.receive()
        raise GoneError

    def parameter(self, name: str) -> str:
        """What stands in the address in the place of {name}."""
        return self.route.parameters(self.scope["path"])[name]

    def query(self, *names: str) -> dict[str, str]:
        """The parameters of the address. Raises Refusal for others, or one twice."""
        raw = self.scope.get("query_string", b"")
        if not raw:
            return {}
        found: dict[str, str] = {}
        try:
            pairs = parse_qsl(raw.decode("latin-1"), keep_blank_values=True, max_num_fields=20)
        except ValueError:
            raise Refusal(422, "unknown-parameter", "There are too many parameters.") from None
        for name, value in pairs:
            if name not in names:
                known = f"Known here: {', '.join(names)}." if names else "There are none here."
                raise Refusal(
                    422, "unknown-parameter", f"There is no parameter {name[:60]!r}. {known}"
                )
            if name in found:
                raise Refusal(422, "parameter-twice", f"{name} came more than once; send it once.")
            found[name] = value
        return found

    def expect_kind(self, *kinds: bytes, hint: str) -> None:
        """Raise Refusal unless the body is of one of these media types, or says none."""
        for name, value in self.scope["headers"]:
            if name == b"content-type" and value not in kinds:
                kind = value.partition(b";")[0].strip().lower()
                if kind not in kinds:
                    raise Refusal(
                        415,
                        "wrong-format",
                        f"The body is expected as {' or '.join(k.decode() for k in kinds)}, got "
                        f"{kind.decode('latin-1')[:60]!r}. {hint}",
                        (b"accept", b", ".join(kinds)),
                    )

    def header(self, name: bytes) -> bytes | None:
        """A header, by its name in small letters; None where it did not come."""
        return next((value for key, value in self.scope["headers"] if key == name), None)


async def respond(
    service: Service, route: Route, scope: Scope, receive: Receive, send: Send
) -> None:
    """Answer a request by its route."""
    assert route.endpoint is not None
    try:
        reply: Reply | None = await route.endpoint(service, Request(route, scope, receive, send))
    except Refusal as refusal:
        reply = refusal.reply(route.plain)
    except EmptyDrawingError as error:
        reply = Refusal(422, "empty-drawing", str(error)).reply(route.plain)
    except (DataError, ShapeError) as error:
        reply = Refusal(422, "unusable", str(error)).reply(route.plain)
    except GoneError:
        return
    if reply is not None:
        await reply.send(send)


def model_of(service: Service, name: str | None) -> Served:
    """The model of a name, or the first. Raises Refusal where there is none."""
    models = service.models
    if not models.ready:
        raise Refusal(
            503, "loading", "The models are being loaded; come again.", (b"retry-after", b"1")
        )
    if name is None:
        return models.first
    if name not in models:
        raise Refusal(
            404,
            "no-such-model",
            f"There is no model {name[:60]!r}. Known: {', '.join(models.names)}.",
        )
    return models[name]


def flag(name: str, value: str) -> bool:
    """A parameter that is 1 or 0. Raises Refusal for anything else."""
    if value in ("1", "true"):
        return True
    if value in ("0", "false"):
        return False
    raise Refusal(422, "wrong-parameter", f"{name} is 1 or 0, got {value[:60]!r}.")
