"""How many requests a second are answered in time: Glassnet's service and its peers.

python -m benchmarks.serving [--only glassnet,fastapi,bentoml,bentoml-batched] [--seconds 10]

One row of 784-30-10 a request, as JSON; an open loop with Poisson arrivals (open_loop.cpp), a
latency counts from when the request was due. The highest rate at which 99 of 100 requests are
answered within 50 ms is found by bisection; one that is refused is not answered. Server and client
share the machine's cores; each server is one process that answers. At last Glassnet is asked twice
what it can answer, and started again to see how long that takes.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

import glassnet as gn
from benchmarks.arrays import Array
from benchmarks.data import at_hand
from benchmarks.machine import processor

LIMIT = 50.0  # ms that the 99th percentile must stay below
TRIES = 2  # of a rate, before it counts as too high: others use the machine too
CLOSE = 1.05  # bisection ends when the rates that hold and do not are so close
WARM = 2.0  # s before a measurement
CONNECTIONS = 1000
ROWS = 500
VERSIONS = ("glassnet", "uvicorn", "uvloop", "fastapi", "pydantic", "torch", "bentoml")
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Service:
    """Something that answers rows.

    command         how it is started; {model} and {port} are filled in
    nested          whether a row is sent as a list of one row
    probabilities   takes them out of its answer
    """

    label: str
    command: tuple[str, ...]
    probabilities: Callable[[Any], list[float]]
    nested: bool = False


def _of_glassnet(told: Any) -> list[float]:
    return list(told["answers"][0]["probabilities"].values())


def _of_peer(told: Any) -> list[float]:
    return list((told[0] if isinstance(told, list) else told)["probabilities"])


GLASSNET = Service(
    "Glassnet",
    ("glassnet", "serve", "{model}", "--port", "{port}", "--rate", "0", "--quiet"),
    _of_glassnet,
)
FASTAPI = "uvicorn benchmarks.serving_peers.fastapi_app:app --port {port} --no-access-log"
BENTOML = "bentoml serve benchmarks.serving_peers.bentoml_app:{name} --port {{port}}"
SERVICES = {
    "glassnet": GLASSNET,
    "fastapi": Service("PyTorch in FastAPI", tuple(FASTAPI.split()), _of_peer),
    "bentoml": Service(
        "PyTorch in BentoML", tuple(BENTOML.format(name="Single").split()), _of_peer
    ),
    "bentoml-batched": Service(
        "PyTorch in BentoML, batches",
        tuple(BENTOML.format(name="Batched").split()),
        _of_peer,
        nested=True,
    ),
}


class Running:
    """A service in a process of its own, until `stop`."""

    def __init__(self, service: Service, model: Path, folder: Path) -> None:
        self.service, self.port = service, free_port()
        name, *rest = (part.format(model=model, port=self.port) for part in service.command)
        environment = {
            **os.environ,
            "MODEL": str(model),
            "BENTOML_HOME": str(folder / "bentoml"),
            "BENTOML_DO_NOT_TRACK": "True",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }
        self._log = folder / f"{self.port}.log"
        self.began = time.perf_counter()
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [str(Path(sys.executable).with_name(name)), *rest],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=ROOT,
                start_new_session=True,
            )

    def ask(self, body: bytes) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("POST", "/predict", body, {"content-type": "application/json"})
            answer = connection.getresponse()
            told = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise OSError(f"status {answer.status}: {told[:200]!r}")
        return json.loads(told)

    def first_answer(self, body: bytes, patience: float = 60) -> float:
        """Ask until it answers; return the seconds since it was started."""
        while True:
            try:
                self.ask(body)
            except OSError as error:
                took = time.perf_counter() - self.began
                if took > patience or self.process.poll() is not None:
                    said = self._log.read_text()
                    raise SystemExit(f"{self.service.label}: {error}\n{said}") from None
                time.sleep(0.002)
            else:
                return time.perf_counter() - self.began

    def memory(self) -> float:
        """Return the memory of the process and those it started, in MB."""
        group = os.getpgid(self.process.pid)
        total = 0
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                if os.getpgid(int(status.parent.name)) == group:
                    text = status.read_text()
                    total += int(text.partition("VmRSS:")[2].split()[0] or 0)
            except (OSError, IndexError):
                continue
        return total / 1000

    def stop(self) -> None:
        group = os.getpgid(self.process.pid)
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(group, signal.SIGKILL)
            self.process.wait()


class Client:
    """The client, compiled once; asks one service at a rate."""

    def __init__(self, folder: Path, requests: Path) -> None:
        compiler = shutil.which("g++") or shutil.which("c++")
        if compiler is None:
            raise SystemExit("The client is compiled: install a C++ compiler (g++).")
        self.program = folder / "open_loop"
        source = Path(__file__).with_name("open_loop.cpp")
        subprocess.run(
            [compiler, "-O2", "-std=c++17", "-o", str(self.program), str(source)], check=True
        )
        self.requests = requests

    def ask(self, port: int, rate: float, seconds: float, warm: float = WARM) -> dict[str, Any]:
        given = (port, rate, warm, seconds, CONNECTIONS, 0, self.requests)
        said = subprocess.check_output([str(self.program), *map(str, given)])
        told: dict[str, Any] = json.loads(said)
        return told


def main(arguments: Sequence[str]) -> None:
    options = _options(arguments)
    names = options.only.split(",")
    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept)
        model, rows = _model(folder / "mnist.safetensors")
        print(_heading(arguments), flush=True)
        single, nested = (
            _requests(rows, folder / "single"),
            _requests([[r] for r in rows], folder / "nested"),
        )
        clients = {False: Client(folder, single), True: Client(folder, nested)}
        most = _ceiling(clients[False], options.seconds)
        print(f"the client asks a server that does nothing {most:,.0f} times a second\n")
        found: dict[str, float] = {}
        for name in names:
            service = SERVICES[name]
            with _running(service, model, folder) as running:
                _expect_answers(running, model, rows)
                rate, said = _highest(clients[service.nested], running.port, options.seconds)
                found[name] = rate
                ratio = found["glassnet"] / rate if "glassnet" in found else float("nan")
                print(
                    f"  {service.label:30} {rate:>8,.0f} /s {ratio:8.2f} x   "
                    f"p50 {said['p50']:.3g} ms, p99 {said['p99']:.3g} ms, "
                    f"{running.memory():.0f} MB",
                    flush=True,
                )
        if "glassnet" in found:
            _overload(clients[False], model, folder, 2 * found["glassnet"], 2 * options.seconds)
            _start(model, folder, rows)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.serving",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--only", default=",".join(SERVICES))
    parser.add_argument("--seconds", type=float, default=10.0)
    return parser.parse_args(arguments)


# -- what is asked ----------------------------------------------------------------------------


def _model(path: Path) -> tuple[Path, list[list[int]]]:
    """Make the model file, and the rows to ask: MNIST's where it is at hand."""
    if at_hand() == "mnist":
        gn.train("mnist", layers=[30], activation="sigmoid", epochs=5, seed=0, progress=False).save(
            path
        )
        x = gn.datasets.load("mnist").test.x
        assert isinstance(x, gn.Pixels)
        return path, x.bytes[:ROWS].tolist()
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (ROWS, 784)) * (rng.random((ROWS, 784)) < 0.2)
    net = gn.Sequential([gn.Dense(30), gn.Sigmoid(), gn.Dense(10)], input_shape=(784,), seed=0)
    images, classes = gn.Images(28, 28), gn.Classes(tuple("0123456789"))
    model = gn.Model(net, inputs=images, outputs=classes)
    model.experience = gn.Experience.of(x[:400] / 255, x[400:] / 255)
    model.save(path)
    return path, x.tolist()


def _body(row: Any) -> bytes:
    return json.dumps({"rows": row}, separators=(",", ":")).encode()


def _requests(rows: Sequence[Any], path: Path) -> Path:
    """Write whole requests to a file, as the client reads them."""
    with path.open("wb") as file:
        for row in rows:
            body = _body(row)
            head = (
                "POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            file.write(struct.pack("<I", len(head) + len(body)) + head.encode() + body)
    return path


def _expect_answers(running: Running, path: Path, rows: list[list[int]]) -> None:
    """Compare a service's answers with the model's own."""
    expected: Array = gn.load(path).predict_proba(gn.Pixels(np.array(rows[:20], np.uint8)))
    service = running.service
    for row, p in zip(rows, expected, strict=False):
        told = service.probabilities(running.ask(_body([row] if service.nested else row)))
        np.testing.assert_allclose(told, p, atol=1e-5, err_msg=service.label)


# -- measuring --------------------------------------------------------------------------------


def holds(told: dict[str, Any]) -> bool:
    """Whether a rate was borne; a request that was not answered took for ever."""
    return told["p99"] is not None and told["p99"] < LIMIT


def bears(client: Client, port: int, rate: float, seconds: float) -> dict[str, Any] | None:
    """Return the figures at a rate that holds; None where it does not, tried again."""
    for _ in range(TRIES):
        if holds(told := client.ask(port, rate, seconds)):
            return told
        time.sleep(1)  # what was asked too often is to be over
    return None


def _highest(client: Client, port: int, seconds: float) -> tuple[float, dict[str, Any]]:
    """Return the highest rate that holds, and the figures at it.

    Doubled until it does not hold, then bisected. The first steps may be short, for what holds by
    chance is found out by the later ones.
    """
    client.ask(port, 200, 2)
    low, high = 100.0, 200.0
    while bears(client, port, high, min(seconds, 5)):
        low, high = high, 2 * high
    found = None
    while high > 1:
        while high / low > CLOSE:
            middle = (low * high) ** 0.5
            if told := bears(client, port, middle, seconds):
                low, found = middle, told
            else:
                high = middle
        found = found or bears(client, port, low, seconds)
        if found:
            return low, found["statuses"]["200"]
        low, high = low / 2, low
    raise SystemExit("not a single request a second is answered in time")


def _ceiling(client: Client, seconds: float) -> float:
    """Return the highest rate at which a server that does nothing is asked."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.trivial_server", str(port)], cwd=ROOT
    )
    try:
        _wait_for(port)
        return _highest(client, port, min(seconds, 4))[0]
    finally:
        process.terminate()
        process.wait()


def _overload(client: Client, model: Path, folder: Path, rate: float, seconds: float) -> None:
    with _running(GLASSNET, model, folder) as running:
        told = client.ask(running.port, rate, seconds)
    print(f"\nGlassnet, asked {rate:,.0f} times a second for {seconds:g} s")
    for status, meaning in (("200", "answered"), ("503", "refused")):
        if of := told["statuses"].get(status):
            share = 100 * of["count"] / told["asked"]
            print(
                f"  {meaning} ({status})  {share:5.1f} %   {of['per_second']:,.0f} /s,"
                f" p50 {of['p50']:.3g} ms, p99 {of['p99']:.3g} ms, p99.9 {of['p999']:.3g} ms"
            )
    others = sum(of["count"] for s, of in told["statuses"].items() if s not in ("200", "503"))
    print(
        f"  otherwise {others}, dropped {told['dropped']}, never answered {told['unanswered']};"
        f" {told['connections']} connections"
    )


def _start(model: Path, folder: Path, rows: list[list[int]], rounds: int = 5) -> None:
    times, memory = [], []
    for _ in range(rounds):
        running = Running(GLASSNET, model, folder)
        times.append(running.first_answer(_body(rows[0])))
        memory.append(running.memory())
        running.stop()
    print(
        f"\nGlassnet, from start to first answer {statistics.median(times):.2f} s"
        f" ({min(times):.2f} to {max(times):.2f}), then {statistics.median(memory):.0f} MB"
    )


# -- machinery --------------------------------------------------------------------------------


@contextmanager
def _running(service: Service, model: Path, folder: Path) -> Iterator[Running]:
    running = Running(service, model, folder)
    try:
        row = [0] * 784
        running.first_answer(_body([row] if service.nested else row))
        yield running
    finally:
        running.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    for _ in range(500):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise SystemExit(f"nothing listens on port {port}")


def _heading(arguments: Sequence[str]) -> str:
    named = {"mnist": "MNIST", "dense": "random rows of its size"}
    lines = [
        f"{processor()}, {os.cpu_count()} cores shared with the client",
        f"Python {platform.python_version()}, "
        + ", ".join(f"{name} {known}" for name in VERSIONS if (known := _version(name))),
        f"data: {named[at_hand()]}",
        " ".join(["python -m benchmarks.serving", *arguments]),
        f"the highest rate with p99 < {LIMIT:g} ms, steps of at least 10 s"
        if "--seconds" not in arguments
        else f"the highest rate with p99 < {LIMIT:g} ms",
    ]
    return "\n".join(lines)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


if __name__ == "__main__":
    main(sys.argv[1:])
