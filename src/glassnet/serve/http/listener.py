"""Listener: the port, from the first connection to the last."""

from __future__ import annotations

import os
import socket
import struct
import sys
from contextlib import suppress

from glassnet.errors import SettingError
from glassnet.serve.settings import Settings

BACKLOG = 2048
"""Connections that the system makes and holds until they are accepted."""

_ATTACH_FILTER = 26
"""SO_ATTACH_FILTER of Linux, which Python does not name."""

_NO_SYN = b"".join(
    struct.pack("HBBI", *step)
    for step in (
        (0x30, 0, 0, 13),  # load the byte of flags of the TCP head
        (0x45, 0, 1, 0x02),  # is SYN among them?
        (6, 0, 0, 0),  # yes: drop it
        (6, 0, 0, 1 << 18),  # no: take it
    )
)
"""A program of Linux's packet filter that drops what asks for a new connection."""


def listen(settings: Settings) -> list[socket.socket]:
    """Open the port at every address that the host has, such as 127.0.0.1 and ::1 of localhost.

    "::" takes IPv4, too. Raises SettingError where that is not possible, saying why.
    """
    host, port = settings.host.strip("[]"), settings.port
    opened: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        places = dict.fromkeys((family, str(place[0])) for family, *_, place in found)
        for family, address in places:
            try:
                opened.append(_open(family, address, port))
            except OSError:
                if not opened:
                    raise
                continue  # a machine may have a name for itself in a family that it does not speak
            port = opened[0].getsockname()[1]
    except OSError as error:
        number = error.errno or 0
        why = os.strerror(number) if number > 0 else error.strerror  # a name's have negative ones
        raise SettingError(
            f"Cannot listen on {settings.host}, port {settings.port}: {why}. "
            "Give another --port or --host."
        ) from error
    return opened


def _open(family: int, address: str, port: int) -> socket.socket:
    both = family == socket.AF_INET6 and address == "::" and socket.has_dualstack_ipv6()
    return socket.create_server(
        (address, port), family=family, backlog=BACKLOG, reuse_port=False, dualstack_ipv6=both
    )


def drop_newcomers(listener: socket.socket) -> None:
    """Have the system let nobody new connect, where it can; those who are connected stay.

    Whoever tries meanwhile tries again a second later, and is refused by the closed port.
    """
    if sys.platform != "linux":
        return
    import ctypes

    program = ctypes.create_string_buffer(_NO_SYN, len(_NO_SYN))
    program_at = struct.pack("HP", len(_NO_SYN) // 8, ctypes.addressof(program))
    with suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, program_at)


def unaccepted(listener: socket.socket) -> int:
    """How many are connected and wait to be accepted; 0 where the system does not tell."""
    if sys.platform != "linux":
        return 0
    try:
        info = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    except OSError:
        return 0
    return int(struct.unpack_from("I", info, 24)[0])  # tcpi_unacked, which of a listener means this
