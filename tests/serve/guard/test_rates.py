"""Rates: how often each client may ask."""

from __future__ import annotations

import pytest

from glassnet.serve.guard.rates import Rates


def test_a_burst_and_then_the_rate() -> None:
    rates = Rates(10, 5)
    assert [rates.wait("a", 100.0) > 0 for _ in range(7)] == [False] * 5 + [True] * 2
    assert rates.wait("b", 100.0) == 0
    assert rates.wait("a", 100.0) == pytest.approx(0.1)
    assert rates.wait("a", 100.11) == 0
    assert rates.wait("a", 100.11) > 0
    assert [rates.wait("a", 110.0) > 0 for _ in range(6)] == [False] * 5 + [True]


@pytest.mark.parametrize("rate", [0.1, 3, 10, 1000])
def test_a_first_request_is_never_one_too_many(rate: float) -> None:
    """However large the clock's figures are, beside which the rate's are rounded."""
    rates = Rates(rate, 1)
    for k in range(1000):
        assert rates.wait(f"{k}", 1e5 + k * 0.37) == 0


def test_what_is_remembered_of_clients_is_bounded_and_the_busy_are_not_forgotten() -> None:
    rates = Rates(10, 1, most=100)
    for k in range(1000):
        rates.wait(f"10.0.{k // 256}.{k % 256}", 0.0)
        assert (rates.wait("192.0.2.1", 0.0) > 0) == (k > 0)
    assert len(rates) <= 101
