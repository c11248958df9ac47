"""What follows from a workload's numbers."""

from __future__ import annotations

import pytest
from benchmarks.contenders import CONTENDERS
from benchmarks.side_by_side import claiming, take_turns
from benchmarks.workloads import WORKLOADS, Workload


@pytest.mark.parametrize("w", WORKLOADS.values(), ids=WORKLOADS)
def test_there_and_back(w: Workload) -> None:
    assert Workload.from_json(w.to_json()) == w


def test_counts() -> None:
    assert WORKLOADS["W1"].parameters == 23_860
    assert WORKLOADS["W5"].parameters == 16
    first, last = 784 * 30, 30 * 10
    assert WORKLOADS["W1"].flops == 50_000 * (4 * first + 6 * last)
    assert WORKLOADS["W7a"].flops == 2 * (first + last)


@pytest.mark.parametrize("name", WORKLOADS)
def test_glassnet_and_a_peer_do_each(name: str) -> None:
    assert len(claiming(name)) > 1
    assert any(one.engine for one in claiming(name))


def test_taking_turns() -> None:
    w = WORKLOADS["W5"]
    numpy, lines = (one for one in CONTENDERS if one.module in ("glassnet_numpy", "eleven_lines"))
    w = Workload.from_json(w.to_json().replace("60000", "10"))
    found, left_out = take_turns([numpy, lines], w, rounds=2, threads=[1], data="dense", least=0)
    assert [worker.contender for worker in found] == [numpy, lines]
    assert all(len(worker.times) == 2 and worker.seconds > 0 for worker in found)
    assert not left_out


def test_who_fails_is_left_out_and_the_others_go_on() -> None:
    lines, nudging = (one for one in CONTENDERS if one.module in ("nudging", "eleven_lines"))
    w = Workload.from_json(WORKLOADS["W5"].to_json().replace("60000", "10"))
    found, left_out = take_turns([nudging, lines], w, rounds=1, threads=[1], data="dense", least=0)
    assert [worker.contender for worker in found] == [lines]
    assert left_out == {nudging.label: "it failed, see above"}
