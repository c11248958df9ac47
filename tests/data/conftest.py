import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from glassnet.data.download import VARIABLE


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache, and no folder of one's own."""
    pytest.importorskip("pooch")
    folder = tmp_path / "cache"
    monkeypatch.setattr("pooch.os_cache", lambda _: folder)
    monkeypatch.delenv(VARIABLE, raising=False)
    return folder


class Mirror:
    """A web server on this machine: what it holds by path, and how much of it gets through."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.cut_after: int | None = None
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                mirror.asked.append(self.path)
                content = mirror.files.get(self.path)
                self.send_response(404 if content is None else 200)
                self.send_header("Content-Length", str(len(content or b"")))
                self.end_headers()
                self.wfile.write((content or b"")[: mirror.cut_after])

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"


@pytest.fixture
def new_mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Mirror]]:
    """Starts mirrors, and stops them after the test."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    running: list[tuple[Mirror, threading.Thread]] = []

    def start() -> Mirror:
        mirror = Mirror()
        thread = threading.Thread(target=mirror.server.serve_forever, args=(0.01,))
        thread.start()
        running.append((mirror, thread))
        return mirror

    yield start
    for mirror, thread in running:
        mirror.server.shutdown()
        thread.join()
        mirror.server.server_close()
