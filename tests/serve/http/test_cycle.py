"""Answers written in one piece, and those that uvicorn writes."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from glassnet.serve.http.cycle import Cycle

Headers = list[tuple[bytes, bytes]]
LENGTH = (b"content-length", b"2")
DATE = (b"date", b"today")


class Answer:
    """A cycle, and what came of it: what was left to uvicorn, and the pieces written."""

    def __init__(self, **changed: Any) -> None:
        self.left: list[Any] = []
        self.written: list[bytes] = []
        self.ended = 0
        named: dict[str, Any] = {
            "scope": {"method": "GET"},
            "transport": SimpleNamespace(write=self.written.append),
            "flow": SimpleNamespace(write_paused=False),
            "logger": None,
            "access_logger": None,
            "access_log": False,
            "default_headers": [DATE],
            "message_event": asyncio.Event(),
            "expect_100_continue": True,
            "keep_alive": True,
            "on_response": self._end,
        }
        self.cycle = Cycle(**{name: changed.get(name, value) for name, value in named.items()})
        self.cycle.disconnected = changed.get("disconnected", False)

    def _end(self) -> None:
        assert self.cycle.response_complete
        self.ended += 1

    def send(self, *messages: dict[str, Any]) -> None:
        async def leave(_cycle: Cycle, message: Any) -> None:
            self.left.append(message)

        async def run() -> None:
            for message in messages:
                await self.cycle.send(message)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(RequestResponseCycle, "send", leave)
            asyncio.run(run())


def start(*headers: tuple[bytes, bytes], status: int = 200) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(text: bytes, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": text, "more_body": more}


def test_an_answer_is_written_in_one_piece() -> None:
    answer = Answer()
    answer.send(start((b"x-path", b"/"), LENGTH, status=201), body(b"ok"))
    (written,) = answer.written
    head, _, rest = written.partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"HTTP/1.1 201 Created",
        b"date: today",
        b"x-path: /",
        b"content-length: 2",
    ]
    assert rest == b"ok"
    assert not answer.left
    assert answer.ended == 1
    assert answer.cycle.response_started
    assert answer.cycle.message_event.is_set()
    assert not answer.cycle.waiting_for_100_continue


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
    answer, messages = Answer(**changed), (start(LENGTH), body(b"ok"))
    answer.send(*messages)
    assert (answer.left, answer.written) == (list(messages), [])


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
    answer = Answer()
    answer.send(*messages)
    assert (answer.left, answer.written) == (list(messages), [])


def test_a_second_answer_is_uvicorns_to_refuse() -> None:
    answer, second = Answer(), (start(LENGTH), body(b"no"))
    answer.send(start(LENGTH), body(b"ok"), *second)
    assert (answer.left, len(answer.written), answer.ended) == (list(second), 1, 1)


def test_the_head_of_a_stream_does_not_wait() -> None:
    answer = Answer()
    answer.send(start((b"content-type", b"text/event-stream")))
    assert len(answer.left) == 1


def test_a_head_whose_body_never_comes_is_not_written() -> None:
    """So that uvicorn can still answer with 500."""
    answer = Answer()
    answer.send(start(LENGTH))
    assert (answer.left, answer.written, answer.cycle.response_started) == ([], [], False)
