"""Refusals: answers that are given below the application, written once."""

from __future__ import annotations

from glassnet.serve.refusal import error_json


def refusal(
    status: str, code: str, message: str, *, keep: bool = False, plain: bool = False
) -> bytes:
    """Write an answer, whole.

    keep    whether the connection is kept
    plain   as the Open Inference Protocol has errors
    """
    body = error_json(plain, code, message)
    head = [
        f"HTTP/1.1 {status}",
        "content-type: application/json",
        f"content-length: {len(body)}",
        "cache-control: no-store",
        "x-content-type-options: nosniff",
    ]
    if status.startswith("503"):
        head.append("retry-after: 1")
    if not keep:
        head.append("connection: close")
    return "\r\n".join([*head, "", ""]).encode() + body


_FULL = "503 Service Unavailable", "overloaded", "More is asked than can be answered; come again."
FULL = {
    (keep, plain): refusal(*_FULL, keep=keep, plain=plain)
    for keep in (False, True)
    for plain in (False, True)
}
CROWDED = refusal(
    "503 Service Unavailable",
    "too-many-connections",
    "As many are connected as may be.",
)
SLOW = refusal("408 Request Timeout", "too-slow", "The request did not come whole in time.")
LONG_HEAD = refusal(
    "431 Request Header Fields Too Large",
    "head-too-large",
    "The head of the request is too long, or has too many lines.",
)
LONG_BODY = refusal("413 Content Too Large", "too-large", "The body is too long; send less.")
BAD = refusal("400 Bad Request", "not-http", "This is no request of HTTP/1.1.")
