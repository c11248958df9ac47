"""Clients: who asks, how often each may, and how much of the whole each may have.

client_of("2001:db8::1")            # "2001:db8::", the network of 64 bits that one client has
rates = Rates(rate=100, burst=200)
rates.wait("10.0.0.1", now)         # 0.0, or the seconds to wait
shares = Shares(128)
shares.admits("10.0.0.1")           # whether it may have one more of something
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

MOST_CLIENTS = 10_000
"""How many clients' rates are kept; those that asked nothing for longest are forgotten first."""

LONGEST = 45
"""How much of a client's address is kept, in characters: a proxy may tell of any."""


def client_of(address: str) -> str:
    """The client that an address belongs to.

    An IPv6 client is its network of 64 bits; IPv4 inside IPv6 is IPv4.
    """
    return _network(address)[:LONGEST] if ":" in address else address[:LONGEST]


def asking(scope: Mapping[str, Any]) -> str:
    """The client of a request; "" where the server does not tell."""
    client = scope.get("client")
    return client_of(client[0]) if client else ""


class Rates:
    """How often each client asks: `rate` requests a second, `burst` at once.

    For each client one moment is kept, the one at which its last request would have come had it
    kept to the rate; a request is refused while that lies more than burst/rate ahead (GCRA, the
    token bucket in one number).
    """

    def __init__(self, rate: float, burst: float, most: int = MOST_CLIENTS) -> None:
        self._step = 1 / rate
        self._ahead = max(burst, 1) / rate
        self._most = most
        self._moments: dict[str, float] = {}

    def wait(self, client: str, now: float) -> float:
        """Count a request; return 0.0, or the seconds to wait where it is one too many."""
        client = client_of(client)
        moment = self._moments.pop(client, 0.0)
        moment = max(now, moment) + self._step
        if moment - now > self._ahead:
            self._moments[client] = moment - self._step
            return moment - now - self._ahead
        self._moments[client] = moment
        if len(self._moments) > self._most:
            del self._moments[next(iter(self._moments))]
        return 0.0

    def __len__(self) -> int:
        return len(self._moments)


class Shares:
    """How much of something each client has: requests that wait, streams, bytes.

    limit       how much there is
    total       how much all have

    One client alone may have all of it. Once it is used up, those go on getting who have less than
    an equal share, of as many shares as clients have something: whoever took all cannot keep
    others out. What all have stays below twice the limit.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.total = 0
        self._own: dict[str, int] = {}

    def admits(self, client: str, more: int = 1) -> bool:
        """Whether a client may have so much more."""
        total = self.total + more
        if total <= self.limit:
            return True
        own = self._own.get(client, 0)
        clients = len(self._own) + (own == 0)
        return (
            clients > 1
            and own + more <= max(more, self.limit // clients)
            and total <= max(2 * self.limit, 1)
        )

    def take(self, client: str, amount: int = 1) -> None:
        """Note that a client has more now."""
        self.total += amount
        self._own[client] = self._own.get(client, 0) + amount

    def give_back(self, client: str, amount: int = 1) -> None:
        """Note that a client has less now."""
        self.total -= amount
        left = self._own[client] - amount
        if left:
            self._own[client] = left
        else:
            del self._own[client]

    def of(self, client: str) -> int:
        """How much a client has."""
        return self._own.get(client, 0)

    def greediest(self) -> str:
        """The client that has most. Raises ValueError where none has anything."""
        return max(self._own, key=self._own.__getitem__)


@lru_cache(maxsize=4096)
def _network(address: str) -> str:
    try:
        network = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    if network.ipv4_mapped is not None:
        return str(network.ipv4_mapped)
    return str(ipaddress.IPv6Address(int(network) >> 64 << 64))
