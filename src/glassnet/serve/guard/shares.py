"""Shares: how much of the whole each client may have.

shares = Shares(128)
shares.admits("10.0.0.1")           # whether it may have one more of something
"""

from __future__ import annotations


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
