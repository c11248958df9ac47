"""Closing: how a connection ends, so that its last answer is read.

A connection whose client may still be sending is closed gently: our side ends after the last
answer, and what still comes is read and thrown away for a while (`Stage.LINGERING`). Closed at
once, the system would answer the rest of a body with a reset, and the client would lose the answer
that says why.
"""

from __future__ import annotations

import fcntl
import termios
from typing import Any

from glassnet.serve.http import refusals
from glassnet.serve.http.receiving import Receiving
from glassnet.serve.http.stages import DEAF, HALF_CLOSED, HEAD, LINGERING, NONE, OPEN

LINGER = 2.0
"""Seconds without a sign after which a connection that is being closed is cut off."""

MOST_THROWN_AWAY = 32 << 20
"""Bytes that are read and thrown away after the last answer."""


class Closing(Receiving):
    """The half of a connection that ends.

    cycle   the request that is being answered, or the last of those that wait; None where none is
    """

    cycle: Any

    _own: Any = None  # the cycle of the request that is being received
    _unread = False  # something that came was not read
    _thrown_away = 0  # bytes, since our side has ended
    _patience = 0.0  # the loop's time at which what comes is thrown away no longer

    @property
    def is_waiting(self) -> bool:
        """Whether a request was accepted and is not answered."""
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def is_closing(self) -> bool:
        """Whether nothing more is answered."""
        return self._stage is LINGERING or self.transport.is_closing()

    def expire(self, now: float) -> None:
        """End a connection whose time is over."""
        if self._stage is not OPEN or self.is_closing:
            self.transport.abort()
        elif self._phase is not NONE:
            self.deadline = now + LINGER
            self._refuse(refusals.SLOW)
        else:
            self._end()

    def shutdown(self) -> None:
        """Let the last answer be the last; one that is just being asked may still come."""
        if self.is_waiting:
            self.cycle.keep_alive = False

    def close_idle(self) -> None:
        """Close where nothing was asked that is not answered."""
        if not (self.is_waiting or self.is_closing or self._is_asked()):
            self._end()

    def _is_asked(self) -> bool:
        """Whether a request is coming, or lies with the system and was not read yet."""
        if self._phase is not NONE:
            return True
        end = self.transport.get_extra_info("socket")
        try:
            unread = fcntl.ioctl(end.fileno(), termios.FIONREAD, bytes(4))
        except (OSError, ValueError):
            return False
        return any(unread)

    def _end(self) -> None:
        """Answer nothing more; read away what may still come."""
        if self.is_closing:
            return
        unread = self._phase is not NONE or self._unread or self.flow.read_paused
        self._stop_reading()
        if unread and self._stage is not HALF_CLOSED:
            self._linger()
        else:
            self.deadline = self.loop.time() + LINGER
            self.transport.close()

    def _stop_reading(self) -> None:
        """Throw away what comes from now on."""
        if self._stage is OPEN:
            self._stage = DEAF

    def _linger(self) -> None:
        """End our side after what is written, and wait for the other to end."""
        self._stage = LINGERING
        now = self.loop.time()
        self.deadline, self._patience = now + LINGER, now + self.gate.timeout
        self._hold(0)
        self.parser = None  # type: ignore[assignment]
        self._phase = NONE
        self._forget()
        self.flow.resume_reading()
        self.transport.write_eof()

    def _throw_away(self, size: int) -> None:
        self._unread = True
        if self._stage is LINGERING:
            self._thrown_away += size
            self.deadline = min(self.loop.time() + LINGER, self._patience)
            if self._thrown_away > MOST_THROWN_AWAY:
                self.transport.abort()

    def _forget(self) -> None:
        """Keep nothing of the last request."""
        if self._phase is not HEAD:
            self.headers = []
        self.cycle = self._own = None
