"""Receiving: requests are read within bounds, whatever is sent and in whatever pieces.

bytes of a head, of a body with its frame   so many; then the request is refused
lines of a head                             MOST_LINES, of names up to MOST_NAME
trailers                                    read away: they are never headers
a request to change to another protocol     read again without that: it is answered in HTTP/1.1,
as if it had not asked
"""

from __future__ import annotations

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from glassnet.serve.http import refusals
from glassnet.serve.http.gate import MOST_HEAD, Gate
from glassnet.serve.http.stages import HEAD, NONE, OPEN
from glassnet.serve.refusal import Refusal
from glassnet.serve.routing import NOWHERE, Route

MOST_LINES = 100
"""Lines of a head, and of what follows a body in chunks."""

MOST_NAME = 256
"""Bytes of the name of a header."""

LINE = 200
"""Bytes that a line of a head takes beside its text, about."""

SLICE = 1 << 14
"""Bytes that are parsed between two looks at what they came to."""

_UPGRADE = frozenset({b"upgrade", b"http2-settings"})


class Receiving(HttpToolsProtocol):
    """The half of a connection that reads.

    The methods are uvicorn's, which its parser calls.

    gate        the same for all
    client_key  whom it belongs to
    deadline    the loop's time at which something must have come
    """

    gate: Gate
    client_key = ""
    deadline: float

    _phase = NONE
    _stage = OPEN
    _route: Route = NOWHERE  # of the request that is received, once its head is there
    _late = False  # what is parsed now belongs to a request that began before
    _upgrade = False  # the head that was read asks for another protocol
    _trailers = 0  # lines after its body
    _apart = 0  # bytes since the last one of its body
    _size = 0  # bytes of it, beyond those that were parsed with its beginning
    _slice = 0  # bytes that are parsed now
    _held = 0  # bytes of its head that are kept

    def _refuse(self, refusal: Refusal) -> None:
        """Read no more, and answer so."""
        raise NotImplementedError

    def _throw_away(self, size: int) -> None:
        """Take note of bytes that are not read."""
        raise NotImplementedError

    def data_received(self, data: bytes) -> None:
        """Read on, a slice at a time."""
        if len(data) <= SLICE:
            self._read(data)
            return
        for start in range(0, len(data), SLICE):
            self._read(data[start : start + SLICE])

    def _read(self, data: bytes) -> None:
        if self._stage is not OPEN:
            self._throw_away(len(data))
            return
        self._slice = size = len(data)
        self._late = self._phase is not NONE
        if self._late:
            self._size += size
            self._apart += size
            if self._apart > MOST_HEAD:
                too_long = self._phase is HEAD
                self._refuse(refusals.LONG_HEAD if too_long else refusals.BAD_FRAME)
                return
            if self._size > self.gate.most_body and self._phase is not HEAD:
                self._refuse(refusals.LONG_BODY)
                return
        self._parse(data)
        if self._phase is HEAD and self._stage is OPEN:
            self._hold(self._apart + LINE * len(self.headers))
        elif self._held:
            self._hold(0)

    def _parse(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._upgrade and self._stage is OPEN:
                self._parse_without_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            if isinstance(error, httptools.HttpParserCallbackError):  # one of ours has failed
                self.logger.error("A request could not be taken.", exc_info=error)
            if self._stage is OPEN:
                self._refuse(refusals.BAD)

    def _parse_without_upgrade(self, rest: bytes) -> None:
        """Read a head again, without what it says of another protocol; then what followed it."""
        version = self.parser.get_http_version().encode()
        head = [self.parser.get_method(), b" ", self.url, b" HTTP/", version, b"\r\n"]
        for name, value in self.headers:
            if name == b"connection":
                options = [option.strip() for option in value.split(b",")]
                value = b", ".join(one for one in options if one.lower() not in _UPGRADE)
            if name not in _UPGRADE:
                head += [name, b": ", value, b"\r\n"]
        self._upgrade = False
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._parse(b"".join([*head, b"\r\n", rest]))

    def _hold(self, size: int) -> None:
        """Take note of how much of a head that is still coming is kept."""
        before, self._held = self._held, size
        if before:
            self.gate.heads.give_back(self.client_key, before)
        if size:
            self.gate.hold(self.client_key, size)

    def on_message_begin(self) -> None:
        """Begin a request."""
        if self._stage is not OPEN:
            return
        self._phase = HEAD
        self._route = NOWHERE
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._apart = self._slice  # or less: another may have ended in it
        self._trailers = self._size = 0
        self.deadline = self.loop.time() + self.gate.timeout

    def on_url(self, url: bytes) -> None:
        """Take a part of the address."""
        if self._stage is OPEN:
            self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a line of a head; what follows a body in chunks is read away."""
        fits = len(name) <= MOST_NAME
        if self._phase is not HEAD:
            self._trailers += 1
            if fits and self._trailers <= MOST_LINES:
                return
        elif fits and len(self.headers) < MOST_LINES:
            name = name.lower()
            if name == b"expect" and value.lower() == b"100-continue":
                self.expect_100_continue = True
            self.headers.append((name, value))
            return
        if self._stage is OPEN:
            self._refuse(refusals.LONG_HEAD)
