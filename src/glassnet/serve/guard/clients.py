"""Clients: who asks.

client_of("2001:db8::1")            # "2001:db8::", the network of 64 bits that one client has
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

LONGEST = 45
"""How much of a client's address is kept, in characters: a proxy may tell of any."""


def client_of(address: str) -> str:
    """The client that an address belongs to.

    An IPv6 client is its network of 64 bits; IPv4 inside IPv6 is IPv4.
    """
    return _network(address)[:LONGEST] if ":" in address else address[:LONGEST]


def client_of_scope(scope: Mapping[str, Any]) -> str:
    """The client of a request; "" where the server does not tell."""
    client = scope.get("client")
    return client_of(client[0]) if client else ""


@lru_cache(maxsize=4096)
def _network(address: str) -> str:
    try:
        network = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    if network.ipv4_mapped is not None:
        return str(network.ipv4_mapped)
    return str(ipaddress.IPv6Address(int(network) >> 64 << 64))
