"""Everything that a service is asked, at once and for long: each answer as it should be, in time,
and its memory where it was.

How many requests, and over how many seconds, is said by GLASSNET_REQUESTS and GLASSNET_SECONDS: a
few here, a million in an hour by `make soak`.
"""

from __future__ import annotations

import asyncio
import collections
import io
import json
import os
import random
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("PIL")
if sys.platform != "linux":
    pytest.skip("reads the memory of a process where Linux tells it", allow_module_level=True)

from tests.serve.running import Running

REQUESTS = int(os.environ.get("GLASSNET_REQUESTS", "3000"))
SECONDS = float(os.environ.get("GLASSNET_SECONDS", "5"))
CONNECTIONS = 16
MOST_GROWTH = 30
"""MB by which its memory may grow after the first tenth."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600 + 3 * SECONDS)]

JSON = "application/json"
PIXELS = [0] * 28 + [16, 16, 8, 0] * 9
IRIS = [5.1, 3.5, 1.4, 0.2]
DIABETES = [0.01, 0.05, 0.06, 0.02, -0.04, -0.03, -0.04, 0.0, 0.02, -0.01]


class Ask(NamedTuple):
    """One kind of request, and what it should be answered."""

    name: str
    often: int
    status: int
    method: str
    path: str
    body: bytes = b""
    kind: str = JSON


def drawing() -> bytes:
    from PIL import Image

    picture = Image.new("L", (120, 120), 255)
    picture.paste(0, (50, 20, 64, 100))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def rows(*given: object, **more: object) -> bytes:
    return json.dumps({"rows": list(given), **more}).encode()


def tensor(values: list[float]) -> bytes:
    given = {"name": "input", "shape": [1, len(values)], "datatype": "FP64", "data": values}
    return json.dumps({"inputs": [given]}).encode()


KINDS = [
    Ask("one drawing", 40, 200, "POST", "/predict", rows(PIXELS)),
    Ask("one row", 20, 200, "POST", "/predict?model=iris", rows(IRIS)),
    Ask("a value", 10, 200, "POST", "/predict?model=diabetes", rows(DIABETES)),
    Ask("fifty rows", 3, 200, "POST", "/predict", rows(*[PIXELS] * 50)),
    Ask("a picture", 3, 200, "POST", "/predict/image", drawing(), "image/png"),
    Ask("an explanation", 1, 200, "POST", "/predict?model=iris", rows(IRIS, explain=True)),
    Ask("a tensor", 10, 200, "POST", "/v2/models/iris/infer", tensor(IRIS)),
    Ask("what there is", 2, 200, "GET", "/models"),
    Ask("health", 4, 200, "GET", "/v2/health/ready"),
    Ask("metrics", 1, 200, "GET", "/metrics"),
    Ask("the description", 1, 200, "GET", "/openapi.json"),
    Ask("no JSON", 2, 400, "POST", "/predict", b"{"),
    Ask("a short row", 2, 422, "POST", "/predict", rows([1, 2])),
    Ask("nowhere", 2, 404, "GET", "/nowhere"),
    Ask("the wrong method", 1, 405, "GET", "/predict"),
    Ask(
        "no picture",
        1,
        422,
        "POST",
        "/predict/image",
        b"\x89PNG\r\n\x1a\n" + bytes(50),
        "image/png",
    ),
    Ask("too much", 1, 413, "POST", "/predict", b" " * ((1 << 20) + 1)),
]


class Line:
    """One connection that asks again and again, and begins anew where it is closed."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, asked: Ask) -> int:
        if self.open is None:
            self.open = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.open
        head = (
            f"{asked.method} {asked.path} HTTP/1.1\r\nHost: localhost\r\n"
            f"Content-Type: {asked.kind}\r\nContent-Length: {len(asked.body)}\r\n\r\n"
        )
        writer.write(head.encode() + asked.body)
        told = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(told.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        if b"connection: close" in told:
            await self.close()
        return int(told.split()[1])

    async def close(self) -> None:
        if self.open is not None:
            self.open[1].close()
            self.open = None


class Soak:
    """So many requests at an even pace.

    took        seconds of each, by its name
    wrong       what was answered otherwise than it should have been
    memory      MB of the service after each tenth
    """

    def __init__(self, served: Running) -> None:
        self.served = served
        self.took: dict[str, list[float]] = collections.defaultdict(list)
        self.wrong: collections.Counter[str] = collections.Counter()
        self.memory: list[float] = []
        self._begun = 0
        self._chosen = random.Random(1)

    async def run(self) -> None:
        await asyncio.gather(*(self._go_on() for _ in range(CONNECTIONS)))

    async def _go_on(self) -> None:
        line = Line(self.served.port)
        began = time.monotonic()
        often = [kind.often for kind in KINDS]
        while self._begun < REQUESTS:
            k = self._begun
            self._begun += 1
            if k % (REQUESTS // 10) == 0:
                self.memory.append(self.served.memory())
            await asyncio.sleep(began + k * SECONDS / REQUESTS - time.monotonic())
            (asked,) = self._chosen.choices(KINDS, often)
            start = time.monotonic()
            status = await line.ask(asked)
            self.took[asked.name].append(time.monotonic() - start)
            if status != asked.status:
                self.wrong[f"{asked.name}: {status}"] += 1
        await line.close()


def percentile(took: list[float], share: float) -> float:
    return 1000 * sorted(took)[min(len(took) - 1, int(share * len(took)))]


def test_everything_at_once_and_for_long(trained: Path, tmp_path: Path) -> None:
    files = [str(trained / f"{name}.safetensors") for name in ("iris", "diabetes")]
    model = trained / "digits.safetensors"
    with Running(model, *files, "--rate", "0", "--timeout", "60", folder=tmp_path) as served:
        soak = Soak(served)
        began = time.monotonic()
        asyncio.run(soak.run())
        took = time.monotonic() - began
        soak.memory.append(served.memory())
        assert served.alive
        assert '"failed"' not in served.log()
        assert "Traceback" not in served.log()
    every = [one for some in soak.took.values() for one in some]
    print(f"\n{len(every):,} requests in {took:.0f} s; otherwise than expected: {dict(soak.wrong)}")
    print(f"all: median {percentile(every, 0.5):.1f} ms, p99 {percentile(every, 0.99):.1f} ms")
    for name, some in soak.took.items():
        print(
            f"{name:18} {len(some):9,}  median {percentile(some, 0.5):7.1f} ms  "
            f"p99 {percentile(some, 0.99):7.1f} ms"
        )
    print("memory after each tenth, MB:", *(f"{size:.0f}" for size in soak.memory))
    assert len(every) == REQUESTS
    assert soak.wrong == {}
    assert max(soak.memory[1:]) < soak.memory[1] + MOST_GROWTH
