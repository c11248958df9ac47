"""The OpenAPI document, made anew where a model changed."""

from __future__ import annotations

from inspect import getdoc
from typing import TYPE_CHECKING, Any

import msgspec

from glassnet.serve.endpoint import Request, model_of
from glassnet.serve.openapi import schema
from glassnet.serve.reply import Reply
from glassnet.serve.routing import Route, Routes

if TYPE_CHECKING:
    from glassnet.serve.service import Service

ABOUT = """\
Neural networks you can see through, over HTTP. Every answer carries its model's name and hash.
Errors are `{"error": {"code", "message"}}`, under `/v2` `{"error": "text"}` as the Open Inference
Protocol has them.
"""


class Document:
    """What OpenAPI says of the routes of a service.

    service     what they answer for
    version     of this package
    routes      set once they are known: this document is answered by one of them
    """

    routes = Routes(())

    def __init__(self, service: Service, version: str) -> None:
        self.service = service
        self._about = {"title": "Glassnet", "description": ABOUT, "version": version}
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
        paths = {}
        for route in self.routes:
            if (description := route.description(service)) is not None:
                paths[route.path] = {route.method.lower(): _operation(route) | description}
        document: dict[str, Any] = {
            "openapi": "3.1.0",
            "info": self._about,
            "paths": paths,
            "components": schema.components(service),
        }
        if service.settings.token:
            document["security"] = [{"token": []}]
        return document


def _operation(route: Route) -> dict[str, Any]:
    """What is said of a route whatever the models are: in the words of its function."""
    summary, _, rest = (getdoc(route.endpoint) or "").partition("\n")
    name = route.path.strip("/").replace("/", "_") or "page"
    operation = {
        "tags": [route.tag],
        "summary": summary,
        "operationId": f"{route.method.lower()}_{name}",
    }
    if rest.strip():
        operation["description"] = rest.strip()
    return operation
