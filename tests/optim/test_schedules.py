"""Each schedule: by hand, never negative, and smooth where it says so."""

from __future__ import annotations

import pytest

from glassnet import optim
from glassnet.errors import SettingError
from tests.cases import SCHEDULES, ScheduleCase

rows = pytest.mark.parametrize("case", SCHEDULES, ids=str)


@rows
def test_rates_by_hand(case: ScheduleCase) -> None:
    schedule = case.make()
    assert {step: schedule(step) for step in case.by_hand} == pytest.approx(case.by_hand, rel=1e-12)


@rows
def test_every_step_has_a_rate_an_optimizer_accepts(case: ScheduleCase) -> None:
    sgd = optim.SGD(case.make())
    assert all(0 <= sgd.rate(step) <= 1 for step in range(1, 200))


def test_two_decays_meet_every_so_many_steps() -> None:
    level, smooth = optim.StepDecay(1, 0.5, 7), optim.ExponentialDecay(1, 0.5, 7)
    for step in range(50):
        assert smooth(step) <= level(step)
        assert (smooth(step) == pytest.approx(level(step))) == (step % 7 == 0)


def test_one_cycle_rises_once_and_falls_once() -> None:
    cycle = optim.OneCycle(1.0, steps=100)
    rates = [cycle(step) for step in range(120)]
    top = rates.index(max(rates))
    assert top == 29
    assert rates[0] == pytest.approx(1 / 25)
    assert rates[:top] == sorted(rates[:top])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[99:] == [pytest.approx(1 / 25e4)] * 21


def test_warm_up_checks_the_schedule_that_follows() -> None:
    with pytest.raises(SettingError, match=r"gave -1\.0 at step 3\."):
        optim.WarmUp(2, lambda step: 2.0 - step)(5)
