"""Reply: an answer that is known whole before it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from glassnet.serve.asgi import Send

JSON = b"application/json"


class Reply(NamedTuple):
    """An answer.

    body        all of it
    status      of HTTP
    kind        media type of the body; b"" where there is none, as in a 204
    headers     besides Content-Type and Content-Length
    """

    body: bytes
    status: int = 200
    kind: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()

    async def send(self, send: Send) -> None:
        """Send it over ASGI."""
        body, status, kind, headers = self
        pairs = [*headers]
        if kind:
            pairs = [(b"content-type", kind), (b"content-length", b"%d" % len(body)), *headers]
        await send({"type": "http.response.start", "status": status, "headers": pairs})
        await send({"type": "http.response.body", "body": body})
