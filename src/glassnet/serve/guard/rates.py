"""Rates: how often each client may ask.

rates = Rates(rate=100, burst=200)
rates.wait("10.0.0.1", now)         # 0.0, or the seconds to wait
"""

from __future__ import annotations

MOST_CLIENTS = 10_000
"""How many clients' rates are kept; those that asked nothing for longest are forgotten first."""


class Rates:
    """How often each client asks: `rate` requests a second, `burst` at once.

    For each client one moment is kept, the one at which its next request would come had it
    kept to the rate; a request is refused while that lies more than (burst-1)/rate ahead (GCRA, the
    token bucket in one number).
    """

    def __init__(self, rate: float, burst: float, most: int = MOST_CLIENTS) -> None:
        self._step = 1 / rate
        self._ahead = (max(burst, 1) - 1) / rate
        self._most = most
        self._moments: dict[str, float] = {}

    def wait(self, client: str, now: float) -> float:
        """Count a request; return 0.0, or the seconds to wait where it is one too many.

        client      as `client_of` names it
        """
        moment = max(now, self._moments.pop(client, 0.0))
        wait = moment - now - self._ahead
        self._moments[client] = moment if wait > 0 else moment + self._step
        if len(self._moments) > self._most:
            del self._moments[next(iter(self._moments))]
        return max(wait, 0.0)

    def __len__(self) -> int:
        return len(self._moments)
