"""Rows of pixels read by compiled code: just what JSON says, or nothing."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from glassnet.engines import library
from tests.engines.both import needs_native

pytestmark = needs_native

NUMBERS = st.integers(0, 255)
SPACE = st.text(" \n\r\t", max_size=3)


def by_json(text: bytes, width: int, maximum: int) -> bytes | None:
    """The same by Python's own JSON, but for -0, which is left to others."""
    if b"-" in text:
        return None
    try:
        document = json.loads(text)
    except ValueError:
        return None
    if type(document) is not dict or list(document) != ["rows"] or text.count(b'"') != 2:
        return None
    rows = document["rows"]
    if type(rows) is not list or not rows:
        return None
    rows = rows if type(rows[0]) is list else [rows]
    for row in rows:
        if type(row) is not list or len(row) != width:
            return None
        if any(type(value) is not int or not 0 <= value <= maximum for value in row):
            return None
    return b"".join(map(bytes, rows))


@given(st.lists(st.lists(NUMBERS, min_size=3, max_size=3), min_size=1, max_size=4), st.data())
def test_rows_are_read_however_they_are_spaced(rows: list[list[int]], data: st.DataObject) -> None:
    parts = json.dumps({"rows": rows[0] if len(rows) == 1 else rows}, separators=(" , ", " : "))
    text = "".join(data.draw(SPACE) if part == " " else part for part in parts).encode()
    assert library.load().pixels(text, 3, 255) == b"".join(map(bytes, rows))


@example(b'{"rows":[1,2,3]}', 0, 0)
@given(
    st.lists(NUMBERS, min_size=3, max_size=3).map(
        lambda row: json.dumps({"rows": [row, row]}).encode()
    ),
    st.integers(0, 40),
    st.integers(0, 255),
)
def test_any_byte_changed_is_read_as_json_reads_it(text: bytes, place: int, byte: int) -> None:
    place %= len(text) + 1
    native = library.load()
    for changed in (
        text[:place],
        text[:place] + bytes([byte]) + text[place:],
        text[:place] + bytes([byte]) + text[place + 1 :],
    ):
        for width, maximum in ((3, 255), (6, 255), (3, 16)):
            assert native.pixels(changed, width, maximum) == by_json(changed, width, maximum)


@given(st.text('{}[]",:0123456789.-e rows\n', max_size=40).map(str.encode))
@example(b"")
@example(b'{"rows":[]}')
@example(b'{"rows":[[]]}')
@example(b'{"rows":[[1,2,3],[1,2]]}')
@example(b'{"rows":[1,2,03]}')
@example(b'{"rows":[1,2,3.0]}')
@example(b'{"rows":[1,2,3e0]}')
@example(b'{"rows":[1,2,-0]}')
@example(b'{"rows":[1,2,256]}')
@example(b'{"rows":[1,2,99999999999999999999]}')
@example(b'{"rows":[1,2,3],"explain":true}')
@example(b'{"rows":[1,2,3],"rows":[1,2,3]}')
@example(b'{"rows":[1,2,3]}\0')
@example(b'{"rows":[1,2,3]} {}')
def test_all_else_is_left_to_others(text: bytes) -> None:
    assert library.load().pixels(text, 3, 255) == by_json(text, 3, 255)


@pytest.mark.parametrize(
    "arguments", [(b"{}", 0, 255), (b"{}", -1, 255), (b"{}", 3, 256), (b"{}", 3, -1)]
)
def test_what_no_pixels_can_be_is_refused(arguments: tuple[bytes, int, int]) -> None:
    with pytest.raises(ValueError, match="pixels are bytes"):
        library.load().pixels(*arguments)
