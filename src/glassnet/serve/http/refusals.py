"""Refusals that are given below the application, where one more must cost next to nothing."""

from __future__ import annotations

from functools import cache

from glassnet.serve.refusal import Refusal

SOON = (b"retry-after", b"1")

FULL = Refusal(
    503,
    "overloaded",
    "More is asked than can be answered; come again.",
    SOON,
    reason="full",
)
CROWDED = Refusal(
    503,
    "too-many-connections",
    "As many are connected as may be.",
    SOON,
    reason="connections",
)
SLOW = Refusal(408, "too-slow", "The request did not come whole in time.", reason="slow-body")
LONG_HEAD = Refusal(
    431,
    "head-too-large",
    "The head of the request is too long, or has too many lines.",
    reason="size",
)
LONG_BODY = Refusal(413, "too-large", "The body is too long; send less.", reason="size")
BAD = Refusal(400, "not-http", "This is no request of HTTP/1.1.", reason="request")
BAD_FRAME = Refusal(400, "not-http", "This is no request of HTTP/1.1.", reason="size")
"""What frames a body is longer than any client writes it."""


@cache
def to_http(refusal: Refusal, *, keep: bool = False, plain: bool = False) -> bytes:
    """Write one of these as HTTP/1.1 has it; each is written once."""
    return refusal.to_http(keep=keep, plain=plain)
