"""Refusal: why a request is not answered as asked, wherever that is decided.

    raise Refusal(422, "wrong-shape", "rows[2] is expected as 4 numbers, got 3.")
    await refusal.reply(plain).send(send)       # over ASGI
    transport.write(refusal.to_http())          # below the application

Errors have one of two forms: {"error": {"code", "message"}}; or, where `plain`, that of the Open
Inference Protocol, {"error": "message"}.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec

from glassnet.serve.reply import JSON, Reply


class Refusal(Exception):  # noqa: N818  (a value that is returned and sent as well as raised)
    """A request that is not answered as asked.

    status      of HTTP
    code        for programs: "wrong-shape"
    message     for people: what was expected, what came, what to do
    headers     of the answer
    reason      the one of `metrics.REASONS` under which it is counted; "" where it is not
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *headers: tuple[bytes, bytes],
        reason: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers
        self.reason = reason

    def reply(self, plain: bool = False) -> Reply:
        """Make the answer to be sent.

        Where plain, 422 is sent as 400: the protocol has one status for what cannot be computed.
        """
        status = 400 if plain and self.status == 422 else self.status
        return Reply(error_json(plain, self.code, self.message), status, JSON, self.headers)

    def to_http(self, *, keep: bool = False, plain: bool = False) -> bytes:
        """Write the whole answer as HTTP/1.1 has it.

        keep    whether the connection is kept
        """
        body, status, kind, headers = self.reply(plain)
        pairs = [
            (b"content-type", kind),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            *headers,
        ]
        if not keep:
            pairs.append((b"connection", b"close"))
        head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()
        return head + b"".join(b"%b: %b\r\n" % pair for pair in pairs) + b"\r\n" + body


def error_document(plain: bool, code: str, message: str) -> dict[str, Any]:
    """Make {"error": {"code", "message"}}, or {"error": "message"} where plain."""
    return {"error": message if plain else {"code": code, "message": message}}


def error_json(plain: bool, code: str, message: str) -> bytes:
    """Write such an error as JSON."""
    return msgspec.json.encode(error_document(plain, code, message))
