"""Another model in the place of one: between requests, checked first, by signal or by itself."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import glassnet as gn
from tests.waiting import PATIENCE, wait_until

from .asking import IRIS_ROW
from .running import Running

BODY = json.dumps({"rows": [IRIS_ROW] * 20}).encode()
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two models of the same data that give other probabilities."""
    folder = tmp_path_factory.mktemp("others")
    for seed in (1, 2):
        gn.train("iris", epochs=3, seed=seed, progress=False).save(folder / f"{seed}.safetensors")
    return [folder / "1.safetensors", folder / "2.safetensors"]


@pytest.fixture
def running(others: list[Path], tmp_path: Path) -> Iterator[Running]:
    served = tmp_path / "iris.safetensors"
    shutil.copy(others[0], served)
    with Running(served, "--rate", "0", folder=tmp_path) as started:
        yield started


def replace(served: Path, by: Path) -> None:
    """Replace a file in one step."""
    new = served.with_suffix(".new")
    shutil.copy(by, new)
    new.rename(served)


class Asking(threading.Thread):
    """Asks without a pause; keeps every answer's hash with the probabilities it came with."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port, self.on, self.wrong = port, True, ""
        self.seen: dict[str, set[float]] = {}
        self.last = ""

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            while self.on:
                connection.request("POST", "/predict", BODY, JSON)
                answer = connection.getresponse()
                told: Any = json.loads(answer.read())
                if answer.status != 200:
                    self.wrong = f"status {answer.status}: {told}"
                    return
                probabilities = {row["probability"] for row in told["answers"]}
                self.last = told["model"]["hash"]
                self.seen.setdefault(self.last, set()).update(probabilities)
        except (OSError, http.client.HTTPException) as error:
            self.wrong = f"{type(error).__name__}: {error}"
        finally:
            connection.close()


def hash_of(running: Running) -> str:
    told = running.ask_json("GET", "/models")[1]
    return str(told["models"][0]["hash"])


def wait_for(running: Running, digest: str) -> None:
    wait_until(lambda: hash_of(running) == digest, running.log)


def test_every_answer_is_one_models(running: Running, others: list[Path], tmp_path: Path) -> None:
    digests = [gn.load(path).digest for path in others]
    askers = [Asking(running.port) for _ in range(4)]
    for asker in askers:
        asker.start()

    def all_saw(digest: str) -> bool:
        return all(asker.last == digest or asker.wrong for asker in askers)

    for turn in (1, 0, 1):
        replace(tmp_path / "iris.safetensors", others[turn])
        os.kill(running.pid, signal.SIGHUP)
        wait_for(running, digests[turn])
        wait_until(partial(all_saw, digests[turn]))
    for asker in askers:
        asker.on = False
        asker.join(PATIENCE)
    assert [asker.wrong for asker in askers] == [""] * 4
    seen: dict[str, set[float]] = {}
    for asker in askers:
        for digest, probabilities in asker.seen.items():
            seen.setdefault(digest, set()).update(probabilities)
    assert seen.keys() == set(digests)
    # The same row 20 times: one model has one probability for it.
    assert [len(probabilities) for probabilities in seen.values()] == [1, 1]


def test_a_file_that_is_replaced_is_seen(
    running: Running, others: list[Path], tmp_path: Path
) -> None:
    replace(tmp_path / "iris.safetensors", others[1])
    wait_for(running, gn.load(others[1]).digest)


@pytest.mark.parametrize("bad", ["empty", "cut", "no model", "gone"])
def test_a_bad_file_leaves_the_old_model(
    running: Running, others: list[Path], tmp_path: Path, bad: str
) -> None:
    served = tmp_path / "iris.safetensors"
    before = hash_of(running)
    whole = others[1].read_bytes()
    if bad == "gone":
        served.unlink()
    else:
        spoilt = tmp_path / "spoilt"
        spoilt.write_bytes({"empty": b"", "cut": whole[:-100], "no model": b"x" * 5000}[bad])
        spoilt.rename(served)
    os.kill(running.pid, signal.SIGHUP)
    wait_until(lambda: "not-switched" in running.log(), running.log)
    assert running.ask("POST", "/predict", BODY, JSON)[0] == 200
    assert hash_of(running) == before
    replace(served, others[1])
    wait_for(running, gn.load(others[1]).digest)


def test_a_file_that_is_written_slowly_is_taken_when_it_is_whole(
    running: Running, others: list[Path], tmp_path: Path
) -> None:
    whole = others[1].read_bytes()
    with (tmp_path / "iris.safetensors").open("wb") as file:
        for k in range(0, len(whole), len(whole) // 4):
            file.write(whole[k : k + len(whole) // 4])
            file.flush()
            time.sleep(0.7)
    wait_for(running, gn.load(others[1]).digest)


def test_streams_are_told(running: Running, others: list[Path], tmp_path: Path) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=PATIENCE)
    connection.request("GET", "/events")
    stream = connection.getresponse()
    replace(tmp_path / "iris.safetensors", others[1])
    for line in iter(stream.readline, b""):
        if line.startswith(b"data: "):
            told = json.loads(line[6:])
            break
    stream.close()
    connection.close()
    assert told == {"name": "iris", "hash": gn.load(others[1]).digest}
