"""Cycle: one request with its answer, as uvicorn has it, in our connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from glassnet.serve.http.gate import Turn

if TYPE_CHECKING:
    import asyncio


class Cycle(RequestResponseCycle):
    """One request with its answer, and the turn in which it is counted."""

    turn: Turn


class CycleTransport:
    """What a cycle sees of a connection: where to write, and how to end.

    transport   of the connection
    close       ends the connection after this answer
    """

    __slots__ = ("close", "is_closing", "write")

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        self.write = transport.write
        self.is_closing = transport.is_closing
        self.close = close
