"""Routing: an address is looked up once, and whoever has to decide anything asks what was found.

    routes = Routes([Route("GET", "/models", models), ...])
    routes.find("/v2/models/iris/infer")        # the route; NOWHERE where there is none
    routes.of(scope)                            # the same of a request, found at most once

The connection (is it counted as waiting, has its answer an end), the guard (does it need a token),
the metrics (under which name is it counted), the form of errors and the answer itself all read the
one `Route`; none of them looks at the text of an address.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import httptools

if TYPE_CHECKING:
    from glassnet.serve.asgi import Scope

KEY = "glassnet.route"
"""Where a request's scope holds its route."""

_PART = re.compile(r"\{(\w+)(:path)?\}")


def speaks_protocol(path: str) -> bool:
    """Whether a path, without its query, is one of the Open Inference Protocol."""
    return path == "/v2" or path.startswith("/v2/")


@dataclass(frozen=True, eq=False)
class Route:
    """An address of the service, and all that is decided by it.

    method          GET answers HEAD, too
    path            "/v2/models/{name}"; "{file:path}" may hold slashes
    endpoint        a function of the service and a request; None where nothing is there
    description     what OpenAPI says of it, as a function of the service
    tag             the group in which OpenAPI shows it
    open            it is answered without the token
    stream          its answer has no end: it is neither timed nor waited for
    always          it is answered however many requests wait: whether the service lives

    label           its name in metrics, of which no client can make more
    plain           its errors are {"error": "text"}, as the Open Inference Protocol has them
    pattern         what its addresses look like; None where there is one alone
    """

    method: str
    path: str
    endpoint: Callable[..., Any] | None = None
    description: Callable[..., Any] = lambda _service: None
    tag: str = ""
    open: bool = False
    stream: bool = False
    always: bool = False
    label: str = field(init=False)
    pattern: re.Pattern[str] | None = field(init=False, repr=False)
    plain: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", _PART.sub("*", self.path))
        object.__setattr__(self, "pattern", _pattern(self.path) if "{" in self.path else None)
        object.__setattr__(self, "plain", speaks_protocol(self.path))

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that are answered."""
        return ("GET", "HEAD") if self.method == "GET" else (self.method,)

    def parameters(self, path: str) -> dict[str, str]:
        """What stands in an address of this route in the place of {name}."""
        found = self.pattern.fullmatch(path) if self.pattern is not None else None
        return found.groupdict() if found is not None else {}


NOWHERE = Route("GET", "other")
NOWHERE_OF_PROTOCOL = Route("GET", "/v2/other")


class Routes:
    """All routes, each address of which has one method. Raises ValueError for an address twice."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._plain: dict[str, Route] = {}
        self._patterns: list[Route] = []
        for route in routes:
            self.add(route)

    def __iter__(self) -> Iterator[Route]:
        yield from self._plain.values()
        yield from self._patterns

    def add(self, route: Route) -> None:
        """Add a route."""
        if any(route.path == other.path for other in self):
            raise ValueError(f"There is a route {route.path} already.")
        if route.pattern is not None:
            self._patterns.append(route)
        else:
            self._plain[route.path] = route

    def find(self, path: str) -> Route:
        """The route of a path, as it is without its query and its escapes."""
        route = self._plain.get(path)
        if route is not None:
            return route
        for route in self._patterns:
            if route.pattern is not None and route.pattern.fullmatch(path):
                return route
        return NOWHERE_OF_PROTOCOL if speaks_protocol(path) else NOWHERE

    def of(self, scope: Scope) -> Route:
        """The route of a request, which is remembered in its scope."""
        route: Route | None = scope.get(KEY)
        if route is None:
            route = scope[KEY] = self.find(scope["path"])
        return route


def parse(url: bytes) -> tuple[str, bytes, bytes]:
    """Take the target of a request apart: its path, the same as it was sent, and its query.

    It may be a whole address (``http://…``), of which the path counts, and end in a fragment, which
    does not. Raises httptools.HttpParserInvalidURLError, or UnicodeDecodeError, where it is none.
    """
    target = httptools.parse_url(url)
    raw = target.path or b"/"
    path = raw.decode("ascii")
    return unquote(path) if "%" in path else path, raw, target.query or b""


def _pattern(path: str) -> re.Pattern[str]:
    parts = _PART.split(path)  # text, name, ":path" or None, text, …
    found = re.escape(parts[0])
    for name, has_slashes, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        found += f"(?P<{name}>{'.*' if has_slashes else '[^/]+'})" + re.escape(text)
    return re.compile(found, re.DOTALL)
