"""The server: where it listens, what it needs of the system, what it says."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from glassnet.errors import ModelFileError
from glassnet.serve import Models, create_app
from glassnet.serve.http.server import Server, raise_handle_limit
from glassnet.serve.settings import Settings
from glassnet.serve.telemetry.logs import Log
from tests.waiting import PATIENCE

from ..asking import IRIS_ROW, make_app
from ..running import Running
from .test_listener import listening


def test_the_limit_of_open_files_is_raised_as_far_as_it_may_be() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, hard), hard))
        assert raise_handle_limit(100) == 256
        assert raise_handle_limit(500) == min(500, hard)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == min(500, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_uvloop_is_used_where_it_is_installed(trained: Path) -> None:
    uvloop = pytest.importorskip("uvloop")
    app = make_app([trained / "iris.safetensors"])
    with listening(Settings(port=0)) as listeners:
        factory = Server(app, Settings(), listeners).config.get_loop_factory()
    assert factory is not None
    loop = factory()
    assert isinstance(loop, uvloop.Loop)
    loop.close()


@contextmanager
def server_of(models: Models) -> Iterator[tuple[Server, Callable[[], list[dict[str, Any]]]]]:
    """A server in this process, to be run; and what it has logged by now."""
    settings, stream = Settings(port=0, drain=1), io.StringIO()
    log = Log(stream, "json")
    thresholds = gc.get_threshold()

    def told() -> list[dict[str, Any]]:
        log.flush()
        return [json.loads(line) for line in stream.getvalue().splitlines()]

    try:
        with listening(settings) as listeners:
            yield Server(create_app(models, settings, log), settings, listeners), told
    finally:
        log.close()
        gc.unfreeze()
        gc.set_threshold(*thresholds)


def test_other_servers_know_what_kind_of_application_it_is(trained: Path) -> None:
    config = uvicorn.Config(make_app([trained / "iris.safetensors"]))
    config.load()
    assert config.interface == "asgi3"


def test_what_dies_beside_the_answers_is_told(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: Server) -> None:
        raise RuntimeError("no sweeping today")

    monkeypatch.setattr(Server, "_sweep", fail)
    with server_of(Models.load([trained / "iris.safetensors"])) as (server, told):

        def end_soon(_port: int) -> None:
            loop = asyncio.get_running_loop()
            loop.call_later(0.05, server.handle_exit, signal.SIGTERM, None)

        asyncio.run(server.run_until_told(end_soon))
        (failed,) = [one for one in told() if one["event"] == "failed"]
    assert failed["task"] == "fail"
    assert "no sweeping today" in failed["error"]


class Slow(Models):
    """Models that are not read before `go` is set."""

    def __init__(self, paths: Iterable[str | os.PathLike[str]]) -> None:
        super().__init__(paths)
        self.go = threading.Event()

    def read(self) -> None:
        self.go.wait(PATIENCE)
        super().read()


Test = Callable[[Server, Slow, "asyncio.Task[None]", list[int]], Awaitable[None]]


def while_loading(path: Path, test: Test) -> list[dict[str, Any]]:
    """Run a server that does not get its model yet; return what it logged.

    test    is given the server, the models, the server's task, and the ports that it announced
    """

    async def run(server: Server) -> None:
        ports: list[int] = []
        task = asyncio.create_task(server.run_until_told(ports.append))
        while not server.started:
            await asyncio.sleep(0.01)
        await test(server, models, task, ports)

    models = Slow([path])
    with server_of(models) as (server, told):
        try:
            asyncio.run(asyncio.wait_for(run(server), 2 * PATIENCE))
        finally:
            models.go.set()
        return told()


async def ask(server: Server, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
    """Ask once; return the status and the answer's body."""
    port = server.listeners[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    answer = await reader.read()
    writer.close()
    return int(answer.split()[1]), answer.partition(b"\r\n\r\n")[2]


def test_while_it_loads_it_says_so(trained: Path) -> None:
    row = json.dumps({"rows": IRIS_ROW}).encode()

    async def test(
        server: Server, models: Slow, task: asyncio.Task[None], ports: list[int]
    ) -> None:
        assert (await ask(server, "GET", "/v2/health/live"))[0] == 200
        assert (await ask(server, "GET", "/v2/health/ready"))[0] == 503
        status, told = await ask(server, "POST", "/predict", row)
        assert (status, json.loads(told)["error"]["code"]) == (503, "loading")
        assert (await ask(server, "GET", "/openapi.json"))[0] == 503
        assert (await ask(server, "GET", "/events"))[0] == 503
        assert not ports
        models.go.set()
        while not ports:
            await asyncio.sleep(0.01)
        assert (await ask(server, "GET", "/v2/health/ready"))[0] == 200
        assert (await ask(server, "POST", "/predict", row))[0] == 200
        assert b'glassnet_model{hash="sha256' in (await ask(server, "GET", "/metrics"))[1]
        server.handle_exit(signal.SIGTERM, None)
        await task

    events = [one["event"] for one in while_loading(trained / "iris.safetensors", test)]
    assert "switched" not in events
    assert "failed" not in events


def test_it_can_be_ended_while_it_loads(trained: Path) -> None:
    async def test(
        server: Server, models: Slow, task: asyncio.Task[None], ports: list[int]
    ) -> None:
        server.handle_exit(signal.SIGTERM, None)
        await asyncio.wait_for(task, PATIENCE)
        assert not models.go.is_set()
        assert not ports

    told = while_loading(trained / "iris.safetensors", test)
    assert [one["event"] for one in told if one["event"] != "request"] == ["draining", "stopped"]


def test_what_is_no_model_ends_it(tmp_path: Path) -> None:
    async def test(_: Server, models: Slow, task: asyncio.Task[None], ports: list[int]) -> None:
        models.go.set()
        with pytest.raises(ModelFileError, match="is not a whole safetensors file"):
            await asyncio.wait_for(task, PATIENCE)
        assert not ports

    (tmp_path / "iris.safetensors").write_bytes(b"something else")
    assert while_loading(tmp_path / "iris.safetensors", test) == []


def test_the_first_line_is_where_it_is(trained: Path, tmp_path: Path) -> None:
    with Running(trained / "iris.safetensors", folder=tmp_path) as running:
        assert running.log().startswith(f"http://127.0.0.1:{running.port} serves iris")
        head = running.ask("GET", "/v2/health/live")
        assert head[0] == 200


def test_a_taken_port_ends_it_with_status_2(trained: Path, tmp_path: Path) -> None:
    with Running(trained / "iris.safetensors", folder=tmp_path) as running:
        again = [sys.executable, "-m", "glassnet", "serve", str(trained / "iris.safetensors")]
        again += ["--port", str(running.port)]
        done = subprocess.run(again, capture_output=True, timeout=PATIENCE, check=False)
        assert done.returncode == 2
        assert b"Address already in use" in done.stdout + done.stderr
        assert b"Traceback" not in done.stderr
