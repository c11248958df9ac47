"""Clients that take what they can get from a service that runs as people run it: others are
answered all the same, its memory stays bounded, and whoever is refused can read why.

How many connect is said by GLASSNET_CROWD: few hundred here, 1,000 by `make soak`.
"""

from __future__ import annotations

import collections
import http.client
import json
import os
import resource
import select
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

pytest.importorskip("uvicorn")
if sys.platform != "linux":
    pytest.skip("reads the memory of a process where Linux tells it", allow_module_level=True)

from tests.serve.running import Running

CROWD = int(os.environ.get("GLASSNET_CROWD", "400"))
MOST_MEMORY = 60
"""MB that a crowd may take; `docs/deploy.md` gives the whole service 512."""

TOKEN = "a-token-for-a-test"
ROW = [0.0] * 28 + [1.0, 1.0, 0.5, 0.0] * 9
PREDICT = json.dumps({"rows": ROW}).encode()
EXPLAIN = json.dumps({"rows": [ROW] * 10, "explain": True}).encode()
HOST = b"Host: localhost\r\n"
OTHER = "127.0.0.2"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def models(trained: Path) -> Path:
    return trained / "digits.safetensors"


@pytest.fixture(scope="module")
def served(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("served")
    with Running(models, "--rate", "0", folder=folder) as service:
        yield service


@pytest.fixture(scope="module")
def guarded(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The same, with a token that is asked for."""
    folder = tmp_path_factory.mktemp("guarded")
    with Running(models, "--rate", "0", "--token", TOKEN, folder=folder) as service:
        yield service


@contextmanager
def crowd(served: Running, count: int, sent: bytes) -> Iterator[None]:
    """So many connections, each of which sends something and no more."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, limit[1]), limit[1]))
    try:
        with ExitStack() as all_of_them:
            for _ in range(count):
                one = socket.create_connection(("127.0.0.1", served.port), timeout=20)
                all_of_them.enter_context(one)
                with suppress(OSError):  # it was refused meanwhile
                    one.sendall(sent)
            yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)


def answers(served: Running, count: int = 14) -> collections.Counter[int]:
    headers = {"content-type": "application/json", "authorization": f"Bearer {TOKEN}"}
    return collections.Counter(
        served.ask("POST", "/predict", PREDICT, headers)[0] for _ in range(count)
    )


@pytest.mark.parametrize(
    "target", [b"/events", b"/%65vents", b"http://127.0.0.1/events", b"/events#x"]
)
def test_idle_streams_keep_nobody_out(served: Running, target: bytes) -> None:
    asked = b"GET " + target + b" HTTP/1.1\r\n" + HOST + b"\r\n"
    with crowd(served, 130, asked):
        assert answers(served) == {200: 14}


def test_requests_behind_idle_streams_keep_nobody_out(served: Running) -> None:
    asked = b"GET /%65vents HTTP/1.1\r\n" + HOST + b"\r\n"
    behind = 8 * (b"GET /models HTTP/1.1\r\n" + HOST + b"\r\n")
    with crowd(served, 15, asked + behind):
        assert answers(served) == {200: 14}


HEAD = b"POST /predict HTTP/1.1\r\n" + HOST
UNFINISHED = {
    "lines": HEAD + b"a:\r\n" * 15_000,
    "one line": HEAD + b"X: " + b"a" * 60_000,
    "long lines": HEAD + (b"X: " + b"a" * 590 + b"\r\n") * 95,
    "whole heads": HEAD + b"Content-Length: 9\r\n" + (b"X: " + b"a" * 590 + b"\r\n") * 90 + b"\r\n",
    "bodies": HEAD + b"Content-Length: 999999\r\n\r\n" + b" " * 60_000,
}


@pytest.mark.parametrize("token", [False, True], ids=["open", "token"])
@pytest.mark.parametrize("sent", UNFINISHED.values(), ids=UNFINISHED)
def test_requests_that_do_not_end_take_little_memory(
    served: Running, guarded: Running, sent: bytes, token: bool
) -> None:
    service = guarded if token else served
    answers(service)
    before = service.memory()
    service.forget_peak()
    with crowd(service, CROWD, sent):
        assert answers(service) == {200: 14}
        growth = service.peak() - before
    print(f"\n{CROWD} unfinished: memory {growth:+.1f} MB")
    assert growth < MOST_MEMORY * CROWD / 1000 + 20, "as much for each as 1,000 may have"
    assert growth < MOST_MEMORY


def test_trailers_without_end_take_little_memory(served: Running) -> None:
    sent = HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"a: \r\n" * 1_600_000
    before = served.memory()
    served.forget_peak()
    with crowd(served, 5, sent):
        assert answers(served) == {200: 14}
    assert served.peak() - before < 20


@pytest.mark.parametrize("size", [500_000, 5_000_000])
@pytest.mark.parametrize("token", [False, True], ids=["open", "token"])
def test_who_sends_too_much_reads_so(
    served: Running, guarded: Running, size: int, token: bool
) -> None:
    """By clients that read nothing before they have sent everything."""
    service = guarded if token else served
    status = 401 if token else 413 if size > 1 << 20 else 400
    body = b" " * size
    for _ in range(10):
        assert service.ask("POST", "/predict", body)[0] == status
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(
                urllib.request.Request(
                    f"http://127.0.0.1:{service.port}/predict",
                    body,
                    {"content-type": "application/json"},
                ),
                timeout=20,
            )
        with refused.value as answer:
            assert answer.code == status
            assert json.loads(answer.read())["error"]["message"]


@pytest.fixture(scope="module")
def small(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service with a short queue."""
    folder = tmp_path_factory.mktemp("small")
    with Running(models, "--rate", "0", "--queue", "16", folder=folder) as service:
        yield service


def test_who_asks_for_explanations_leaves_others_their_rows(small: Running) -> None:
    asked = HEAD + b"Content-Length: %d\r\n\r\n" % len(EXPLAIN) + EXPLAIN
    rows: collections.Counter[int] = collections.Counter()
    with ExitStack() as all_of_them:
        many = [socket.create_connection(("127.0.0.1", small.port)) for _ in range(50)]
        for one in many:
            all_of_them.enter_context(one)
            one.sendall(asked)
        refused, _, _ = select.select(many, [], [], 20)
        assert refused, "the queue is full"
        connection = http.client.HTTPConnection(
            "127.0.0.1", small.port, timeout=60, source_address=(OTHER, 0)
        )
        for asked in (PREDICT, PREDICT, PREDICT, EXPLAIN):
            connection.request("POST", "/predict", asked)
            with connection.getresponse() as answer:
                answer.read()
                rows[answer.status] += 1
        connection.close()
        told = collections.Counter(one.recv(12)[-3:] for one in many)
    print(f"\nexplanations: {dict(told)}; another's rows: {dict(rows)}")
    assert set(told) == {b"200", b"503"}
    assert rows == {200: 4}


def test_who_has_every_connection_leaves_others_one(models: Path, tmp_path: Path) -> None:
    with Running(models, "--rate", "0", "--connections", "60", folder=tmp_path) as service:  # noqa: SIM117
        with crowd(service, 60, b"GET / HTTP/1.1\r\n"):
            for _ in range(5):
                connection = http.client.HTTPConnection(
                    "127.0.0.1", service.port, timeout=20, source_address=(OTHER, 0)
                )
                connection.request("POST", "/predict", PREDICT)
                with connection.getresponse() as answer:
                    assert answer.status == 200
                connection.close()


def test_who_comes_when_no_handle_is_left_is_told_so(models: Path, tmp_path: Path) -> None:
    """The system's own limit is far below the number of connections that were asked for."""
    with Running(models, "--rate", "0", folder=tmp_path, handles=200) as service:  # noqa: SIM117
        with crowd(service, 150, b""):
            for _ in range(5):
                status, told = service.ask("POST", "/predict", PREDICT)
                assert status == 503
                assert json.loads(told)["error"]["code"] == "too-many-connections"
            assert service.handles() < 200
