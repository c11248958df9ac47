"""Shares: how much of the whole each client may have."""

from __future__ import annotations

from glassnet.serve.guard.shares import Shares


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
