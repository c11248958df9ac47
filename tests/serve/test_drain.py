"""The end of a service: who could connect is answered, what waits for nothing is let go."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from .asking import IRIS_ROW
from .running import Running

BODY = json.dumps({"rows": [IRIS_ROW]}).encode()
JSON = {"content-type": "application/json"}
DRAINS = int(os.environ.get("GLASSNET_DRAINS", "1"))
"""How often a service is ended: once here, 20 times by `make soak`."""


class Hammer(threading.Thread):
    """Asks on one connection, one request after the other, until it is closed to it.

    answered    how often
    told        whether the last answer said that the connection is closed
    wrong       what should not have been
    """

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port, self.answered, self.told, self.wrong = port, 0, False, ""

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.connect()
        try:
            while not self.told:
                connection.request("POST", "/predict", BODY, JSON)
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    self.wrong = f"status {answer.status}"
                    return
                self.answered += 1
                self.told = answer.headers.get("connection") == "close"
        except (OSError, http.client.HTTPException) as error:
            self.wrong = f"{type(error).__name__}: {error}"
        finally:
            connection.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_no_request_is_dropped(trained: Path, tmp_path: Path, number: signal.Signals) -> None:
    with Running(trained / "iris.safetensors", "--rate", "0", folder=tmp_path) as running:
        hammers = [Hammer(running.port) for _ in range(8)]
        for hammer in hammers:
            hammer.start()
        time.sleep(0.7)
        began = time.monotonic()
        assert running._process is not None
        running._process.send_signal(number)
        assert running._process.wait(10) == 0
        assert time.monotonic() - began < 5
        for hammer in hammers:
            hammer.join(5)
        assert [hammer.wrong for hammer in hammers] == [""] * 8
        assert all(hammer.told for hammer in hammers)
        assert all(hammer.answered > 20 for hammer in hammers)


def test_a_request_that_is_just_coming_is_answered(trained: Path, tmp_path: Path) -> None:
    with Running(trained / "iris.safetensors", folder=tmp_path) as running:
        head = f"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(BODY)}\r\n\r\n"
        whole = head.encode() + BODY
        with (
            socket.create_connection(("127.0.0.1", running.port)) as in_head,
            socket.create_connection(("127.0.0.1", running.port)) as in_body,
        ):
            in_head.sendall(whole[:30])
            in_body.sendall(whole[:-10])
            time.sleep(0.2)
            assert running._process is not None
            running._process.send_signal(signal.SIGTERM)
            time.sleep(1)
            for one, rest in ((in_head, whole[30:]), (in_body, whole[-10:])):
                one.sendall(rest)
                said = one.makefile("rb").read()
                assert said.startswith(b"HTTP/1.1 200")
                assert b"connection: close" in said
            assert running._process.wait(5) == 0


def test_event_streams_are_told_and_end(trained: Path, tmp_path: Path) -> None:
    with Running(trained / "iris.safetensors", folder=tmp_path) as running:
        streams = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(5)]
        for stream in streams:
            stream.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(0.3)
        began = time.monotonic()
        assert running.end() == 0
        assert time.monotonic() - began < 2
        for stream in streams:
            said = stream.makefile("rb").read()
            assert b"event: draining" in said
            assert said.endswith(b"0\r\n\r\n"), "the stream ends as it should"
            stream.close()


def test_readiness_says_so_at_once_and_nobody_new_comes_in(trained: Path, tmp_path: Path) -> None:
    with Running(trained / "iris.safetensors", folder=tmp_path) as running:
        kept = http.client.HTTPConnection("127.0.0.1", running.port, timeout=5)
        kept.request("GET", "/v2/health/ready")
        answer = kept.getresponse()
        assert answer.status == 200
        answer.read()
        assert running._process is not None
        running._process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        kept.request("GET", "/v2/health/ready")
        answer = kept.getresponse()
        assert (answer.status, answer.headers["connection"]) == (503, "close")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", running.port))
        assert running._process.wait(5) == 0


def test_who_never_ends_is_not_waited_for(trained: Path, tmp_path: Path) -> None:
    options = ("--drain", "2")
    with Running(trained / "iris.safetensors", *options, folder=tmp_path) as running:  # noqa: SIM117
        with socket.create_connection(("127.0.0.1", running.port)) as endless:
            endless.sendall(
                b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{"
            )
            time.sleep(0.2)
            began = time.monotonic()
            status = running.end()
            assert 1 < time.monotonic() - began < 3
            assert status == 1, "a request was given up"


def test_a_second_signal_ends_it_at_once(trained: Path, tmp_path: Path) -> None:
    with Running(trained / "iris.safetensors", folder=tmp_path) as running:  # noqa: SIM117
        with socket.create_connection(("127.0.0.1", running.port)) as endless:
            endless.sendall(
                b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{"
            )
            time.sleep(0.2)
            assert running._process is not None
            running._process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            began = time.monotonic()
            running._process.send_signal(signal.SIGTERM)
            assert running._process.wait(5) == 128 + signal.SIGTERM
            assert time.monotonic() - began < 1


REQUEST = (
    f"POST /predict HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    f"Content-Length: {len(BODY)}\r\n\r\n"
).encode() + BODY


def test_who_was_connected_before_the_signal_is_answered(trained: Path, tmp_path: Path) -> None:
    """The process stands still while they connect and ask, and hears of the signal first."""
    for _ in range(DRAINS):
        with Running(trained / "iris.safetensors", "--rate", "0", folder=tmp_path) as running:
            os.kill(running.pid, signal.SIGSTOP)
            waiting = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(200)]
            for one in waiting:
                one.sendall(REQUEST)
            os.kill(running.pid, signal.SIGTERM)
            os.kill(running.pid, signal.SIGCONT)
            for one in waiting:
                with one, one.makefile("rb") as answer:
                    one.settimeout(20)
                    assert answer.read().startswith(b"HTTP/1.1 200")
            assert running._process is not None
            assert running._process.wait(10) == 0


class Newcomer(threading.Thread):
    """Asks on a new connection each time, until none is to be had.

    answered, wrong     how often, and what should not have been
    """

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port, self.answered, self.wrong = port, 0, ""

    def run(self) -> None:
        while not self.wrong:
            try:
                end = socket.create_connection(("127.0.0.1", self.port), timeout=20)
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
        with Running(trained / "iris.safetensors", "--rate", "0", folder=tmp_path) as running:
            many = [Newcomer(running.port) for _ in range(4)]
            for one in many:
                one.start()
            while not all(one.answered > 20 for one in many):
                assert not any(one.wrong for one in many)
                time.sleep(0.01)
            assert running.end() == 0
            for one in many:
                one.join(20)
            assert [one.wrong for one in many] == [""] * 4
