"""Contenders at the same work, each in a process of its own, taking turns.

In each round every one of them does the work once, so that a machine that slows down slows all of
them. What counts is the median over the rounds.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterable, Sequence

from benchmarks.contenders import CONTENDERS, Contender
from benchmarks.workloads import Workload

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC")  # NPROC: JAX's


def environment(threads: int) -> dict[str, str]:
    """Return this process's environment, for a process of so many threads."""
    return os.environ | dict.fromkeys(THREADS, str(threads))


class Worker:
    """A contender in a process of its own.

    problem     why it does not take part; empty where it does
    """

    def __init__(self, contender: Contender, workload: Workload, threads: int, data: str) -> None:
        self.contender, self.threads = contender, threads
        self.times: list[float] = []
        arguments = [contender.module, workload.to_json(), data]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(threads),
        )
        said = json.loads(self._hear() or '{"cannot": "it failed, see above"}')
        self.problem: str = said.get("cannot", "")
        self.note: str = said.get("note", "")
        self.rows: int = said.get("rows", workload.rows)

    def work(self, least: float) -> None:
        """Do the work, until so many seconds have passed."""
        assert self.process.stdin is not None
        try:
            print(least, file=self.process.stdin, flush=True)
        except BrokenPipeError:
            line = ""
        else:
            line = self._hear()
        if line:
            self.times.append(float(line))
        else:
            self.problem = "it failed, see above"

    def _hear(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    @property
    def seconds(self) -> float:
        """The median over the rounds."""
        return statistics.median(self.times)

    def close(self) -> None:
        try:
            self.process.communicate(timeout=60)
        except BrokenPipeError:
            self.process.wait()


def take_turns(
    contenders: Iterable[Contender],
    workload: Workload,
    *,
    rounds: int,
    threads: Sequence[int],
    data: str,
    least: float = 0.2,
) -> tuple[list[Worker], dict[str, str]]:
    """Let contenders work; return each at the number of threads that served it best.

    least   seconds that each turn lasts

    The other value says why those that did not take part did not, by their labels.
    """
    left_out, workers = {}, []
    for contender in contenders:
        if absence := contender.absence():
            left_out[contender.label] = absence
            continue
        counts = threads[:1] if contender.serial else threads
        workers += [Worker(contender, workload, count, data) for count in counts]
    for _ in range(rounds + 1):
        for worker in workers:
            if not worker.problem:
                worker.work(least)
    best: dict[str, Worker] = {}
    for worker in workers:
        worker.close()
        label = worker.contender.label
        if worker.problem:
            left_out[label] = worker.problem
            continue
        del worker.times[0]  # a warm-up
        if label not in best or worker.seconds < best[label].seconds:
            best[label] = worker
    return list(best.values()), left_out


def claiming(workload: str) -> list[Contender]:
    """Return the contenders that do a workload."""
    return [contender for contender in CONTENDERS if workload in contender.workloads]
