"""The end of a service: who could connect is answered, what waits for nothing is let go.

It has a minute for what takes a moment here, so that less tells that it waited for nobody.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from tests.waiting import PATIENCE, wait_until

from .asking import IRIS_ROW
from .running import Running

BODY = json.dumps({"rows": [IRIS_ROW]}).encode()
JSON = {"content-type": "application/json"}
LONG = ("--drain", "60", "--timeout", "60", "--rate", "0")
SOON = 30
IDLE = 0.4
"""Seconds without a request after which a service that drains may let a connection go."""
DRAINS = int(os.environ.get("GLASSNET_DRAINS", "1"))
"""How often a service is ended: once here, 20 times by `make soak`."""


def connect(running: Running) -> socket.socket:
    return socket.create_connection(("127.0.0.1", running.port), PATIENCE)


class Hammer(threading.Thread):
    """Asks on one connection, one request after the other, until it is closed to it.

    answered    how often
    told        whether the last answer said that the connection is closed
    idle        whether it rested long enough, on a busy machine, to be let go without that
    wrong       what should not have been
    """

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port, self.answered, self.told, self.idle, self.wrong = port, 0, False, False, ""

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.connect()
        asked = time.monotonic()
        try:
            while not self.told:
                before, asked = asked, time.monotonic()
                self.idle = asked - before > IDLE
                connection.request("POST", "/predict", BODY, JSON)
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    self.wrong = f"status {answer.status}"
                    return
                self.answered += 1
                self.told = answer.headers.get("connection") == "close"
        except (OSError, http.client.HTTPException) as error:
            self.wrong = "" if self.idle else f"{type(error).__name__}: {error}"
        finally:
            connection.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_no_request_is_dropped(trained: Path, tmp_path: Path, number: signal.Signals) -> None:
    with Running(trained / "iris.safetensors", *LONG, folder=tmp_path) as running:
        hammers = [Hammer(running.port) for _ in range(8)]
        for hammer in hammers:
            hammer.start()
        wait_until(lambda: all(hammer.answered > 20 or hammer.wrong for hammer in hammers))
        began = time.monotonic()
        running.signal(number)
        assert running.ended() == 0
        assert time.monotonic() - began < SOON
        for hammer in hammers:
            hammer.join(PATIENCE)
        assert [hammer.wrong for hammer in hammers] == [""] * 8
        assert all(hammer.told or hammer.idle for hammer in hammers)


def test_a_request_that_is_just_coming_is_answered(trained: Path, tmp_path: Path) -> None:
    with Running(trained / "iris.safetensors", *LONG, folder=tmp_path) as running:
        head = f"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(BODY)}\r\n\r\n"
        whole = head.encode() + BODY
        with connect(running) as in_head, connect(running) as in_body:
            in_head.sendall(whole[:30])
            in_body.sendall(whole[:-10])
            running.has_read()
            running.drain()
            time.sleep(1)  # longer than a connection may idle
            for one, rest in ((in_head, whole[30:]), (in_body, whole[-10:])):
                one.sendall(rest)
                said = one.makefile("rb").read()
                assert said.startswith(b"HTTP/1.1 200")
                assert b"connection: close" in said
            assert running.ended() == 0


def test_event_streams_are_told_and_end(trained: Path, tmp_path: Path) -> None:
    with Running(trained / "iris.safetensors", *LONG, folder=tmp_path) as running:
        streams = [connect(running) for _ in range(5)]
        for stream in streams:
            stream.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            stream.recv(1)  # it has begun
        began = time.monotonic()
        assert running.end() == 0
        assert time.monotonic() - began < SOON
        for stream in streams:
            said = stream.makefile("rb").read()
            assert b"event: draining" in said
            assert said.endswith(b"0\r\n\r\n"), "the stream ends as it should"
            stream.close()


def test_readiness_says_so_at_once_and_nobody_new_comes_in(trained: Path, tmp_path: Path) -> None:
    ready = b"GET /v2/health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with (
        Running(trained / "iris.safetensors", *LONG, folder=tmp_path) as running,
        connect(running) as kept,
    ):
        kept.sendall(ready)
        assert kept.recv(65536).startswith(b"HTTP/1.1 200")
        kept.sendall(ready[:20])
        running.has_read()
        running.drain()
        kept.sendall(ready[20:])
        said = kept.makefile("rb").read()
        assert said.startswith(b"HTTP/1.1 503")
        assert b"connection: close" in said
        assert running.ended() == 0


ENDLESS = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{"


def test_who_never_ends_is_not_waited_for(trained: Path, tmp_path: Path) -> None:
    options = (*LONG, "--drain", "2")
    with (
        Running(trained / "iris.safetensors", *options, folder=tmp_path) as running,
        connect(running) as endless,
    ):
        endless.sendall(ENDLESS)
        running.has_read()
        began = time.monotonic()
        status = running.end()
        assert 1 < time.monotonic() - began < SOON
        assert status == 1, "a request was given up"


def test_a_second_signal_ends_it_at_once(trained: Path, tmp_path: Path) -> None:
    with (
        Running(trained / "iris.safetensors", *LONG, folder=tmp_path) as running,
        connect(running) as endless,
    ):
        endless.sendall(ENDLESS)
        running.has_read()
        running.drain()
        began = time.monotonic()
        running.signal(signal.SIGTERM)
        assert running.ended() == 128 + signal.SIGTERM
        assert time.monotonic() - began < SOON


REQUEST = (
    f"POST /predict HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    f"Content-Length: {len(BODY)}\r\n\r\n"
).encode() + BODY


def test_who_was_connected_before_the_signal_is_answered(trained: Path, tmp_path: Path) -> None:
    """The process stands still while they connect and ask, and hears of the signal first."""
    for _ in range(DRAINS):
        with Running(trained / "iris.safetensors", *LONG, folder=tmp_path) as running:
            os.kill(running.pid, signal.SIGSTOP)
            waiting = [connect(running) for _ in range(200)]
            for one in waiting:
                one.sendall(REQUEST)
            os.kill(running.pid, signal.SIGTERM)
            os.kill(running.pid, signal.SIGCONT)
            for one in waiting:
                with one, one.makefile("rb") as answer:
                    assert answer.read().startswith(b"HTTP/1.1 200")
            assert running.ended() == 0


class Newcomer(threading.Thread):
    """Asks on a new connection each time, until none is to be had.

    answered, wrong     how often, and what should not have been
    """

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port, self.answered, self.wrong = port, 0, ""

    def has_answered(self, count: int) -> bool:
        """Whether it was answered so often, or what should not be came first."""
        return self.answered >= count or bool(self.wrong)

    def run(self) -> None:
        while not self.wrong:
            try:
                end = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
            except ConnectionRefusedError:
                return
            try:
                with end, end.makefile("rb") as answer:
                    end.sendall(REQUEST)
                    told = answer.read()
            except OSError as error:
                self.wrong = repr(error)
                return
            if not told.startswith(b"HTTP/1.1 200"):
                self.wrong = repr(told[:100])
            self.answered += 1


def test_whoever_could_connect_is_answered(trained: Path, tmp_path: Path) -> None:
    for _ in range(DRAINS):
        with Running(trained / "iris.safetensors", *LONG, folder=tmp_path) as running:
            many = [Newcomer(running.port) for _ in range(4)]
            for one in many:
                one.start()
            for one in many:
                wait_until(partial(one.has_answered, 20))
            assert running.end() == 0
            for one in many:
                one.join(PATIENCE)
            assert [one.wrong for one in many] == [""] * 4
