"""The server: where it listens, what it needs of the system, what it says."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import resource
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from glassnet.errors import SettingError
from glassnet.serve import Models, create_app
from glassnet.serve.logs import Log
from glassnet.serve.server import Server, listen, raise_handle_limit
from glassnet.serve.settings import Settings

from .asking import make_app
from .running import Running


def test_a_port_that_is_taken_is_told_in_one_line() -> None:
    with listen(Settings(port=0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingError, match=f"port {port}: Address already in use. Give"):
            listen(Settings(port=port))


@pytest.mark.parametrize("host", ["no such host", "203.0.113.7"])
def test_an_address_that_is_not_ours(host: str) -> None:
    if " " in host:
        host = "no-such-host.invalid"
    with pytest.raises(SettingError, match="Cannot listen on"):
        listen(Settings(host=host, port=0))


def test_all_ways_to_write_this_machine() -> None:
    for host in ("127.0.0.1", "localhost", "0.0.0.0"):
        with listen(Settings(host=host, port=0)) as listener:
            port = listener.getsockname()[1]
            socket.create_connection(("127.0.0.1", port)).close()


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
    with listen(Settings(port=0)) as listener:
        factory = Server(app, Settings(), listener).config.get_loop_factory()
    assert factory is not None
    loop = factory()
    assert isinstance(loop, uvloop.Loop)
    loop.close()


def test_what_dies_beside_the_answers_is_told(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: Server) -> None:
        raise RuntimeError("no sweeping today")

    monkeypatch.setattr(Server, "_sweep", fail)
    settings, stream = Settings(port=0, drain=1), io.StringIO()
    models, log = Models.load([trained / "iris.safetensors"]), Log(stream, "json")
    thresholds = gc.get_threshold()
    try:
        with listen(settings) as listener:
            server = Server(create_app(models, settings, log), settings, listener)

            def end_soon(_port: int) -> None:
                loop = asyncio.get_running_loop()
                loop.call_later(0.05, server.handle_exit, signal.SIGTERM, None)

            asyncio.run(server.run_until_told(end_soon))
    finally:
        log.close()
        gc.unfreeze()
        gc.set_threshold(*thresholds)
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    (failed,) = [one for one in told if one["event"] == "failed"]
    assert failed["task"] == "fail"
    assert "no sweeping today" in failed["error"]


def test_the_first_line_is_where_it_is(trained: Path, tmp_path: Path) -> None:
    with Running(trained / "iris.safetensors", folder=tmp_path) as running:
        assert running.log().startswith(f"http://127.0.0.1:{running.port} serves iris")
        head = running.ask("GET", "/v2/health/live")
        assert head[0] == 200


def test_a_taken_port_ends_it_with_status_2(trained: Path, tmp_path: Path) -> None:
    with Running(trained / "iris.safetensors", folder=tmp_path) as running:
        second = Running(trained / "iris.safetensors", folder=tmp_path)
        second.port = running.port
        second._command[second._command.index("--port") + 1] = str(running.port)
        second.written = tmp_path / "second.log"
        done = subprocess.run(second._command, capture_output=True, timeout=60, check=False)
        assert done.returncode == 2
        assert b"Address already in use" in done.stdout + done.stderr
        assert b"Traceback" not in done.stderr
