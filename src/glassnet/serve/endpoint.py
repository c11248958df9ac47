"""Exchange: one request and its answer, with as little between them as ASGI allows.

An endpoint is a function of the service and a `Request` that returns a `Reply`; `respond` calls the
one of a route, and makes an answer of the error that comes out of it:

    Refusal                 its own status
    EmptyDrawingError       422, empty-drawing
    DataError, ShapeError   422, unusable
    all others              none: the guard answers 500, and logs them
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import parse_qsl

import msgspec

from glassnet.errors import DataError, EmptyDrawingError, ShapeError, short
from glassnet.serve.guard.clients import client_of_scope
from glassnet.serve.refusal import Refusal

if TYPE_CHECKING:
    from glassnet.serve.asgi import Receive, Scope, Send
    from glassnet.serve.models import Served
    from glassnet.serve.reply import Reply
    from glassnet.serve.routing import Route
    from glassnet.serve.service import Service

T = TypeVar("T")


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


def decode_json(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """Read JSON of a shape; a byte order mark before it is no part of it.

    Raises Refusal where it is no JSON or an object has a name twice, ValidationError where it
    has another shape.
    """
    text = body.removeprefix(codecs.BOM_UTF8)
    try:
        found = decoder.decode(text)
        if text.count(b":") > _names(found):
            _expect_names_once(text)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise Refusal(
            400,
            "not-json",
            f"The body is not JSON: {error}. NaN and Infinity are no numbers of JSON.",
        ) from None
    except RecursionError:
        raise Refusal(400, "not-json", "The body is JSON that is nested too deep.") from None
    return found


def _names(found: object) -> int:
    """How many names the objects of what was read have, or fewer where that takes long to say.

    A decoder keeps the last of those that are the same, silently. But each name is followed by a
    colon: where there are no more colons than names were kept, none was lost.
    """
    if type(found) is dict:
        return len(found)
    if isinstance(found, msgspec.Struct):
        values = [getattr(found, name) for name in found.__struct_fields__]
        values = [value for value in values if value is not msgspec.UNSET]
        return len(values) + sum(map(_names, values))
    if type(found) is list and found and isinstance(found[0], dict | msgspec.Struct):
        return sum(map(_names, found))
    return 0


class _Twice(NamedTuple):
    """Stands for an object that has a name twice."""

    name: str


def _expect_names_once(text: bytes) -> None:
    """Raise Refusal, which says where, if any object of some JSON has a name twice."""
    twice = []

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Twice:
        found: dict[str, Any] = {}
        for name, value in pairs:
            if name in found:
                twice.append(name)
                return _Twice(name)
            found[name] = value
        return found

    document = json.loads(text, object_pairs_hook=once, parse_int=float)
    if twice:
        place, name = next(_places(document, ""))
        raise Refusal(
            422,
            "name-twice",
            f"{place.removeprefix('.') or 'The body'} has {short(name)} more than once. A name "
            "stands for one value: send it once.",
        )


def _places(document: object, place: str) -> Iterator[tuple[str, str]]:
    """Give where the objects are that have a name twice, and the name."""
    if isinstance(document, _Twice):
        yield place, document.name
    elif isinstance(document, dict):
        for name, value in document.items():
            yield from _places(value, f"{place}.{name[:60]}")
    elif isinstance(document, list):
        for k, value in enumerate(document):
            if isinstance(value, dict | list | _Twice):
                yield from _places(value, f"{place}[{k}]")


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


def any_json(body: bytes) -> Any:
    """Whatever JSON there is. Raises Refusal where there is none."""
    try:
        return decode_json(body, _ANYTHING)
    except msgspec.ValidationError as error:  # the only one of anything: 1e999
        where = str(error).rpartition("at `$")[2].rstrip("`")
        raise Refusal(
            422,
            "too-large-a-number",
            f"The body holds a number that is too large for 64 bits, at {where or 'its top'}.",
        ) from None


_ANYTHING = msgspec.json.Decoder()
