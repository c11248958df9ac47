"""Hosts: whether a request calls the service by a name of its own."""

from __future__ import annotations

import ipaddress
import re

LONGEST = 261
"""Bytes of the longest name that there is, with a port."""

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")

_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[^\s:/@\[\]]+)(:[0-9]{0,5})?")


class Hosts:
    """The names by which the service may be called.

    A page of a stranger can give its own name this service's address (DNS rebinding), and is then
    of one origin with it to the browser; but the name stays the stranger's. So: this machine's
    loopback names, the name it was started with, those allowed, at any port, and addresses, which
    are no names.
    """

    def __init__(self, host: str, allowed: tuple[str, ...]) -> None:
        names = (*LOOPBACK, host, f"[{host}]", *allowed)
        self._names = {name.lower().rstrip(".") for name in names}
        self._known: dict[bytes, bool] = {}

    def trusts(self, host: bytes) -> bool:
        """Return whether a Host header names this service."""
        known = self._known.get(host)
        if known is None:
            if len(host) > LONGEST:
                return False
            if len(self._known) >= 1000:
                self._known.clear()
            known = self._known[host] = self._judge(host)
        return known

    def _judge(self, host: bytes) -> bool:
        parts = _AUTHORITY.fullmatch(host.decode("latin-1").lower())
        if parts is None:
            return False
        name = parts[1].rstrip(".")
        if name in self._names or parts[0] in self._names:
            return True
        try:
            ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            return False
        return True
