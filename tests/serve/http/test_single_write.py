"""Answers written in one piece, and those that uvicorn writes."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from glassnet.serve.http.single_write import SingleWrite

Headers = list[tuple[bytes, bytes]]
LENGTH = (b"content-length", b"2")
DATE = (b"date", b"today")


class Cycle(SimpleNamespace):
    """What SingleWrite knows of uvicorn's cycle; keeps what reaches it, and the pieces written."""

    def __init__(self, **changed: Any) -> None:
        self.sent: list[Any] = []
        self.written: list[bytes] = []
        self.ended = 0
        super().__init__(
            disconnected=False,
            keep_alive=True,
            flow=SimpleNamespace(write_paused=False),
            scope={"method": "GET"},
            default_headers=[DATE],
            transport=SimpleNamespace(write=self.written.append),
            message_event=asyncio.Event(),
            response_started=False,
            response_complete=False,
            waiting_for_100_continue=True,
        )
        vars(self).update(changed)

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    def on_response(self) -> None:
        assert self.response_complete
        self.ended += 1


def start(*headers: tuple[bytes, bytes], status: int = 200) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(text: bytes, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": text, "more_body": more}


def answer(cycle: Cycle, *messages: dict[str, Any]) -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    async def run() -> None:
        await SingleWrite(app, cycle)({}, None, None)  # type: ignore[arg-type]

    asyncio.run(run())


def test_an_answer_is_written_in_one_piece() -> None:
    cycle = Cycle()
    answer(cycle, start((b"x-path", b"/"), LENGTH, status=201), body(b"ok"))
    (written,) = cycle.written
    head, _, rest = written.partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"HTTP/1.1 201 Created",
        b"date: today",
        b"x-path: /",
        b"content-length: 2",
    ]
    assert rest == b"ok"
    assert not cycle.sent
    assert cycle.ended == 1
    assert cycle.response_started
    assert cycle.message_event.is_set()
    assert not cycle.waiting_for_100_continue


@pytest.mark.parametrize(
    "changed",
    [
        {"disconnected": True},
        {"keep_alive": False},
        {"flow": SimpleNamespace(write_paused=True)},
        {"scope": {"method": "HEAD"}},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_what_uvicorn_has_more_to_say_to_is_left_to_it(changed: dict[str, Any]) -> None:
    cycle, messages = Cycle(**changed), (start(LENGTH), body(b"ok"))
    answer(cycle, *messages)
    assert (cycle.sent, cycle.written) == (list(messages), [])


@pytest.mark.parametrize(
    "messages",
    [
        (start(), body(b"ok")),
        (start(LENGTH), body(b"o", more=True), body(b"k")),
        (start(LENGTH), body(b"not ok")),
        (start(LENGTH, (b"connection", b"close")), body(b"ok")),
        (start(LENGTH, (b"x", b"1\r\ny: 2")), body(b"ok")),
        (start(LENGTH, (b"x", b"1\n")), body(b"ok")),
        (start(LENGTH, (b"x\r", b"1")), body(b"ok")),
        (start(LENGTH, (b"x", b"\0")), body(b"ok")),
        (start(LENGTH), start(LENGTH)),
        (body(b"ok"),),
    ],
    ids=[
        "no length",
        "parts",
        "another length",
        "closing",
        "two lines",
        "\\n",
        "\\r",
        "\\0",
        "two starts",
        "no start",
    ],
)
def test_what_is_not_whole_is_left_to_uvicorn(messages: tuple[dict[str, Any], ...]) -> None:
    cycle = Cycle()
    answer(cycle, *messages)
    assert (cycle.sent, cycle.written) == (list(messages), [])


def test_a_second_answer_is_uvicorns_to_refuse() -> None:
    cycle, second = Cycle(), (start(LENGTH), body(b"no"))
    answer(cycle, start(LENGTH), body(b"ok"), *second)
    assert (cycle.sent, len(cycle.written), cycle.ended) == (list(second), 1, 1)


def test_the_head_of_a_stream_does_not_wait() -> None:
    cycle = Cycle()
    answer(cycle, start((b"content-type", b"text/event-stream")))
    assert len(cycle.sent) == 1


def test_a_head_whose_body_never_comes_is_not_written() -> None:
    """So that uvicorn can still answer with 500."""
    cycle = Cycle()
    answer(cycle, start(LENGTH))
    assert (cycle.sent, cycle.written, cycle.response_started) == ([], [], False)
