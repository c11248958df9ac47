"""Clients: who is one."""

from __future__ import annotations

import pytest

from glassnet.serve.guard.clients import LONGEST, client_of, client_of_scope


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
    assert client_of_scope({"client": (address, 5000)}) == client


def test_a_server_may_not_tell_who_asks() -> None:
    assert client_of_scope({}) == client_of_scope({"client": None}) == ""
