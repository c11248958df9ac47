"""The log: one line for each thing, in JSON or for people, that never holds up the work."""

from __future__ import annotations

import io
import json
import logging
import threading
import time

import pytest

from glassnet.serve.telemetry import logs
from glassnet.serve.telemetry.logs import Form, Log
from tests.waiting import PATIENCE, wait_until


def ask(log: Log, path: str = "/predict") -> None:
    log.request("POST", path, 200, 0.00041, 311, "127.0.0.1", "3f2a-1", "digits")


def test_a_request_is_one_line_of_json() -> None:
    stream = io.StringIO()
    log = Log(stream, form="json")
    ask(log)
    log.close()
    (line,) = stream.getvalue().splitlines()
    told = json.loads(line)
    moment = told.pop("time")
    assert moment.endswith("+00:00")
    assert told == {
        "event": "request",
        "method": "POST",
        "path": "/predict",
        "status": 200,
        "ms": 0.41,
        "bytes": 311,
        "client": "127.0.0.1",
        "id": "3f2a-1",
        "model": "digits",
    }


def test_a_request_is_one_line_for_people() -> None:
    stream = io.StringIO()
    log = Log(stream, form="text")
    ask(log)
    log.event("switched", model="digits", hash="sha256:12")
    log.request("GET", "/", 200, 0.1, 5, "", "")
    log.close()
    first, second, third = stream.getvalue().splitlines()
    assert third.endswith("GET / 200 100.0 ms 5 B")
    assert first.partition(" ")[2] == "POST /predict 200 0.4 ms 311 B 127.0.0.1 3f2a-1 digits"
    assert second.partition(" ")[2] == "switched model=digits hash=sha256:12"


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize("path", ["/a\nGET /b 200", "/\x1b[2J", "/\u2028x", "/\udcff", "/\x00"])
def test_a_path_cannot_make_a_line_of_its_own(path: str, form: Form) -> None:
    stream = io.StringIO()
    log = Log(stream, form=form)
    ask(log, path)
    log.close()
    written = stream.getvalue()
    assert written.count("\n") == 1
    assert written.rstrip("\n").isprintable()
    written.encode()


def test_a_long_path_is_cut() -> None:
    stream = io.StringIO()
    log = Log(stream, form="json")
    ask(log, "/" + "x" * 100_000)
    log.close()
    assert len(stream.getvalue()) < 600


def test_off_is_off() -> None:
    stream = io.StringIO()
    log = Log(stream, form="off")
    ask(log)
    log.event("loaded")
    log.error(ValueError("x"))
    log.close()
    assert stream.getvalue() == ""


def test_an_error_comes_with_where_it_came_from() -> None:
    stream = io.StringIO()
    log = Log(stream, form="json")
    try:
        raise ValueError("broken")
    except ValueError as error:
        log.error(error, id="1")
    log.close()
    told = json.loads(stream.getvalue())
    assert (told["event"], told["error"], told["id"]) == ("failed", "ValueError: broken", "1")
    assert "test_logs.py" in told["traceback"]


class Stuck(io.StringIO):
    """A reader that stopped reading."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()

    def write(self, text: str) -> int:
        self.go_on.wait(PATIENCE)
        return super().write(text)


def test_a_reader_that_stands_still_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MOST_WAITING", 100)
    stream = Stuck()
    log = Log(stream, form="json")
    began = time.monotonic()  # of the wall: nothing may be waited for
    for _ in range(1000):
        ask(log)
    log.event("draining")
    log.close(patience=0.1)
    assert time.monotonic() - began < PATIENCE / 2
    assert len(log._waiting) <= 100
    stream.go_on.set()
    wait_until(lambda: "dropped" in stream.getvalue(), pause=log.flush)
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    (dropped,) = (line for line in told if line["event"] == "dropped")
    assert dropped["lines"] + len(told) - 1 == 1001


def test_a_log_that_cannot_be_written_ends_nothing() -> None:
    stream = io.StringIO()
    log = Log(stream)
    stream.close()
    ask(log)
    log.close()


def test_what_waits_is_written_soon() -> None:
    stream = io.StringIO()
    log = Log(stream)
    ask(log)
    wait_until(stream.getvalue)
    log.close()


def test_what_a_library_logs_comes_along() -> None:
    stream = io.StringIO()
    log = Log(stream, form="json")
    logger = logging.getLogger("glassnet.test")
    logger.propagate = False
    logger.addHandler(handler := log.handler())
    try:
        logger.warning("one %s", "two")
        try:
            raise OSError("gone")
        except OSError:
            logger.exception("failed")
    finally:
        logger.removeHandler(handler)
    log.close()
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["event"], first["level"], first["message"]) == ("server", "warning", "one two")
    assert (second["event"], second["error"]) == ("failed", "OSError: gone")
