"""Errors: one form for each of the two protocols, wherever they are written."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("msgspec")

from glassnet.serve.refusal import error_json, speaks_protocol


@pytest.mark.parametrize(
    ("path", "speaks"),
    [
        ("/v2", True),
        ("/v2/", True),
        ("/v2/models/x/infer", True),
        ("/v2anything", False),
        ("/v20/models", False),
        ("/", False),
        ("/predict", False),
        ("/x/v2/models", False),
    ],
)
def test_what_belongs_to_the_open_inference_protocol(path: str, speaks: bool) -> None:
    assert speaks_protocol(path) is speaks
    assert speaks_protocol(path.encode()) is speaks


def test_bytes_that_are_no_text_are_a_path_too() -> None:
    assert speaks_protocol(b"/v2/\xff")
    assert not speaks_protocol(b"/\xff")


def test_an_error_has_a_code_but_in_the_protocol() -> None:
    own, plain = (json.loads(error_json(plain, "full", "3 °C")) for plain in (False, True))
    assert own == {"error": {"code": "full", "message": "3 °C"}}
    assert plain == {"error": "3 °C"}
