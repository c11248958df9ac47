"""Clients: who is one, how often each may ask, and how much of the whole each may have."""

from __future__ import annotations

import pytest

from glassnet.serve.guard.clients import LONGEST, Rates, Shares, asking, client_of


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::"),
        ("2001:db8::ffff:0:0:1", "2001:db8::"),
        ("2001:db8:0:1::1", "2001:db8:0:1::"),
        ("fe80::1%eth0", "fe80::"),
        ("not:an:address", "not:an:address"),
        ("x" * 60_000, "x" * LONGEST),
        (":" * 60_000, ":" * LONGEST),
    ],
)
def test_a_client(address: str, client: str) -> None:
    assert client_of(address) == client
    assert client_of(client) == client
    assert asking({"client": (address, 5000)}) == client


def test_a_server_may_not_tell_who_asks() -> None:
    assert asking({}) == asking({"client": None}) == ""


def test_a_burst_and_then_the_rate() -> None:
    rates = Rates(10, 5)
    assert [rates.wait("a", 100.0) > 0 for _ in range(7)] == [False] * 5 + [True] * 2
    assert rates.wait("b", 100.0) == 0
    assert rates.wait("a", 100.0) == pytest.approx(0.1)
    assert rates.wait("a", 100.11) == 0
    assert rates.wait("a", 100.11) > 0
    assert [rates.wait("a", 110.0) > 0 for _ in range(6)] == [False] * 5 + [True]


def test_what_is_remembered_of_clients_is_bounded_and_the_busy_are_not_forgotten() -> None:
    rates = Rates(10, 1, most=100)
    for k in range(1000):
        rates.wait(f"10.0.{k // 256}.{k % 256}", 0.0)
        assert (rates.wait("192.0.2.1", 0.0) > 0) == (k > 0)
    assert len(rates) <= 101


def fill(shares: Shares, client: str) -> int:
    """Take as much as a client gets, one by one; return how much that is."""
    taken = 0
    while shares.admits(client):
        shares.take(client)
        taken += 1
    return taken


def test_one_client_alone_may_have_all_and_others_still_get_a_share() -> None:
    shares = Shares(12)
    assert [fill(shares, client) for client in "abcd"] == [12, 6, 4, 2]
    assert shares.total == 24, "twice the limit, and no more"
    assert fill(shares, "e") == 0
    assert shares.greediest() == "a"
    for _ in range(12):
        shares.give_back("a")
    assert (shares.of("a"), shares.total) == (0, 12)
    assert fill(shares, "a") == 3, "one of four"


def test_what_comes_in_pieces_has_a_share_too() -> None:
    shares = Shares(100)
    shares.take("a", 100)
    assert not shares.admits("a", 1)
    assert shares.admits("b", 50)
    shares.take("b", 50)
    assert not shares.admits("b", 1)
    shares.give_back("a", 100)
    assert shares.admits("b", 50)
    assert not shares.admits("b", 51), "it is the only one, and that would be too much"


def test_a_limit_of_one_lets_two_clients_in() -> None:
    shares = Shares(1)
    assert [fill(shares, client) for client in "abc"] == [1, 1, 0]
