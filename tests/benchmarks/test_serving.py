"""The benchmark of the service: that its client measures what it says."""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from benchmarks.serving import Client, _highest, _requests, holds

from benchmarks import serving

pytestmark = pytest.mark.skipif(
    shutil.which("g++") is None and shutil.which("c++") is None, reason="no C++ compiler"
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Client:
    folder = tmp_path_factory.mktemp("client")
    return Client(folder, _requests([[0, 1], [2, 3]], folder / "requests"))


class Strange(asyncio.Protocol):
    """Answers every tenth request in its own way, the others with 200."""

    def __init__(self, way: str) -> None:
        self.way = way

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        assert data.startswith(b"POST /predict HTTP/1.1\r\n")
        count = Server.count = Server.count + 1
        if self.way == "closes" and count % 10 == 0:
            self.transport.close()
        elif self.way == "silent" and count % 10 == 0:
            pass
        else:
            status = b"503 No" if self.way == "refuses" and count % 10 == 0 else b"200 OK"
            self.transport.write(b"HTTP/1.1 %b\r\nContent-Length: 3\r\n\r\nyes" % status)


class Server:
    """Runs in a thread."""

    count = 0

    def __init__(self, way: str) -> None:
        Server.count = 0
        self.loop = asyncio.new_event_loop()
        server = self.loop.create_server(lambda: Strange(way), "127.0.0.1", 0)
        self.server = self.loop.run_until_complete(server)
        self.port = self.server.sockets[0].getsockname()[1]
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.server.close()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0.1))
        self.loop.close()


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    running = Server(request.param)
    yield running
    running.close()


@pytest.mark.parametrize("server", ["kind"], indirect=True)
def test_all_are_answered(client: Client, server: Server) -> None:
    told = client.ask(server.port, 500, 2, warm=0.2)
    assert 800 < told["asked"] < 1200
    assert told["statuses"]["200"]["count"] == told["asked"]
    assert (told["dropped"], told["unanswered"]) == (0, 0)
    assert told["p99"] is not None


@pytest.mark.parametrize("server", ["refuses"], indirect=True)
def test_refusals_are_counted_apart_and_are_no_answers(client: Client, server: Server) -> None:
    told = client.ask(server.port, 500, 2, warm=0)
    refused = told["statuses"]["503"]["count"]
    assert abs(refused - told["asked"] / 10) <= 1
    assert told["p99"] is None
    assert not holds(told)


@pytest.mark.parametrize("server", ["closes"], indirect=True)
def test_what_is_dropped_is_told(client: Client, server: Server) -> None:
    told = client.ask(server.port, 300, 1, warm=0)
    assert abs(told["dropped"] - told["asked"] / 10) <= 2


@pytest.mark.parametrize("server", ["silent"], indirect=True)
def test_what_is_never_answered_is_told(client: Client, server: Server) -> None:
    told = client.ask(server.port, 100, 1, warm=0)
    assert abs(told["unanswered"] - told["asked"] / 10) <= 2
    assert not holds(told)


@pytest.mark.parametrize("server", ["kind"], indirect=True)
def test_who_stands_still_is_charged_for_all_who_came_meanwhile(
    client: Client, server: Server
) -> None:
    server.loop.call_soon_threadsafe(server.loop.call_later, 1, time.sleep, 1)
    told = client.ask(server.port, 200, 4, warm=0)
    # A quarter of the time nothing was answered: that is where the last 5 % of the answers lie.
    assert told["p99"] > 700
    assert told["statuses"]["200"]["most"] > 900


@pytest.mark.parametrize(("p99", "held"), [(None, False), (49.9, True), (50.0, False), (3.0, True)])
def test_a_rate_holds_by_its_percentile(p99: Any, held: bool) -> None:
    assert holds({"p99": p99}) is held


def test_requests_are_whole(tmp_path: Path) -> None:
    written = _requests([[1, 2], [3]], tmp_path / "requests").read_bytes()
    assert written.count(b"POST /predict HTTP/1.1") == 2
    assert b'Content-Length: 14\r\n\r\n{"rows":[1,2]}' in written


@pytest.mark.parametrize("capacity", [30, 130, 5000])
@pytest.mark.parametrize("disturbed", [False, True])
def test_the_highest_rate_is_found(
    monkeypatch: pytest.MonkeyPatch, capacity: float, disturbed: bool
) -> None:
    monkeypatch.setattr("benchmarks.serving.time.sleep", lambda _seconds: None)
    count = 0

    class Fake:
        def ask(self, _port: int, rate: float, _seconds: float) -> dict[str, Any]:
            nonlocal count
            count += 1
            late = rate > capacity or (disturbed and count % 3 == 0)
            return {"p99": 60.0 if late else 10.0, "statuses": {"200": {"p50": rate}}}

    client: Any = Fake()
    rate, figures = _highest(client, 0, 10)
    assert capacity / serving.CLOSE <= rate <= capacity
    assert figures == {"p50": rate}
