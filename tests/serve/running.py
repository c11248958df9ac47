"""A service as people run it: a process of its own, on a port of this machine."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Running:
    """`glassnet serve MODEL…` until the end of a with block.

    model       the file
    options     more of the command line
    folder      where its log is written
    handles     how many files and connections the system lets it have; as many as us unless given
    """

    def __init__(
        self, model: Path, *options: str, folder: Path, handles: int | None = None
    ) -> None:
        self.port = free_port()
        self.written = folder / f"service-{self.port}.log"
        self._command = [sys.executable, "-m", "glassnet", "serve", str(model)]
        self._command += ["--port", str(self.port), *options]
        if handles is not None:
            self._command = ["sh", "-c", f'ulimit -n {handles}; exec "$@"', "sh", *self._command]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Running:
        with self.written.open("wb") as log:
            self._process = subprocess.Popen(
                self._command,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(f"the service ended:\n{self.written.read_text()}")
            try:
                if self.ask("GET", "/v2/health/ready")[0] == 200:
                    return self
            except OSError:
                pass
            time.sleep(0.02)
        self.end()
        raise RuntimeError(f"the service was not ready in time:\n{self.written.read_text()}")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def end(self, patience: float = 10) -> int:
        """End it as a service manager does; return its exit status."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(patience)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        return self._process.returncode

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        timeout: float = 10,
    ) -> tuple[int, bytes]:
        """Ask once, on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def ask_json(self, method: str, path: str, asked: Any = None) -> tuple[int, Any]:
        body = None if asked is None else json.dumps(asked).encode()
        status, answer = self.ask(method, path, body, {"content-type": "application/json"})
        return status, json.loads(answer)

    def log(self) -> str:
        return self.written.read_text("utf-8", "replace")

    def memory(self) -> float:
        """Return the memory it has of its own now, in MB."""
        return self._status("VmRSS") / 1000

    def peak(self) -> float:
        """Return the most it had since the last `forget_peak`, in MB."""
        return self._status("VmHWM") / 1000

    def forget_peak(self) -> None:
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def handles(self) -> int:
        """Return how many files and connections it has open."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def _status(self, name: str) -> float:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return float(line.split()[1])
        raise KeyError(name)
