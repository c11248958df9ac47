"""One request on its way: how much of it is read, and what every answer carries."""

# ruff: noqa: ARG001 (an ASGI app has three arguments, whichever of them it needs)

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("prometheus_client")

from glassnet.serve.guard import guard

from .guarded import (
    HOST,
    SETTINGS,
    Service,
    ask,
    early,
    echo,
    post,
)


def test_a_body_within_the_limit_is_read() -> None:
    assert post(None, (b"content-length", b"100"), body=[b"x" * 100]).body == b'{"size": 100}'
    chunked = post(None, (b"transfer-encoding", b"chunked"), body=[b"x" * 10] * 10)
    assert chunked.body == b'{"size": 100}'


@pytest.mark.parametrize("length", [b"101", b"1" * 30])
def test_an_announced_body_that_is_too_large_is_not_waited_for(length: bytes) -> None:
    async def never() -> None:
        raise AssertionError("the body was read")

    service = Service()
    answer = post(service, (b"content-length", length), after=never)
    assert (answer.status, answer.code) == (413, "too-large")
    assert answer.headers[b"connection"] == b"close"
    assert service.refused("size") == 1


def test_a_body_that_grows_too_large_is_refused_where_it_does() -> None:
    read = 0

    async def on() -> None:
        nonlocal read
        read += 1

    service = Service()
    answer = post(service, (b"transfer-encoding", b"chunked"), body=[b"x" * 30] * 9, after=on)
    assert (answer.status, answer.code) == (413, "too-large")
    assert answer.headers[b"connection"] == b"close"
    assert read == 0
    assert service.refused("size") == 1


@pytest.mark.parametrize(
    ("header", "status", "code"),
    [
        ((b"content-length", b"-1"), 400, "wrong-length"),
        ((b"content-length", b"+1"), 400, "wrong-length"),
        ((b"content-length", b"\xb2"), 400, "wrong-length"),
        ((b"content-encoding", b"gzip"), 415, "encoded"),
    ],
)
def test_bodies_that_are_not_read(header: tuple[bytes, bytes], status: int, code: str) -> None:
    length = [] if header[0] == b"content-length" else [(b"content-length", b"1")]
    answer = post(None, header, *length, body=[b"x"])
    assert (answer.status, answer.code) == (status, code)


@pytest.mark.parametrize(
    "refused", [(b"host", b"evil.example"), (b"origin", b"null"), (b"x-too", b"often")]
)
@pytest.mark.parametrize(
    ("header", "ends"),
    [
        ((b"transfer-encoding", b"chunked"), True),
        ((b"content-length", b"101"), True),
        ((b"content-length", b"100"), False),
    ],
)
def test_a_refusal_does_not_read_a_body_without_bounds(
    refused: tuple[bytes, bytes], header: tuple[bytes, bytes], ends: bool
) -> None:
    service = Service(settings=replace(SETTINGS, rate=1e-9, burst=1))
    if refused[0] == b"x-too":
        ask(service)
    own = [refused] if refused[0] == b"host" else [HOST, refused]
    answer = ask(service, method="POST", headers=[*own, header])
    assert answer.status == (429 if refused[0] == b"x-too" else 403)
    assert answer.headers.get(b"connection") == (b"close" if ends else None)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "DELETE"])
def test_a_body_has_a_limit_whatever_the_method(method: str) -> None:
    large = (b"content-length", b"101")
    assert ask(method=method, headers=[HOST, large]).status == 413
    answer = ask(method=method, headers=[HOST, (b"transfer-encoding", b"chunked")])
    assert (answer.status, answer.headers[b"connection"]) == (200, b"close")


def test_all_bodies_together_have_a_limit_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MOST_HELD", 250)
    monkeypatch.setattr(guard, "SMALL", 20)

    async def slowly(scope: Any, receive: Any, send: Any) -> None:
        await echo(scope, receive, send)
        await asyncio.sleep(0.1)

    async def at_once() -> list[int]:
        service = Service(slowly)
        sizes = [80, 80, 80, 80, 20]
        headers = [HOST, (b"transfer-encoding", b"chunked")]
        many = [service.ask("POST", "/predict", headers, [b"x" * size]) for size in sizes]
        answers = await asyncio.gather(*many)
        assert service.guard.held.total == 0
        assert service.refused("full") == 1
        return [answer.status for answer in answers]

    assert asyncio.run(at_once()) == [200, 200, 200, 503, 200]


@pytest.mark.parametrize("size", [100, 101])
def test_the_limit_is_where_it_is_said_to_be(size: int) -> None:
    for header in ((b"transfer-encoding", b"chunked"), (b"content-length", b"%d" % size)):
        assert post(None, header, body=[b"x"] * size).status == (200 if size == 100 else 413)


def test_an_app_that_answers_a_body_that_was_too_large_is_not_heard() -> None:
    async def answers(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        await send({"type": "http.response.start", "status": 400, "headers": []})
        await send({"type": "http.response.body", "body": b"half a body"})

    answer = post(Service(answers), (b"transfer-encoding", b"chunked"), body=[b"x" * 101])
    assert (answer.status, answer.code) == (413, "too-large")
    assert len(answer.messages) == 2


def test_a_body_of_unknown_length_that_was_not_read_ends_the_connection() -> None:
    answer = post(Service(early), (b"transfer-encoding", b"chunked"), body=[b"x"])
    assert answer.headers[b"connection"] == b"close"
    answer = post(Service(early), (b"content-length", b"1"), body=[b"x"])
    assert b"connection" not in answer.headers


EVERY = [b"x-content-type-options", b"content-security-policy", b"cache-control", b"x-request-id"]


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"headers": [(b"host", b"evil.example")]},
        {"headers": [HOST, (b"origin", b"null")]},
        {"method": "POST", "headers": [HOST, (b"content-length", b"1000")]},
    ],
)
def test_every_answer_has_the_headers(asked: Any) -> None:
    headers = ask(**asked).headers
    assert [name for name in EVERY if not headers.get(name)] == []
    assert headers[b"x-content-type-options"] == b"nosniff"


def test_a_route_may_say_some_of_them_itself() -> None:
    async def page(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-security-policy", b"own"), (b"cache-control", b"max-age=60")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    headers = ask(Service(page)).headers
    assert headers[b"content-security-policy"] == b"own"
    assert headers[b"cache-control"] == b"max-age=60"


def test_a_request_keeps_its_id() -> None:
    own = ask(headers=[HOST, (b"x-request-id", b"abc-1")])
    assert own.headers[b"x-request-id"] == b"abc-1"
    for bad in (b"a b", b"x" * 65, b"\n", b""):
        assert ask(headers=[HOST, (b"x-request-id", bad)]).headers[b"x-request-id"] != bad
    service = Service()
    ids = {ask(service).headers[b"x-request-id"] for _ in range(10)}
    assert len(ids) == 10
