"""Deadlines: a body and an answer have their time, and no more."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("prometheus_client")


from .guarded import HASTY, HOST, SETTINGS, Service, ask, early, post, slow


def test_an_answer_has_its_time() -> None:
    service = Service(slow, HASTY)
    answer = ask(service)
    assert (answer.status, answer.code) == (503, "took-too-long")
    assert answer.headers[b"retry-after"] == b"1"
    assert service.refused("timeout") == 1


def test_a_body_has_its_time() -> None:
    service = Service(settings=HASTY)
    wait = asyncio.sleep
    answer = post(service, (b"content-length", b"20"), body=[b"x"], after=lambda: wait(30))
    assert (answer.status, answer.code) == (408, "too-slow")
    assert answer.headers[b"connection"] == b"close"
    assert service.refused("slow-body") == 1


def test_many_at_once_each_have_their_own_time() -> None:
    async def half(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(30 if scope["path"] == "/slow" else 0)
        await early(scope, receive, send)

    async def all_of_them() -> list[int]:
        service = Service(half, replace(SETTINGS, timeout=1))
        paths = ["/slow", "/quick"] * 50
        answers = [service.ask(path=path) for path in paths]
        statuses = [answer.status for answer in await asyncio.gather(*answers)]
        assert not service.guard.deadlines
        return statuses

    assert asyncio.run(all_of_them()) == [503, 404] * 50


def test_the_answer_has_its_time_anew_when_the_body_is_there() -> None:
    async def both(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["more_body"]
        assert not (await receive())["more_body"]
        await asyncio.sleep(1.2)
        await early(scope, receive, send)

    async def ask_slowly() -> int:
        chunks = [b"x", b"y"]
        statuses = []

        async def receive() -> dict[str, Any]:
            if len(chunks) == 1:
                await asyncio.sleep(1.2)
            return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

        async def send(message: Any) -> None:
            statuses.append(message.get("status"))

        scope = {"type": "http", "method": "POST", "path": "/", "client": None}
        headers = [HOST, (b"content-length", b"2")]
        await service.guard({**scope, "headers": headers}, receive, send)
        return int(statuses[0])

    service = Service(both, replace(SETTINGS, timeout=2))
    assert asyncio.run(ask_slowly()) == 404


def test_what_was_answered_is_watched_no_longer() -> None:
    service = Service()
    ask(service)
    post(service, (b"content-length", b"1"), body=[b"x"])
    assert not service.guard.deadlines


def test_whoever_is_cancelled_from_outside_stays_cancelled() -> None:
    async def leave() -> None:
        task = asyncio.create_task(Service(slow).ask())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(leave())
