"""A service as people run it: a process of its own, on a port of this machine."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.waiting import PATIENCE, wait_until

_COUNT = itertools.count(1)

ANNOUNCED = re.compile(r"^http://\S+:(\d+)\S* serves ", re.MULTILINE)


class Running:
    """`glassnet serve MODEL…` until the end of a with block, on a port that the system chooses.

    model       the file
    options     more of the command line
    folder      where its log is written
    handles     how many files and connections the system lets it have; as many as us unless given
    """

    def __init__(
        self, model: Path, *options: str, folder: Path, handles: int | None = None
    ) -> None:
        self.port = 0
        self.written = folder / f"service-{next(_COUNT)}.log"
        self._command = [sys.executable, "-m", "glassnet", "serve", str(model)]
        self._command += [*options, "--port", "0"]
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
        try:
            wait_until(lambda: not self.alive or ANNOUNCED.search(self.log()), self.log)
        except BaseException:
            self.end()
            raise
        told = ANNOUNCED.search(self.log())
        if told is None:
            raise RuntimeError(f"the service ended:\n{self.log()}")
        self.port = int(told[1])
        return self

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

    def end(self, patience: float = PATIENCE) -> int:
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
        timeout: float = PATIENCE,
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

    def has_read(self) -> None:
        """Wait until it has read what was sent to it: what comes later is answered later."""
        for _ in range(2):
            self.ask("GET", "/v2/health/live")

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def drain(self) -> None:
        """Tell it to end, and wait until it drains: then nobody new comes in."""
        self.signal(signal.SIGTERM)
        wait_until(self._lets_nobody_in, self.log)

    def ended(self) -> int:
        """Wait until it has ended; return its exit status."""
        assert self._process is not None
        return self._process.wait(PATIENCE)

    def _lets_nobody_in(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), PATIENCE).close()
        except ConnectionError:
            return True
        return False

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
