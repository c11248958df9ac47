"""Errors: one form for each of the two protocols, wherever they are written."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("msgspec")

from glassnet.serve.refusal import Refusal, error_json


def test_an_error_has_a_code_but_in_the_protocol() -> None:
    own, plain = (json.loads(error_json(plain, "full", "3 °C")) for plain in (False, True))
    assert own == {"error": {"code": "full", "message": "3 °C"}}
    assert plain == {"error": "3 °C"}


def test_a_refusal_is_one_value_wherever_it_is_sent() -> None:
    refusal = Refusal(422, "wrong-shape", "3 °C", (b"x-more", b"1"), reason="size")
    with pytest.raises(Refusal, match="3 °C"):
        raise refusal
    own, plain = refusal.reply(), refusal.reply(plain=True)
    assert (own.status, plain.status) == (422, 400), "the protocol has one status for both"
    assert own.headers == plain.headers == ((b"x-more", b"1"),)
    assert json.loads(plain.body) == {"error": "3 °C"}


@pytest.mark.parametrize("keep", [True, False])
def test_a_refusal_as_bytes_is_a_whole_answer(keep: bool) -> None:
    refusal = Refusal(503, "full", "later", (b"retry-after", b"1"))
    head, _, body = refusal.to_http(keep=keep).partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ") for line in lines)
    assert first == "HTTP/1.1 503 Service Unavailable"
    assert body == refusal.reply().body
    assert headers["content-length"] == str(len(body))
    assert headers["retry-after"] == "1"
    assert headers.get("connection") == (None if keep else "close")
