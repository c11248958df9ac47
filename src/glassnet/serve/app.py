"""The application: every route, and the guard before them.

Endpoints are functions of the service and a request. A framework's own machinery of parameters and
models would take longer than a network of this kind takes to answer, and would look an address up
a second time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import glassnet as gn
from glassnet.serve.endpoint import respond
from glassnet.serve.guard.guard import Guard
from glassnet.serve.models import Models
from glassnet.serve.openapi import open_inference as protocol
from glassnet.serve.openapi import rest
from glassnet.serve.openapi.document import Document
from glassnet.serve.refusal import Refusal
from glassnet.serve.reply import Reply
from glassnet.serve.routes import open_inference as v2
from glassnet.serve.routes import predict
from glassnet.serve.routes import service as own
from glassnet.serve.routes.page import Page
from glassnet.serve.routes.service import EVENTS
from glassnet.serve.routing import Route, Routes
from glassnet.serve.service import Service
from glassnet.serve.settings import Settings
from glassnet.serve.telemetry.logs import Log
from glassnet.serve.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from glassnet.serve.asgi import ASGIApp, Receive, Scope, Send

ANSWERS, SERVICE, PROTOCOL = "Answers", "The service", "Open Inference Protocol"


class App:
    """The service as an ASGI application.

    state       the Service: its models, its settings, and whether it is draining
    routes      where addresses lead; one that is added is guarded as all are
    document    what OpenAPI says of them
    """

    def __init__(self, models: Models, settings: Settings, log: Log, metrics: Metrics) -> None:
        self.state = Service(models, settings, log, metrics)
        self.document = Document(self.state, gn.__version__)
        self.routes = Routes(table(Page(), self.document))
        self.document.routes = self.routes
        self._guarded: ASGIApp = Guard(self._answer, self.routes, settings, log, metrics)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await self._guarded(scope, receive, send)

    def _answer(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer a request that the guard has let pass; HEAD as GET, the server sends no body."""
        if scope["type"] == "lifespan":
            return _live(receive, send)
        route, method = self.routes.of(scope), scope["method"]
        if route.endpoint is None:
            message = "There is nothing here. GET /openapi.json says what there is."
            return Refusal(404, "not-found", message).reply(route.plain).send(send)
        if method not in route.methods:
            message = f"{scope['path'][:60]} is asked with {route.method}, not {method}."
            allow = b"allow", route.method.encode()
            return Refusal(405, "wrong-method", message, allow).reply(route.plain).send(send)
        if method == "HEAD" and route.stream:  # its end is its answer's
            return Reply(b"", kind=EVENTS).send(send)
        return respond(self.state, route, scope, receive, send)


def create_app(
    models: Models, settings: Settings, log: Log | None = None, metrics: Metrics | None = None
) -> App:
    """Make the service of some models.

    log, metrics    where it writes and counts; its own unless given
    """
    return App(models, settings, log or Log(form=settings.log), metrics or Metrics())


def table(page: Page, document: Document) -> list[Route]:
    """All routes."""
    post, get = "POST", "GET"
    return [
        Route(post, "/predict", predict.predict, rest.predict, ANSWERS),
        Route(post, "/predict/image", predict.predict_image, rest.predict_image, ANSWERS),
        Route(post, "/learn", predict.learn, rest.learn, ANSWERS),
        Route(get, "/models", own.models, rest.models, SERVICE),
        Route(get, "/", page.index, rest.index, SERVICE, open=True),
        Route(get, "/assets/{file:path}", page.asset, rest.asset, SERVICE, open=True),
        Route(get, "/events", own.events, rest.events, SERVICE, stream=True),
        Route(get, "/metrics", own.metrics, rest.metrics, SERVICE),
        Route(get, "/openapi.json", document.answer, rest.openapi, SERVICE),
        Route(get, "/v2/health/live", v2.live, protocol.live, PROTOCOL, open=True, always=True),
        Route(get, "/v2/health/ready", v2.ready, protocol.ready, PROTOCOL, open=True, always=True),
        Route(get, "/v2", v2.server, protocol.server, PROTOCOL),
        Route(get, "/v2/models", v2.models, protocol.models, PROTOCOL),
        Route(get, "/v2/models/{name}", v2.metadata, protocol.metadata, PROTOCOL),
        Route(get, "/v2/models/{name}/ready", v2.model_ready, protocol.model_ready, PROTOCOL),
        Route(post, "/v2/models/{name}/infer", v2.infer, protocol.infer, PROTOCOL),
    ]


async def _live(receive: Receive, send: Send) -> None:
    """Tell a server that begins and ends an application that there is nothing to do."""
    while True:
        message: Any = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
