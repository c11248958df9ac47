"""One line for each request and each event, written beside the work and never in its way.

A line is JSON for programs or text for people. It has no query, no header, no body and no token in
it. Lines are put together and written by a thread of their own, so that a reader who stopped
reading (a full pipe) holds up the log and not the answers; what it then misses is counted.

    log = Log(form="json")
    log.request("POST", "/predict", 200, 0.0004, 311, "127.0.0.1", "3f2a-1", "digits")
    log.event("switched", model="digits", hash="sha256:…")
    log.close()
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

Form = Literal["json", "text", "off"]

MOST_WAITING = 10_000
"""How many lines may wait to be written; more are counted and dropped."""

LONGEST = 200
"""How much of a path is written, in characters."""

AT_ONCE = 64
"""How many lines are put together in one go: writing them lets the answers' thread run."""

PAUSE = 0.25
"""Seconds after which what has come in is written."""


class Log:
    """The log of a service.

    stream  where it goes: the error stream if left out
    form    "json": one object a line; "text": the same for people; "off": nothing is written
    """

    def __init__(self, stream: TextIO | None = None, form: Form = "text") -> None:
        self._stream = stream
        self._form = form
        self._waiting: deque[tuple[float, str, Mapping[str, Any]]] = deque()
        self._dropped = 0
        self._wake = threading.Event()
        self._writer: threading.Thread | None = None
        self._lock = threading.Lock()
        self._closed = False

    def request(
        self,
        method: str,
        path: str,
        status: int,
        seconds: float,
        size: int,
        client: str,
        request_id: str,
        model: str = "",
    ) -> None:
        """Write that a request was answered.

        path    without its query, which may hold what is nobody's business
        status  499 where the client had gone before the answer
        size    bytes of the answer's body
        """
        if self._form == "off":
            return
        fields: dict[str, Any] = {
            "method": method,
            "path": path[:LONGEST],
            "status": status,
            "ms": round(1000 * seconds, 3),
            "bytes": size,
            "client": client,
            "id": request_id,
        }
        if model:
            fields["model"] = model
        self._put("request", fields)

    def event(self, name: str, **fields: Any) -> None:
        """Write that something happened: loaded, switched, draining, refused, failed."""
        if self._form != "off":
            self._put(name, fields)
            self._wake.set()

    def error(self, error: BaseException, **fields: Any) -> None:
        """Write an error that should not have been, with where it came from."""
        trace = "".join(traceback.format_exception(error))
        self.event("failed", error=f"{type(error).__name__}: {error}", **fields, traceback=trace)

    def handler(self) -> logging.Handler:
        """Return a handler that takes what a library logs into this log as events."""
        return _Handler(self)

    def flush(self) -> None:
        """Write what waits, now and here."""
        with self._lock:
            if self._dropped:
                dropped, self._dropped = self._dropped, 0
                self._waiting.append((time.time(), "dropped", {"lines": dropped}))
            while self._waiting:
                few = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
                stream = self._stream or sys.stderr
                try:
                    stream.write("".join(self._line(*one) for one in few))
                    stream.flush()
                except (OSError, ValueError):  # a log that is closed or full must not end the work
                    self._dropped += len(few)
                    return

    def close(self, patience: float = 1.0) -> None:
        """Write what waits, and stop; a reader who stands still is waited for that many seconds."""
        self._closed = True
        self._wake.set()
        if self._writer is None:
            self.flush()
        else:
            self._writer.join(patience)

    def _put(self, name: str, fields: Mapping[str, Any]) -> None:
        if len(self._waiting) >= MOST_WAITING:
            self._dropped += 1
            return
        self._waiting.append((time.time(), name, fields))
        if self._writer is None and not self._closed:
            self._writer = threading.Thread(target=self._write, name="glassnet-log", daemon=True)
            self._writer.start()

    def _write(self) -> None:
        while not self._closed:
            self._wake.wait(PAUSE)
            self._wake.clear()
            self.flush()
        self.flush()

    def _line(self, moment: float, name: str, fields: Mapping[str, Any]) -> str:
        when = datetime.fromtimestamp(moment, UTC)
        if self._form == "json":
            document = {"time": when.isoformat(timespec="milliseconds"), "event": name, **fields}
            return json.dumps(document, default=str) + "\n"
        clock = when.strftime("%H:%M:%S")
        if name == "request":
            text = (
                f"{fields['method']} {fields['path']} {fields['status']} {fields['ms']:.1f} ms "
                f"{fields['bytes']} B {fields['client']} {fields['id']} {fields.get('model', '')}"
            )
            return f"{clock} {_plain(text)}\n"
        trace = fields.get("traceback", "")
        rest = [f"{key}={value}" for key, value in fields.items() if key != "traceback"]
        return f"{clock} {_plain(' '.join([name, *rest]))}\n{trace}"


class _Handler(logging.Handler):
    """Takes records of `logging` into a Log."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        fields = {"level": record.levelname.lower(), "message": record.getMessage()}
        if record.exc_info and record.exc_info[1] is not None:
            self._log.error(record.exc_info[1], **fields)
        else:
            self._log.event("server", **fields)


def _plain(text: str) -> str:
    """Write what would end the line, or steer a terminal, as escapes."""
    text = text.rstrip()
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
