"""A service that is asked without a network, and the models that it serves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import httpx

from glassnet.serve import App, Models, Settings, create_app
from glassnet.serve.telemetry.logs import Log

ADDRESS = "http://127.0.0.1:8000"
IRIS_ROW = [5.1, 3.5, 1.4, 0.2]
IRIS_NAMES = ("sepal length", "sepal width", "petal length", "petal width")


def make_app(files: Iterable[Path], **settings: Any) -> App:
    models = Models.load(files)
    return create_app(models, Settings(**{"rate": 0, "log": "off", **settings}), Log(form="off"))


def ask(app: Any, method: str, path: str, **sent: Any) -> httpx.Response:
    """Ask once, in a loop of its own."""

    async def once() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as client:
            return await client.request(method, path, **sent)

    return asyncio.run(once())


class Asker:
    """Asks one application."""

    def __init__(self, app: App) -> None:
        self.app = app

    def get(self, path: str, **sent: Any) -> httpx.Response:
        return ask(self.app, "GET", path, **sent)

    def post(self, path: str, document: Any, **sent: Any) -> httpx.Response:
        return ask(self.app, "POST", path, json=document, **sent)

    def post_text(self, path: str, text: str | bytes, **sent: Any) -> httpx.Response:
        headers = {"content-type": "application/json", **sent.pop("headers", {})}
        return ask(self.app, "POST", path, content=text, headers=headers, **sent)

    def refusal(self, path: str, document: Any, status: int = 422) -> tuple[str, str]:
        """Post what must be refused; return the code and the message."""
        said = self.post(path, document)
        assert said.status_code == status, said.text
        error = said.json()["error"]
        return error["code"], error["message"]

    def plain_refusal(self, path: str, document: Any, status: int = 400) -> str:
        """The same under the Open Inference Protocol."""
        said = self.post(path, document)
        assert said.status_code == status, said.text
        message = said.json()["error"]
        assert isinstance(message, str)
        return message


Serve = Callable[..., Asker]
