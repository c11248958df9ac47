"""The guard: what is refused, and with which status."""

# ruff: noqa: ARG001 (an ASGI app has three arguments, whichever of them it needs)

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("prometheus_client")


from .guarded import HASTY, HOST, JSON, SETTINGS, Answer, Service, ask, echo, post

# -- Host and Origin -------------------------------------------------------------------------


def test_a_strange_host_is_refused() -> None:
    service = Service()
    answer = ask(service, headers=[(b"host", b"evil.example:8000")])
    assert (answer.status, answer.code) == (403, "wrong-host")
    assert service.refused("host") == 1


def test_a_request_needs_a_host() -> None:
    assert ask(headers=[]).status == 400
    assert ask(headers=[], version="1.0").status == 400


@pytest.mark.parametrize("path", ["/v2/health/live", "/v2/health/ready"])
def test_a_load_balancer_asks_for_health_without_a_host(path: str) -> None:
    assert ask(path=path, headers=[], version="1.0").status == 200
    assert ask(path=path, headers=[]).status == 400, "HTTP/1.1 has one"
    strange = [(b"host", b"evil.example")]
    assert ask(path=path, headers=strange, version="1.0").status == 403


@pytest.mark.parametrize("name", [b"host", b"origin", b"authorization", b"content-length"])
def test_what_decides_comes_once(name: bytes) -> None:
    answer = ask(headers=[HOST, (name, b"1"), (name, b"1")])
    assert (answer.status, answer.code) == (400, "header-twice")


ORIGINS = [
    (b"http://127.0.0.1:8000", True),
    (b"https://127.0.0.1:8000", True),  # behind something that ends TLS
    (b"HTTP://127.0.0.1:8000", True),
    (b"https://friend.example", True),
    (b"http://127.0.0.1:8001", False),
    (b"http://localhost:8000", False),
    (b"http://friend.example", False),
    (b"https://friend.example.evil.example", False),
    (b"http://evil.example", False),
    (b"file://127.0.0.1:8000", False),
    (b"null", False),
    (b"", False),
]


@pytest.mark.parametrize(("origin", "allowed"), ORIGINS)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "DELETE"])
def test_only_own_and_allowed_pages_may_ask(origin: bytes, allowed: bool, method: str) -> None:
    service = Service(settings=replace(SETTINGS, allowed_origins=("https://friend.example",)))
    answer = ask(service, method=method, headers=[HOST, (b"origin", origin)], body=[b"{}"])
    assert answer.status == (200 if allowed else 403)
    assert service.refused("origin") == (0 if allowed else 1)
    cors = answer.headers.get(b"access-control-allow-origin")
    assert cors == (origin if origin == b"https://friend.example" else None)


def preflight(service: Service, origin: bytes) -> Answer:
    headers = [HOST, (b"origin", origin), (b"access-control-request-method", b"POST")]
    return ask(service, method="OPTIONS", path="/predict", headers=headers)


def test_an_allowed_page_may_ask_whether_it_may_ask() -> None:
    settings = replace(SETTINGS, allowed_origins=("https://friend.example",), token="top-secret")
    answer = preflight(Service(settings=settings), b"https://friend.example")
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers[b"access-control-allow-origin"] == b"https://friend.example"
    assert b"POST" in answer.headers[b"access-control-allow-methods"]
    allowed = answer.headers[b"access-control-allow-headers"].split(b", ")
    assert {b"authorization", b"inference-header-content-length"} <= set(allowed)
    assert answer.headers[b"vary"] == b"origin"
    assert preflight(Service(settings=settings), b"https://evil.example").status == 403


def test_ones_own_page_need_not_ask() -> None:
    answer = preflight(Service(), b"http://127.0.0.1:8000")
    assert (answer.status, answer.body) == (200, b'{"size": 0}')


def test_nobody_is_allowed_by_default() -> None:
    answer = preflight(Service(), b"https://friend.example")
    assert answer.status == 403
    assert b"access-control-allow-origin" not in answer.headers


# -- token -----------------------------------------------------------------------------------

TOKENS = [
    (b"Bearer top-secret", 200),
    (b"bearer top-secret", 200),
    (b"Bearer  top-secret", 200),
    (b"Bearer top-secre", 401),
    (b"Bearer top-secrets", 401),
    (b"Basic top-secret", 401),
    (b"top-secret", 401),
    (b"Bearer", 401),
    (b"", 401),
    (b"Bearer \xff", 401),
]


@pytest.mark.parametrize(("authorization", "status"), TOKENS)
def test_the_token_is_asked_for(authorization: bytes, status: int) -> None:
    service = Service(settings=replace(SETTINGS, token="top-secret"))
    answer = ask(service, headers=[HOST, (b"authorization", authorization)])
    assert answer.status == status
    if status == 401:
        assert answer.headers[b"www-authenticate"] == b"Bearer"
        assert service.refused("token") == 1
    assert "top-secret" not in json.dumps(service.told())


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/assets/page.js", 200),
        ("/v2/health/live", 200),
        ("/v2/health/ready", 200),
        ("/models", 401),
        ("/assets", 401),
        ("/metrics", 401),
        ("/events", 401),
        ("/openapi.json", 401),
        ("/v2/health", 401),
        ("//", 401),
        ("/nowhere", 401),
    ],
)
def test_what_is_open_without_a_token(path: str, status: int) -> None:
    assert ask(Service(settings=replace(SETTINGS, token="top-secret")), path=path).status == status


def test_an_event_stream_may_last_but_there_are_not_many() -> None:
    async def stream(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(0.2)
        await send({"type": "http.response.body", "body": b"end"})

    async def open_three() -> list[Answer]:
        service = Service(stream, replace(HASTY, connections=8))
        three = [service.ask(path="/events") for _ in range(3)]
        answers = await asyncio.gather(*three)
        assert service.guard.streams.total == 0
        return answers

    answers = asyncio.run(open_three())
    assert [answer.status for answer in answers] == [200, 200, 503]
    assert answers[0].body == b"end"
    assert b"retry-after" in answers[2].headers


def test_who_has_all_streams_leaves_others_a_share() -> None:
    async def stream(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(0.2)
        await send({"type": "http.response.body", "body": b"end"})

    async def open_six() -> list[int]:
        service = Service(stream, replace(SETTINGS, connections=16))
        clients = [*5 * ["192.0.2.1"], *3 * ["192.0.2.2"]]
        many = [service.ask(path="/events", client=(client, 1)) for client in clients]
        return [answer.status for answer in await asyncio.gather(*many)]

    assert asyncio.run(open_six()) == [200] * 4 + [503] + [200] * 2 + [503]


# -- rates -----------------------------------------------------------------------------------


def test_an_address_that_a_proxy_tells_may_be_anything_but_long() -> None:
    service = Service(settings=replace(SETTINGS, rate=10, burst=1))
    assert ask(service, client=("x" * 60_000, 1)).status == 200
    assert len(service.told()[0]["client"]) < 100
    assert service.guard.rates is not None
    (kept,) = service.guard.rates._moments
    assert len(kept) < 100


def test_one_client_too_often_is_told_when_to_come_again() -> None:
    async def many() -> tuple[Service, list[Answer], Answer]:
        service = Service(settings=replace(SETTINGS, rate=1, burst=3))
        answers = [await service.ask() for _ in range(20)]
        return service, answers, await service.ask(client=("192.0.2.9", 1))

    service, answers, other = asyncio.run(many())
    assert [answer.status for answer in answers] == [200] * 3 + [429] * 17
    assert answers[3].code == "too-many-requests"
    assert int(answers[3].headers[b"retry-after"]) >= 1
    assert other.status == 200
    assert service.refused("rate") == 17
    assert [line["status"] for line in service.told() if line["event"] == "request"] == [
        200,
        200,
        200,
        429,
        200,
    ], "a flood of refusals is no flood of lines"


STRANGE = [
    (b"origin", b"http://evil.example"),
    (b"host", b"evil.example"),
    (b"sec-fetch-site", b"cross-site"),
]


@pytest.mark.parametrize("header", STRANGE, ids=lambda pair: pair[0].decode())
def test_what_a_strangers_page_has_a_browser_ask_is_not_charged_to_its_user(
    header: tuple[bytes, bytes],
) -> None:
    own = HOST if header[0] != b"host" else header
    strange = [own] if own is header else [HOST, header]

    async def both() -> tuple[list[int], list[int]]:
        service = Service(settings=replace(SETTINGS, rate=1, burst=3))
        refused = [(await service.ask(headers=strange)).status for _ in range(10)]
        return refused, [(await service.ask()).status for _ in range(4)]

    refused, answered = asyncio.run(both())
    first = 200 if header[0] == b"sec-fetch-site" else 403
    assert refused == [first] * 3 + [429] * 7, "it has a rate of its own"
    assert answered == [200, 200, 200, 429]


def test_an_allowed_page_of_another_site_has_its_users_rate() -> None:
    origin = (b"origin", b"https://example.org")
    headers = [HOST, origin, (b"sec-fetch-site", b"cross-site")]

    async def both() -> list[int]:
        allowed = ("https://example.org",)
        service = Service(settings=replace(SETTINGS, rate=1, burst=2, allowed_origins=allowed))
        answers = [await service.ask(headers=headers) for _ in range(2)]
        return [answer.status for answer in [*answers, await service.ask()]]

    assert asyncio.run(both()) == [200, 200, 429]


# -- what goes wrong -------------------------------------------------------------------------


async def broken(scope: Any, receive: Any, send: Any) -> None:
    raise ValueError("the password is rosebud")


@pytest.mark.parametrize("path", ["/predict", "/v2/models/digits/infer", "/nowhere"])
def test_an_error_inside_leaks_nothing_and_is_logged(path: str) -> None:
    service = Service(broken)
    answer = ask(service, path=path)
    assert answer.status == 500
    assert b"rosebud" not in answer.body
    assert b"Traceback" not in answer.body
    error = json.loads(answer.body)["error"]
    if path.startswith("/v2"):
        assert isinstance(error, str)
    else:
        assert error["code"] == "internal"
    failed, told = service.told()
    assert failed["event"] == "failed"
    assert "rosebud" in failed["traceback"]
    assert failed["id"] == told["id"] == answer.headers[b"x-request-id"].decode()
    assert failed["id"].encode() in answer.body


def test_an_error_after_the_answer_began_ends_it() -> None:
    async def half(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError("too late")

    service = Service(half)
    assert [message["type"] for message in ask(service).messages] == ["http.response.start"]
    assert service.told()[0]["event"] == "failed"


def test_a_client_that_has_gone_is_no_error() -> None:
    async def gone() -> None: ...

    async def strict(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        raise ConnectionError("the client has gone")

    service = Service(strict)
    answer = post(service, (b"content-length", b"20"), body=[b"x"], after=gone)
    assert answer.messages == []
    (told,) = service.told()
    assert (told["event"], told["status"]) == ("request", 499)


def test_web_sockets_are_closed_and_the_life_of_the_app_is_passed_on() -> None:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    async def both() -> list[Any]:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        guard = Service(app).guard
        await guard({"type": "websocket", "path": "/"}, send, send)  # type: ignore[arg-type]
        await guard({"type": "lifespan"}, send, send)  # type: ignore[arg-type]
        return sent

    assert asyncio.run(both()) == [{"type": "websocket.close", "code": 1008}]
    assert seen == ["lifespan"]


# -- log, metrics and cost -------------------------------------------------------------------


def test_a_request_is_logged_without_what_is_private() -> None:
    async def named(scope: Any, receive: Any, send: Any) -> None:
        scope["glassnet.model"] = "digits"
        await echo(scope, receive, send)

    service = Service(named)
    headers = (JSON, (b"authorization", b"Bearer rosebud"), (b"content-length", b"7"))
    post(service, *headers, body=[b"rosebud"])
    (told,) = service.told()
    assert "rosebud" not in json.dumps(told)
    assert told["ms"] >= 0
    expected = {"event": "request", "method": "POST", "path": "/predict", "status": 200}
    expected |= {"bytes": 11, "client": "127.0.0.1", "model": "digits"}
    assert {key: told[key] for key in expected} == expected


def test_a_request_is_counted_by_route_and_status() -> None:
    service = Service()
    for path in ("/predict", "/v2/models/a/infer", "/v2/models/b/infer", "/made/up", "/up/made"):
        ask(service, path=path)
    counted = service.metrics.registry.get_sample_value
    routes = {"/predict": 1, "/v2/models/*/infer": 2, "other": 2}
    for route, times in routes.items():
        assert counted("glassnet_requests_total", {"route": route, "status": "200"}) == times
        assert counted("glassnet_request_seconds_count", {"route": route}) == times
    assert counted("glassnet_in_flight") == 0


def test_the_guard_is_cheap() -> None:
    """10 µs is what it is meant to cost; the bound leaves room for a machine that is busy."""

    async def nothing(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    headers = [
        HOST,
        JSON,
        (b"user-agent", b"test"),
        (b"accept", b"*/*"),
        (b"content-length", b"40"),
        (b"authorization", b"Bearer top-secret"),
    ]

    async def receive() -> Any: ...

    async def send(message: Any) -> None: ...

    async def seconds(app: Any, times: int = 500) -> float:
        def scope() -> dict[str, Any]:
            own = {"type": "http", "method": "POST", "path": "/predict", "client": ("::1", 1)}
            return {**own, "headers": headers}

        best = float("inf")
        for _ in range(10):
            began = time.thread_time()
            for _ in range(times):
                await app(scope(), receive, send)
            best = min(best, time.thread_time() - began)
        return best / times

    guard = Service(nothing, replace(SETTINGS, rate=1e9, burst=10, token="top-secret")).guard
    cost = asyncio.run(seconds(guard)) - asyncio.run(seconds(nothing))
    print(f"{1e6 * cost:.1f} µs")
    assert cost < 50e-6
