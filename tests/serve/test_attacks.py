"""Attacks on a service that runs as people run it: others are served meanwhile, and afterwards.

How many broken pictures are sent is said by GLASSNET_MUTANTS: few here, 10,000 by `make soak`.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import http.client
import json
import os
import re
import resource
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("uvicorn")
pytest.importorskip("PIL")
if sys.platform != "linux":
    pytest.skip("reads the memory of a process where Linux tells it", allow_module_level=True)

from tests.serve.mutants import bombs, foreign, mutants, whole
from tests.serve.running import Running
from tests.waiting import PATIENCE, wait_until

MUTANTS = int(os.environ.get("GLASSNET_MUTANTS", "300"))
MOST_BODY = 1 << 20
SOON = 1.0 if "GLASSNET_MUTANTS" in os.environ else 20.0
"""Seconds within which others are served, whatever goes on; other tests make the machine busy."""

pytestmark = pytest.mark.slow

ROW = [0.0] * 28 + [1.0, 1.0, 0.5, 0.0] * 9
PREDICT = json.dumps({"rows": ROW}).encode()


@pytest.fixture(scope="module")
def served(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(trained, tmp_path_factory.mktemp("served"), PATIENCE) as service:
        yield service


@pytest.fixture(scope="module")
def hasty(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One that waits a second for a request, and for its own answer."""
    with serving(trained, tmp_path_factory.mktemp("hasty"), 1) as service:
        yield service


@contextlib.contextmanager
def serving(trained: Path, folder: Path, timeout: float) -> Iterator[Running]:
    model = trained / "digits.safetensors"
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, limit[1]), limit[1]))
    try:
        with Running(
            model, "--rate", "0", "--timeout", str(timeout), "--json-logs", folder=folder
        ) as service:
            yield service
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)


@pytest.fixture(autouse=True)
def _unharmed(request: pytest.FixtureRequest) -> Iterator[None]:
    """After every attack: alive, no error inside, no connection left, and an answer."""
    yield
    served = request.getfixturevalue("hasty" if "hasty" in request.fixturenames else "served")
    assert served.alive, served.log()[-2000:]
    assert served.ask("POST", "/predict", PREDICT)[0] == 200
    wrong = [
        line for line in served.log().splitlines() if '"failed"' in line or "Traceback" in line
    ]
    assert wrong == []


# -- pictures --------------------------------------------------------------------------------


def test_pictures_that_are_well_are_answered(served: Running) -> None:
    for picture in whole():
        status, answer = served.ask("POST", "/predict/image", picture)
        assert status == 200, answer


def test_broken_pictures_cost_nothing(served: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE)
    for picture in mutants(100, seed=1):  # what is loaded on first use is loaded
        send_picture(connection, picture)
    before = served.memory()
    served.forget_peak()
    statuses: collections.Counter[int] = collections.Counter()
    for picture in mutants(MUTANTS):
        status, answer = send_picture(connection, picture)
        statuses[status] += 1
        if status != 200:
            assert json.loads(answer)["error"]["message"]
    connection.close()
    growth, peak = served.memory() - before, served.peak() - before
    print(
        f"\n{MUTANTS} broken pictures: {dict(statuses)}, memory {growth:+.1f} MB, peak {peak:+.1f}"
    )
    assert set(statuses) <= {200, 400, 413, 415, 422}
    assert growth < 50


def send_picture(connection: http.client.HTTPConnection, picture: bytes) -> tuple[int, bytes]:
    connection.request("POST", "/predict/image", body=picture)
    answer = connection.getresponse()
    return answer.status, answer.read()


@pytest.fixture(scope="module")
def sent() -> dict[str, bytes]:
    return {**bombs(), **foreign()}


def test_bombs_do_not_go_off(served: Running, sent: dict[str, bytes]) -> None:
    for picture in whole():
        served.ask("POST", "/predict/image", picture)
    before = served.memory()
    served.forget_peak()
    for name, picture in sent.items():
        began = time.monotonic()
        status, answer = served.ask("POST", "/predict/image", picture)
        assert status in {200, 400, 413, 415, 422}, (name, status, answer)
        assert time.monotonic() - began < SOON, name
    growth, peak = served.memory() - before, served.peak() - before
    print(f"\n{len(sent)} bombs and others: memory {growth:+.1f} MB, peak {peak:+.1f} MB")
    assert growth < 50
    assert peak < 150


def test_bombs_at_once_leave_others_served(served: Running, sent: dict[str, bytes]) -> None:
    name = "png of 16 bits, interlaced, as large as may be"
    before = served.memory()
    served.forget_peak()

    async def attack(stop: asyncio.Event) -> None:
        async def one() -> None:
            while not stop.is_set():
                await exchange(served, request("/predict/image", sent[name]))

        await asyncio.gather(*(one() for _ in range(16)))

    slowest = during(served, attack, seconds=3)
    # Until nothing is being answered, and what was given up has ended too.
    wait_until(lambda: in_flight(served) == 1)
    wait_until(lambda: served.memory() - before < 50, lambda: served.memory() - before)
    peak = served.peak() - before
    print(f"\n16 bombs at once: others {slowest:.3f} s, peak {peak:+.1f} MB")
    assert peak < 250


def in_flight(served: Running) -> float:
    """Return how many requests are being answered, this one among them."""
    text = served.ask("GET", "/metrics")[1].decode()
    return float(re.findall(r"^glassnet_in_flight (\S+)", text, re.MULTILINE)[0])


# -- bodies of JSON --------------------------------------------------------------------------

BODIES = {
    "nothing": b"",
    "no JSON": b"hello",
    "half": b'{"rows": [',
    "deep": b'{"rows": ' + b"[" * 400_000,
    "deep and closed": b'{"rows": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "not UTF-8": b'{"rows": "\xff\xfe"}',
    "UTF-16": '{"rows": []}'.encode("utf-16"),
    "NaN": b'{"rows": [NaN]}',
    "infinity": b'{"rows": [1e999]}',
    "a long number": b'{"rows": [' + b"9" * 900_000 + b"]}",
    "a long fraction": b'{"rows": [0.' + b"9" * 900_000 + b"]}",
    "a long exponent": b'{"rows": [1e' + b"9" * 900_000 + b"]}",
    "many empty rows": b'{"rows": [' + b"[]," * 300_000 + b"[]]}",
    "many names": b'{"rows": {' + b",".join(b'"%d":1' % k for k in range(90_000)) + b"}}",
    "one name often": b'{"rows": {' + b",".join([b'"a":1'] * 150_000) + b"}}",
    "a list": b"[]",
    "a text": b'"rows"',
    "null": b"null",
    "rows are null": b'{"rows": null}',
    "rows are text": b'{"rows": ["a"]}',
    "rows are true": b'{"rows": [' + b",".join([b"true"] * 64) + b"]}",
    "too large to compute with": json.dumps({"rows": [1e38] * 64}).encode(),
}


@pytest.mark.parametrize("path", ["/predict", "/v2/models/digits/infer"])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_bodies_that_make_no_sense_are_told_so(served: Running, body: bytes, path: str) -> None:
    status, answer = served.ask("POST", path, body, {"content-type": "application/json"})
    assert status in {400, 413, 422}
    assert json.loads(answer)["error"]
    assert len(answer) < 2000, "an error is no echo"


# -- connections -----------------------------------------------------------------------------

Attack = Callable[[asyncio.Event], Coroutine[Any, Any, Any]]


def during(served: Running, attack: Attack, seconds: float = 2.0, busy: bool = False) -> float:
    """Attack for a while, ask meanwhile; return how long the slowest answer took.

    busy    whether the attack is work for all it has, so that some are told to come again
    """

    async def both() -> float:
        stop = asyncio.Event()
        attacking = asyncio.create_task(attack(stop))
        try:
            return await ask_meanwhile()
        finally:
            stop.set()
            await asyncio.wait_for(attacking, PATIENCE)

    async def ask_meanwhile() -> float:
        await asyncio.sleep(0.3)
        slowest, answered, end = 0.0, 0, time.monotonic() + seconds
        while time.monotonic() < end:
            began = time.monotonic()
            asked = exchange(served, request("/predict", PREDICT))
            answer = await asyncio.wait_for(asked, PATIENCE)
            slowest = max(slowest, time.monotonic() - began)
            answered += answer.startswith(b"HTTP/1.1 200")
            assert busy or answer.startswith(b"HTTP/1.1 200"), answer[:500]
            await asyncio.sleep(0.05)
        assert answered > 0
        return slowest

    slowest = asyncio.run(both())
    assert slowest < SOON
    return slowest


def request(path: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


@contextlib.asynccontextmanager
async def connected(
    served: Running, room: int | None = None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Connect; `room` is how many bytes of answers the system takes in before they are read."""
    end = socket.socket()
    end.setblocking(False)
    if room is not None:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    await asyncio.get_running_loop().sock_connect(end, ("127.0.0.1", served.port))
    reader, writer = await asyncio.open_connection(sock=end, limit=room or 65536)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def exchange(served: Running, data: bytes) -> bytes:
    """Send, and read until the other side closes."""
    async with connected(served) as (reader, writer):
        with contextlib.suppress(OSError):
            writer.write(data)
            await writer.drain()
        with contextlib.suppress(OSError):
            return await reader.read()
    return b""


async def dribble(served: Running, head: bytes, drop: bytes, pause: float) -> tuple[float, bytes]:
    """Send a head, then drop upon drop; return how long it was borne, and what was answered."""
    began = time.monotonic()
    answer = b""
    async with connected(served) as (reader, writer):
        with contextlib.suppress(OSError):
            writer.write(head)
            while time.monotonic() - began < PATIENCE:
                writer.write(drop)
                await writer.drain()
                with contextlib.suppress(TimeoutError):
                    got = await asyncio.wait_for(reader.read(4096), pause)
                    answer += got
                    if not got:
                        break
    return time.monotonic() - began, answer


SLOW = {
    "heads": (b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"X-a: b\r\n"),
    "first lines": (b"G", b"E"),
    "heads in bytes": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ", b"a"),
    "bodies": (
        b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\n",
        b" ",
    ),
    "pictures": (
        b"POST /predict/image HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\n",
        b"\x89",
    ),
    "tensors": (
        b"POST /v2/models/digits/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\n",
        b"{",
    ),
    "chunks": (
        b"POST /predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"1\r\n \r\n",
    ),
    "bodies of nobody": (
        b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\n",
        b" ",
    ),
    "bodies of strangers": (
        b"POST /predict HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 9999\r\n\r\n",
        b" ",
    ),
}


@pytest.mark.parametrize(("head", "drop"), SLOW.values(), ids=SLOW)
def test_what_comes_slowly_is_not_waited_for(hasty: Running, head: bytes, drop: bytes) -> None:
    borne: list[tuple[float, bytes]] = []

    async def attack(_: asyncio.Event) -> None:
        borne.extend(await asyncio.gather(*(dribble(hasty, head, drop, 0.2) for _ in range(100))))

    slowest = during(hasty, attack, busy=True)
    longest = max(seconds for seconds, _ in borne)
    print(f"\n100 dribbling: others {slowest:.3f} s, borne for {longest:.1f} s")
    assert longest < SOON + 2
    for _, answer in borne:
        assert not answer or answer.split()[1] in {b"400", b"403", b"404", b"408", b"413"}


def test_a_body_in_tiny_chunks_is_read_or_refused(served: Running) -> None:
    head = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in PREDICT)
    answer = asyncio.run(
        exchange(served, head + b"Connection: close\r\n\r\n" + chunks + b"0\r\n\r\n")
    )
    assert answer.startswith(b"HTTP/1.1 200")
    many = head + b"Connection: close\r\n\r\n" + b"1\r\n \r\n" * 200_000 + b"0\r\n\r\n"

    async def attack(stop: asyncio.Event) -> None:
        async def one() -> None:
            while not stop.is_set():
                await asyncio.wait_for(exchange(served, many), PATIENCE)

        await asyncio.gather(*(one() for _ in range(4)))

    slowest = during(served, attack)
    print(f"\n4 senders of 200,000 chunks of a byte: others {slowest:.3f} s")


@pytest.mark.parametrize(
    "path", ["/predict", "/predict/image", "/v2/models/digits/infer", "/", "/x"]
)
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_body_without_end_is_ended(served: Running, method: str, path: str) -> None:
    """The answer is 413, or another error where nobody wants a body; then the connection ends.

    What comes after the answer is read away, but not for ever: 32 MiB, and what the system holds.
    """
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    block = b"10000\r\n" + b" " * 65536 + b"\r\n"
    before = served.memory()

    async def endless() -> tuple[int, bytes]:
        sent = 0
        async with connected(served) as (reader, writer):
            with contextlib.suppress(OSError):
                writer.write(head.encode())
                while sent < 1200 * len(block):
                    writer.write(block)
                    await writer.drain()
                    sent += len(block)
            with contextlib.suppress(OSError):
                return sent, await asyncio.wait_for(reader.read(), PATIENCE)
        return sent, b""

    async def some() -> list[tuple[int, bytes]]:
        return await asyncio.gather(*(endless() for _ in range(4)))

    ended = asyncio.run(asyncio.wait_for(some(), 2 * PATIENCE))
    for sent, answer in ended:
        assert sent < 800 * len(block), "it was read on and on"
        assert not answer or answer.split()[1] in {b"400", b"404", b"405", b"413"}
    assert served.memory() - before < 30


def test_a_thousand_idle_connections_leave_others_served(served: Running) -> None:
    before = served.memory()
    open_at_once = 0

    async def attack(stop: asyncio.Event) -> None:
        nonlocal open_at_once
        async with contextlib.AsyncExitStack() as all_of_them:
            for _ in range(1000):
                await all_of_them.enter_async_context(connected(served))
            open_at_once = served.handles()
            await stop.wait()

    slowest = during(served, attack)
    growth = served.memory() - before
    print(f"\n1,000 idle: others {slowest:.3f} s, {open_at_once} handles, memory {growth:+.1f} MB")
    assert growth < 50


def test_requests_one_behind_the_other_are_answered_in_order(served: Running) -> None:
    one = request("/predict", PREDICT).replace(b"Connection: close\r\n", b"")
    last = b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    few = asyncio.run(asyncio.wait_for(exchange(served, 5 * one + last), PATIENCE))
    assert statuses(few) == [b"200"] * 5 + [b"404"]
    many = asyncio.run(asyncio.wait_for(exchange(served, 5000 * one), PATIENCE))
    assert set(statuses(many)) == {b"200"}, "it may end early, but not otherwise"


def statuses(answers: bytes) -> list[bytes]:
    return re.findall(rb"HTTP/1\.[01] (\d{3})", answers)


@pytest.mark.parametrize("times", [1, 20])
def test_answers_that_nobody_reads_are_not_kept(served: Running, times: int) -> None:
    """Ask for large answers, once or again and again, and read none."""
    rows = json.dumps({"rows": [ROW] * 300, "explain": True}).encode()
    one = request("/predict", rows).replace(b"Connection: close\r\n", b"")
    before = served.memory()
    served.forget_peak()

    async def attack(stop: asyncio.Event) -> None:
        async def unread() -> None:
            while not stop.is_set():
                async with connected(served, room=4096) as (_, writer):
                    with contextlib.suppress(OSError, TimeoutError):
                        for _ in range(times):
                            writer.write(one)
                            await asyncio.wait_for(writer.drain(), 1)
                        await asyncio.wait_for(stop.wait(), 3)
                    writer.transport.abort()

        await asyncio.gather(*(unread() for _ in range(60)))

    slowest = during(served, attack, seconds=3, busy=True)
    growth, peak = served.memory() - before, served.peak() - before
    print(f"\n60 not reading: others {slowest:.3f} s, memory {growth:+.1f} MB, peak {peak:+.1f} MB")
    assert peak < 200


def test_large_bodies_that_do_not_end_take_little_memory(served: Running) -> None:
    """Each within its limit, all together far beyond."""
    head = f"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: {MOST_BODY}\r\n\r\n"
    most = b" " * (MOST_BODY - 1)
    before = served.memory()
    served.forget_peak()

    async def attack(stop: asyncio.Event) -> None:
        async def most_of_it() -> None:
            while not stop.is_set():
                async with connected(served) as (reader, writer):
                    with contextlib.suppress(OSError, TimeoutError):
                        writer.write(head.encode() + most)
                        await asyncio.wait_for(reader.read(), 5)

        await asyncio.gather(*(most_of_it() for _ in range(200)))

    slowest = during(served, attack, seconds=3)
    growth, peak = served.memory() - before, served.peak() - before
    print(f"\n200 of 1 MiB: others {slowest:.3f} s, memory {growth:+.1f} MB, peak {peak:+.1f} MB")
    assert peak < 150


def test_event_streams_leave_others_served(served: Running) -> None:
    asked = b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"

    async def attack(stop: asyncio.Event) -> None:
        async def listen() -> None:
            async with connected(served) as (_, writer):
                writer.write(asked)
                await stop.wait()

        await asyncio.gather(*(listen() for _ in range(600)))

    before = served.memory()
    slowest = during(served, attack)
    print(f"\n600 event streams: others {slowest:.3f} s, {served.memory() - before:+.1f} MB")


def test_clients_that_leave_in_the_middle_leave_nothing(served: Running) -> None:
    half = request("/predict", PREDICT)[:-20]
    whole_ones = request("/predict", PREDICT)

    async def attack(stop: asyncio.Event) -> None:
        while not stop.is_set():
            for data in (half, whole_ones, half[:30], b""):
                _, writer = await asyncio.open_connection("127.0.0.1", served.port)
                writer.write(data)
                writer.transport.abort()
            await asyncio.sleep(0)

    handles = served.handles()
    during(served, attack, seconds=2)
    wait_until(lambda: served.handles() <= handles + 5)


# -- bad HTTP --------------------------------------------------------------------------------

H = b"Host: localhost\r\n"
BAD = {
    "noise": bytes(range(256)) * 8,
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "a version that is not": b"GET / HTTP/9.9\r\n" + H + b"\r\n",
    "no Host": b"GET / HTTP/1.1\r\n\r\n",
    "two Hosts": b"GET / HTTP/1.1\r\n" + H + b"Host: evil.example\r\n\r\n",
    "a method that is not": b"BREW / HTTP/1.1\r\n" + H + b"\r\n",
    "a header without a name": b"GET / HTTP/1.1\r\n" + H + b": x\r\n\r\n",
    "a space before the colon": b"GET / HTTP/1.1\r\n" + H + b"Content-Length : 5\r\n\r\nhello",
    "a folded header": b"GET / HTTP/1.1\r\n" + H + b"X: a\r\n b\r\n\r\n",
    "a zero in a header": b"GET / HTTP/1.1\r\n" + H + b"X: a\0b\r\n\r\n",
    "two lengths": b"POST /predict HTTP/1.1\r\n"
    + H
    + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "a length and chunks": b"POST /predict HTTP/1.1\r\n"
    + H
    + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
    "a length below nothing": b"POST /predict HTTP/1.1\r\n" + H + b"Content-Length: -1\r\n\r\n",
    "a length of many digits": b"POST /predict HTTP/1.1\r\n"
    + H
    + b"Content-Length: "
    + b"9" * 400
    + b"\r\n\r\n",
    "a coding that is not": b"POST /predict HTTP/1.1\r\n"
    + H
    + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "a chunk of no size": b"POST /predict HTTP/1.1\r\n"
    + H
    + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a chunk too large to count": b"POST /predict HTTP/1.1\r\n"
    + H
    + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    "a long path": b"GET /" + b"a" * 500_000 + b" HTTP/1.1\r\n" + H + b"\r\n",
    "a long query": b"GET /?" + b"a" * 500_000 + b" HTTP/1.1\r\n" + H + b"\r\n",
    "a long header": b"GET / HTTP/1.1\r\n" + H + b"X: " + b"a" * 2_000_000 + b"\r\n\r\n",
    "many headers": b"GET / HTTP/1.1\r\n" + H + b"X: a\r\n" * 200_000 + b"\r\n",
    "a long header's name": b"GET / HTTP/1.1\r\n" + H + b"a" * 500_000 + b": x\r\n\r\n",
    "a path that is not UTF-8": b"GET /%ff%fe HTTP/1.1\r\n" + H + b"\r\n",
    "a path in bytes": b"GET /\xff\xfe HTTP/1.1\r\n" + H + b"\r\n",
    "a path with a zero": b"GET /%00 HTTP/1.1\r\n" + H + b"\r\n",
    "a path out of the folder": b"GET /assets/../../../../etc/passwd HTTP/1.1\r\n" + H + b"\r\n",
    "the same, written otherwise": b"GET /assets/%2e%2e/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n"
    + H
    + b"\r\n",
    "the same, with slashes": b"GET /assets/..%2f..%2f..%2f..%2fetc%2fpasswd HTTP/1.1\r\n"
    + H
    + b"\r\n",
    "a whole address": b"GET http://evil.example/ HTTP/1.1\r\n" + H + b"\r\n",
    "an authority": b"CONNECT evil.example:80 HTTP/1.1\r\n" + H + b"\r\n",
    "a star": b"OPTIONS * HTTP/1.1\r\n" + H + b"\r\n",
    "an upgrade": b"GET /events HTTP/1.1\r\n"
    + H
    + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    + b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    "an upgrade to h2c": b"GET / HTTP/1.1\r\n" + H + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    "an expectation": b"POST /predict HTTP/1.1\r\n"
    + H
    + b"Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n",
}


@pytest.mark.parametrize("name", BAD)
def test_bad_http_is_answered_or_ended(served: Running, name: str) -> None:
    before = served.memory()

    async def ask() -> bytes:
        async with connected(served) as (reader, writer):
            with contextlib.suppress(OSError):
                writer.write(BAD[name])
                await writer.drain()
            answer = b""
            with contextlib.suppress(OSError, TimeoutError):
                while got := await asyncio.wait_for(
                    reader.read(65536), 0.2 if answer else PATIENCE
                ):
                    answer += got
            return answer

    answer = asyncio.run(ask())
    assert b"root:" not in answer
    found = statuses(answer)
    assert all(status[:1] in b"24" for status in found), answer[:300]
    assert len(found) <= 1, "one request became two"
    assert served.memory() - before < 30


def test_nobody_was_harmed(served: Running) -> None:
    """Last: what is left of it all."""
    wait_until(lambda: in_flight(served) == 1)
    assert b'status="500"' not in served.ask("GET", "/metrics")[1]
