"""Settings: where a service listens, who may ask it, and how much."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from glassnet.errors import SettingError, short
from glassnet.settings import as_tuple, expect, expect_counts, inside, whole_number

_ORIGIN = re.compile(r"https?://(\[[0-9A-Fa-f:.]+\]|[^\s/:@\[\]?#]+)(:[0-9]{1,5})?/?")
_HOST = re.compile(r"[^\s/@?#]+")
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{8,512}")


@dataclass(frozen=True)
class Settings:
    """What a service is started with.

    host, port          where it listens; port 0 takes a free one
    token               what `Authorization: Bearer` must carry; "" asks for none
    allowed_hosts       further names by which it may be called (the Host header)
    allowed_origins     pages of other addresses that may ask it: "https://example.org"
    most_body           bytes of a request's body
    most_rows           rows of a request
    most_pixels         pixels of a picture, looked at before it is decoded
    timeout             seconds for a request to come whole, and again for its answer
    queue               requests accepted and not yet answered
    rate, burst         requests a second of one client, and how many at once; 0 sets no limit
    connections         open at the same time
    learn               the folder in which corrected drawings are kept; None keeps none
    drain               seconds in which accepted requests are answered before it stops
    log                 "text" or "json" lines on the error stream, or "off"

    Raises SettingError for what cannot be.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token: str = ""
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    most_body: int = 1 << 20
    most_rows: int = 1000
    most_pixels: int = 4_000_000
    timeout: float = 10.0
    queue: int = 128
    rate: float = 100.0
    burst: int = 200
    connections: int = 2000
    learn: Path | None = None
    drain: float = 5.0
    log: Literal["text", "json", "off"] = "text"

    def __post_init__(self) -> None:
        expect_counts(
            self, "most_body", "most_rows", "most_pixels", "queue", "burst", "connections"
        )
        expect(self, timeout="(0, 3600]", drain="[0, 3600]", rate="[0, inf)")
        object.__setattr__(self, "port", whole_number("The port", self.port, least=0))
        if not inside("[0, 65535]", self.port):
            raise SettingError(f"The port is a whole number from 0 to 65535, got {self.port}.")
        if not isinstance(self.host, str) or not _HOST.fullmatch(self.host):
            raise SettingError(
                f"The host is a name or an address such as 127.0.0.1, got {short(self.host)}."
            )
        if self.token and not _TOKEN.fullmatch(self.token):
            raise SettingError(
                "A token has 8 to 512 letters, digits or ._~+/=-, as HTTP can carry them."
            )
        for field, example in (("allowed_hosts", "example.org"), ("allowed_origins", "https://…")):
            names = as_tuple(field, getattr(self, field), str, repr(example))
            object.__setattr__(self, field, names)
        if self.learn is not None:
            object.__setattr__(self, "learn", Path(self.learn))
        for name in self.allowed_hosts:
            if not _HOST.fullmatch(name):
                raise SettingError(f"An allowed host is a name alone, got {short(name)}.")
        for origin in self.allowed_origins:
            if not _ORIGIN.fullmatch(origin):
                raise SettingError(
                    "An allowed origin is written as browsers send it, such as "
                    f"https://example.org, got {short(origin)}."
                )
        if self.log not in ("text", "json", "off"):
            raise SettingError(f"The log is text, json or off, got {short(self.log)}.")

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can ask."""
        return is_loopback(self.host)

    def address(self, port: int | None = None) -> str:
        """The address to open in a browser; of an address that means all, this machine's."""
        host = self.host.strip("[]")
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        return (
            f"http://{f'[{host}]' if ':' in host else host}:{self.port if port is None else port}"
        )


def is_loopback(host: str) -> bool:
    """Whether a name or an address is reached from this machine alone."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
