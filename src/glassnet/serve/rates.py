"""Rates: how often each client may ask."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

MOST_CLIENTS = 10_000
"""How many clients' rates are kept; those that asked nothing for longest are forgotten first."""

LONGEST = 45
"""How much of a client's address is kept, in characters: a proxy may tell of any."""


class Rates:
    """How often each client asks: `rate` requests a second, `burst` at once.

    For each client one moment is kept, the one at which its last request would have come had it
    kept to the rate; a request is refused while that lies more than burst/rate ahead (GCRA, the
    token bucket in one number). An IPv6 client is its network of 64 bits.
    """

    def __init__(self, rate: float, burst: float, most: int = MOST_CLIENTS) -> None:
        self._step = 1 / rate
        self._ahead = max(burst, 1) / rate
        self._most = most
        self._moments: dict[str, float] = {}

    def wait(self, client: str, now: float) -> float:
        """Count a request; return 0.0, or the seconds to wait where it is one too many."""
        if ":" in client:
            client = _network(client)
        client = client[:LONGEST]
        moment = self._moments.pop(client, 0.0)
        moment = (max(now, moment)) + self._step
        if moment - now > self._ahead:
            self._moments[client] = moment - self._step
            return moment - now - self._ahead
        self._moments[client] = moment
        if len(self._moments) > self._most:
            del self._moments[next(iter(self._moments))]
        return 0.0

    def __len__(self) -> int:
        return len(self._moments)


@lru_cache(maxsize=4096)
def _network(client: str) -> str:
    """Return the network of 64 bits that an IPv6 address is in; IPv4 inside IPv6 is IPv4."""
    try:
        address = ipaddress.IPv6Address(client.partition("%")[0])
    except ValueError:
        return client
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Address(int(address) >> 64 << 64))
