"""The application: the routes, documented by FastAPI, behind the guard.

FastAPI routes and describes; the endpoints themselves are plain ASGI, without its machinery of
parameters and models, which would take longer than a network of this kind takes to answer. The
busiest of them are found without it, by their address alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from inspect import getdoc
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response

import glassnet as gn
from glassnet.serve import about, describe, describe_protocol, inference, predict, shapes
from glassnet.serve.errors import speaks_protocol
from glassnet.serve.exchange import Endpoint, Reply, Request, model_of, refused, send_reply
from glassnet.serve.guard import Guard
from glassnet.serve.logs import Log
from glassnet.serve.metrics import Metrics
from glassnet.serve.models import Models
from glassnet.serve.page import Page
from glassnet.serve.service import Service
from glassnet.serve.settings import Settings

if TYPE_CHECKING:
    from starlette.requests import Request as StarletteRequest
    from starlette.types import ASGIApp, Receive, Scope, Send

ABOUT = """\
Neural networks you can see through, over HTTP. Every answer carries its model's name and hash.
Errors are `{"error": {"code", "message"}}`, under `/v2` `{"error": "text"}` as the Open Inference
Protocol has them.
"""
ANSWERS, SERVICE, PROTOCOL = "Answers", "The service", "Open Inference Protocol"


class Entry(NamedTuple):
    """A route: how it is reached, what answers, and what OpenAPI says of it, if anything."""

    method: str
    path: str
    answer: Callable[[Service, Request], Any]
    about: Callable[[Service], dict[str, Any] | None]
    tag: str
    status: int = 200


class Route(APIRoute):
    """A route that FastAPI describes and that answers by itself."""

    def __init__(self, path: str, endpoint: Any, **settings: Any) -> None:
        super().__init__(path, endpoint, **settings)
        self.app = endpoint


class App:
    """The service as an ASGI application.

    state   the Service: its models, its settings, and whether it is draining
    routes  what answers, without the guard: a FastAPI application
    """

    def __init__(self, models: Models, settings: Settings, log: Log, metrics: Metrics) -> None:
        self.state = Service(models, settings, log, metrics)
        self.routes = routes(self.state)
        self._guarded: ASGIApp = Guard(_Dispatch(self.routes), settings, log, metrics)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await self._guarded(scope, receive, send)


def create_app(
    models: Models, settings: Settings, log: Log | None = None, metrics: Metrics | None = None
) -> App:
    """Make the service of some models.

    log, metrics    where it writes and counts; its own unless given
    """
    return App(models, settings, log or Log(form=settings.log), metrics or Metrics())


def routes(service: Service) -> FastAPI:
    """Make the routes of a service, without what guards them."""
    document = _Document(service)
    document.entries = table(Page(), document)
    app = FastAPI(
        title="Glassnet",
        version=gn.__version__,
        description=ABOUT,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    for entry in document.entries:
        endpoint = Endpoint(service, entry.answer, plain=speaks_protocol(entry.path))
        app.router.add_api_route(
            entry.path,
            endpoint,
            methods=[entry.method],
            name=endpoint.__name__,
            summary=(getdoc(entry.answer) or "").partition("\n")[0],
            status_code=entry.status,
            response_class=Response,
            tags=[entry.tag],
            route_class_override=Route,
        )
    document.app = app
    app.openapi = document.make  # type: ignore[method-assign]
    app.add_exception_handler(HTTPException, _not_found)
    app.add_exception_handler(Exception, _failed)
    return app


def table(page: Page, document: _Document) -> list[Entry]:
    """All routes."""
    d, v2 = describe, describe_protocol
    return [
        Entry("POST", "/predict", predict.predict, d.predict, ANSWERS),
        Entry("POST", "/predict/image", predict.predict_image, d.predict_image, ANSWERS),
        Entry("POST", "/learn", predict.learn, d.learn, ANSWERS, 201),
        Entry("GET", "/models", about.models, d.models, SERVICE),
        Entry("GET", "/", page.index, d.index, SERVICE),
        Entry("GET", "/assets/{file:path}", page.asset, d.asset, SERVICE),
        Entry("GET", "/events", about.events, d.events, SERVICE),
        Entry("GET", "/metrics", about.metrics, d.metrics, SERVICE),
        Entry("GET", "/openapi.json", document.answer, d.openapi, SERVICE),
        Entry("GET", "/v2/health/live", inference.live, v2.live, PROTOCOL),
        Entry("GET", "/v2/health/ready", inference.ready, v2.ready, PROTOCOL),
        Entry("GET", "/v2", inference.server, v2.server, PROTOCOL),
        Entry("GET", "/v2/models", inference.models, v2.models, PROTOCOL),
        Entry("GET", "/v2/models/{name}", inference.metadata, v2.metadata, PROTOCOL),
        Entry("GET", "/v2/models/{name}/ready", inference.model_ready, v2.model_ready, PROTOCOL),
        Entry("POST", "/v2/models/{name}/infer", inference.infer, v2.infer, PROTOCOL),
    ]


class _Document:
    """The OpenAPI document, made anew where a model changed."""

    app: FastAPI
    entries: Sequence[Entry] = ()

    def __init__(self, service: Service) -> None:
        self.service = service
        self._made: tuple[list[str], dict[str, Any], bytes] | None = None

    def make(self) -> dict[str, Any]:
        """Give the document."""
        return self._now()[1]

    async def answer(self, _service: Service, request: Request) -> Reply:
        """Describe all of this for programs."""
        request.query()
        model_of(self.service, None)  # examples are the models'
        return Reply(self._now()[2])

    def _now(self) -> tuple[list[str], dict[str, Any], bytes]:
        hashes = [served.hash for served in self.service.models]
        if self._made is None or self._made[0] != hashes:
            document = self._make()
            self._made = hashes, document, msgspec.json.encode(document)
        return self._made

    def _make(self) -> dict[str, Any]:
        service = self.service
        document: dict[str, Any] = get_openapi(
            title=self.app.title,
            version=self.app.version,
            description=self.app.description,
            routes=self.app.routes,
        )
        described, document["paths"] = document["paths"], {}
        for entry in self.entries:
            if (about_it := entry.about(service)) is not None:
                operation = described[entry.path][entry.method.lower()]
                name = entry.path.strip("/").replace("/", "_") or "page"
                operation["operationId"] = f"{entry.method.lower()}_{name}"
                document["paths"][entry.path] = {entry.method.lower(): operation | about_it}
        document["components"] = shapes.components(service)
        if service.settings.token:
            document["security"] = [{"token": []}]
        return document


class _Dispatch:
    """Finds the busiest routes by their address, and leaves the others to FastAPI.

    HEAD is answered as GET is; the server sends no body then.
    """

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._busy = {
            route.path: route.app
            for route in app.routes
            if isinstance(route, Route) and route.path in ("/predict", "/predict/image")
        }
        self._infer = next(
            route.app
            for route in app.routes
            if isinstance(route, Route) and route.path.endswith("/infer")
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope.get("method")
        if method == "POST":
            path = scope["path"]
            endpoint = self._busy.get(path)
            if endpoint is None and path.startswith("/v2/models/") and path.endswith("/infer"):
                endpoint = self._infer if path.count("/") == 4 else None
            if endpoint is not None:
                return await endpoint(scope, receive, send)
        elif method == "HEAD":
            scope = {**scope, "method": "GET"}
        return await self._app(scope, receive, send)


async def _not_found(request: StarletteRequest, error: Exception) -> Any:
    """Answer for an address or a method that does not exist."""
    assert isinstance(error, HTTPException)
    path = request.url.path
    headers = tuple((k.lower().encode(), v.encode()) for k, v in (error.headers or {}).items())
    if error.status_code == 405:
        allowed = dict(headers).get(b"allow", b"").decode()
        code, told = "wrong-method", f"{path[:60]} is asked with {allowed}, not {request.method}."
    else:
        code, told = "not-found", "There is nothing here. GET /openapi.json says what there is."
    plain = speaks_protocol(path)
    return partial(_send, refused(error.status_code, code, told, plain, headers))


async def _failed(request: StarletteRequest, _error: Exception) -> Any:
    """Answer for an error inside; the guard logs it."""
    plain = speaks_protocol(request.url.path)
    return partial(_send, refused(500, "internal", "Something went wrong inside.", plain))


async def _send(reply: Reply, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001
    await send_reply(send, reply)
