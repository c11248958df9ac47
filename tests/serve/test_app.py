"""Every route is guarded, also one that somebody adds later."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("httpx")

import httpx

import glassnet as gn
from glassnet.serve import App, Models, Settings, create_app
from glassnet.serve.endpoint import Request
from glassnet.serve.reply import Reply
from glassnet.serve.routing import NOWHERE, NOWHERE_OF_PROTOCOL, Route
from glassnet.serve.service import Service

from . import asking

TOKEN = "a-token-for-a-test"
MOST_BODY = 1000
SETTINGS = Settings(token=TOKEN, most_body=MOST_BODY, rate=0, log="off")
OWN = {"host": "localhost", "authorization": f"Bearer {TOKEN}"}
FILLED = {"name": "iris", "file": "page.js"}

WITHOUT_A_TOKEN = {"/", "/assets/{file:path}", "/v2/health/live", "/v2/health/ready"}
WITH_A_TOKEN = {
    "/models",
    "/predict",
    "/predict/image",
    "/learn",
    "/events",
    "/metrics",
    "/openapi.json",
    "/v2",
    "/v2/models",
    "/v2/models/{name}",
    "/v2/models/{name}/ready",
    "/v2/models/{name}/infer",
}
"""A route that is added is added here, by somebody who has thought of who may ask it."""


@pytest.fixture(scope="module")
def models(trained: Path) -> Models:
    return Models.load([trained / "iris.safetensors", trained / "digits.safetensors"])


@pytest.fixture(scope="module")
def app(models: Models, tmp_path_factory: pytest.TempPathFactory) -> App:
    return create_app(models, replace(SETTINGS, learn=tmp_path_factory.mktemp("kept")))


def asked(app: App) -> Iterator[tuple[str, str]]:
    """Every method and path that the application has."""
    for route in app.routes:
        yield from ((method, route.path) for method in route.methods)


def at(path: str) -> str:
    """A path with its parts filled in."""
    for name, value in FILLED.items():
        path = path.replace(f"{{{name}}}", value).replace(f"{{{name}:path}}", value)
    assert "{" not in path, f"say in FILLED what {path} may be filled with"
    return path


def ask(app: App, method: str, path: str, headers: dict[str, str], **more: Any) -> httpx.Response:
    return asking.ask(app, method, at(path), headers=headers, **more)


def test_every_route_is_in_one_of_the_two_lists(app: App) -> None:
    assert {path for _, path in asked(app)} == WITHOUT_A_TOKEN | WITH_A_TOKEN


def test_the_lists_are_the_routes_own(app: App) -> None:
    for route in app.routes:
        assert app.routes.find(at(route.path)) is route
        assert route.open == (route.path in WITHOUT_A_TOKEN), route.path


def test_a_strange_host_is_refused_on_every_route(app: App) -> None:
    for method, path in asked(app):
        answer = ask(app, method, path, {**OWN, "host": "evil.example"})
        assert answer.status_code == 403, (method, path)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:1"])
def test_a_strange_origin_is_refused_on_every_route(app: App, origin: str) -> None:
    for method, path in asked(app):
        answer = ask(app, method, path, {**OWN, "origin": origin})
        assert answer.status_code == 403, (method, path)
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("said", ["", "Bearer not-the-token", f"Basic {TOKEN}"])
def test_a_token_is_asked_for_on_every_route_but_the_open_ones(app: App, said: str) -> None:
    for method, path in asked(app):
        answer = ask(app, method, path, {"host": "localhost", "authorization": said})
        assert (answer.status_code == 401) == (path in WITH_A_TOKEN), (method, path)


def test_the_right_token_opens_every_route(app: App) -> None:
    for method, path in asked(app):
        if path != "/events":  # which would not end
            assert ask(app, method, path, OWN).status_code not in (401, 403), (method, path)


def test_a_body_that_is_too_large_is_refused_on_every_route(app: App) -> None:
    for method, path in asked(app):
        answer = ask(app, method, path, OWN, content=b" " * (MOST_BODY + 1))
        assert answer.status_code == 413, (method, path)


async def parts() -> AsyncIterator[bytes]:
    """A body that does not say how long it is."""
    for _ in range(MOST_BODY // 100 + 1):
        yield b" " * 100


def test_a_body_that_grows_too_large_is_refused_on_every_route_that_reads_it(app: App) -> None:
    for method, path in asked(app):
        if method == "POST":
            headers = {**OWN, "content-type": "application/json"}
            if path == "/predict/image":
                headers["content-type"] = "image/png"
            answer = ask(app, method, path, headers, content=parts())
            assert answer.status_code == 413, (method, path)


def test_a_client_has_a_rate_on_every_route(models: Models) -> None:
    app = create_app(models, replace(SETTINGS, rate=1e-6, burst=1))
    assert ask(app, "GET", "/v2/health/live", OWN).status_code == 200
    for method, path in asked(app):
        answer = ask(app, method, path, OWN)
        assert answer.status_code == 429, (method, path)
        assert int(answer.headers["retry-after"]) > 0


def test_every_route_is_counted_under_its_own_name(app: App) -> None:
    names = [route.label for route in app.routes]
    assert not {NOWHERE.label, NOWHERE_OF_PROTOCOL.label} & set(names)
    assert len(set(names)) == len(names)


def test_every_answer_has_the_headers(app: App) -> None:
    for method, path in asked(app):
        if path == "/events":
            continue
        answer = ask(app, method, path, OWN)
        assert answer.headers["x-content-type-options"] == "nosniff", (method, path)
        assert answer.headers["content-security-policy"], (method, path)
        assert answer.headers["x-request-id"], (method, path)


def test_a_route_that_is_added_later_is_guarded_and_noticed(models: Models) -> None:
    app = create_app(models, SETTINGS)

    async def hello(_service: Service, _request: Request) -> Reply:
        return Reply(b'"hello"')

    app.routes.add(Route("GET", "/new", hello))
    assert ask(app, "GET", "/new", OWN).text == '"hello"'
    assert ask(app, "GET", "/new", {**OWN, "host": "evil.example"}).status_code == 403
    assert ask(app, "GET", "/new", {**OWN, "origin": "null"}).status_code == 403
    assert ask(app, "GET", "/new", {"host": "localhost"}).status_code == 401
    assert ask(app, "GET", "/new", OWN, content=b" " * 1001).status_code == 413
    with pytest.raises(AssertionError):
        test_every_route_is_in_one_of_the_two_lists(app)


def test_a_stream_has_a_head_of_its_own(app: App) -> None:
    answer = ask(app, "HEAD", "/events", OWN)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")


def test_nothing_manages_the_service_over_http(app: App) -> None:
    for path in ("/v2/repository/index", "/v2/repository/models/iris/unload", "/reload", "/docs"):
        for method in ("GET", "POST"):
            assert ask(app, method, path, OWN).status_code == 404


def test_a_file_outside_the_assets_is_not_reached(app: App) -> None:
    secret = Path(gn.__file__).name
    for way in ("../../__init__.py", "%2e%2e/%2e%2e/__init__.py", "..%2f..%2f__init__.py", secret):
        answer = ask(app, "GET", f"/assets/{way}", OWN)
        assert answer.status_code == 404
        assert "lazy" not in answer.text
