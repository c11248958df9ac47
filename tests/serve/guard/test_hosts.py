"""Hosts: the names by which a service may be called."""

from __future__ import annotations

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("prometheus_client")

from glassnet.serve.guard.hosts import Hosts

HOSTS = [
    ("127.0.0.1:8000", True),
    ("127.0.0.1", True),
    ("localhost:8000", True),
    ("LOCALHOST:9", True),
    ("localhost.", True),
    ("[::1]:8000", True),
    ("192.168.1.7:8000", True),  # an address is no name that a stranger could point here
    ("[fe80::1]", True),
    ("digits.example:8000", True),
    ("DIGITS.example", True),
    ("evil.example", False),
    ("127.0.0.1.evil.example", False),
    ("localhost.evil.example:8000", False),
    ("xdigits.example", False),
    ("localhost@evil.example", False),
    ("evil.example#localhost", False),
    ("localhost:8000:8000", False),
    ("localhost:port", False),
    ("local host", False),
    ("[::1", False),
    ("[localhost]", False),
    ("", False),
    ("\xff", False),
]


@pytest.mark.parametrize(("host", "trusted"), HOSTS)
def test_only_own_names_are_answered_to(host: str, trusted: bool) -> None:
    hosts = Hosts("127.0.0.1", ("digits.example",))
    for _ in range(2):  # asked and remembered
        assert hosts.trusts(host.encode("latin-1")) is trusted


def test_what_is_remembered_of_hosts_is_bounded() -> None:
    hosts = Hosts("127.0.0.1", ())
    for k in range(3000):
        assert not hosts.trusts(b"%d.evil.example" % k)
    assert len(hosts._known) <= 1000
    for k in range(500):
        assert not hosts.trusts(b"%d." % k + b"x" * 60_000)
    assert sum(map(len, hosts._known)) < 1 << 18, "a long one is no name, and is not remembered"
