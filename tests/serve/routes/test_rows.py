"""What is read as rows, and what is said of the rest."""

from __future__ import annotations

import codecs
import json
from typing import Any

import numpy as np
import pytest

from glassnet.data.meaning import Features, Images
from glassnet.data.pixels import Pixels
from glassnet.engines import library
from glassnet.serve.refusal import Refusal
from glassnet.serve.routes.rows import read_rows

TABLE = Features(("age", "height"), ("years", "cm"))
PICTURE = Images(2, 2, maximum=16)
NAMED = {"age": 1, "height": 2.5}


def read(rows: Any, inputs: Any = TABLE, most: int = 10, **more: Any) -> Any:
    return read_rows(json.dumps({"rows": rows, **more}).encode(), inputs, most)[0]


def refused(text: str | bytes, inputs: Any = TABLE, most: int = 10) -> Refusal:
    body = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(Refusal) as error:
        read_rows(body, inputs, most)
    return error.value


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([1, 2.5], [[1, 2.5]]),
        ([[1, 2.5]], [[1, 2.5]]),
        (NAMED, [[1, 2.5]]),
        ({"height": 2.5, "age": 1}, [[1, 2.5]]),
        ([NAMED, NAMED], [[1, 2.5], [1, 2.5]]),
        ([[1, 2], {"height": 4, "age": 3}], [[1, 2], [3, 4]]),
        ([-1e30, 1e30], [[-1e30, 1e30]]),
    ],
)
def test_reads_rows_by_position_and_by_name(rows: Any, expected: list[list[float]]) -> None:
    x = read(rows)
    assert x.dtype == np.float64
    assert x.tolist() == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ([0, 16, 8, 0], [0, 1, 0.5, 0]),
        ([0, 1, 1, 0], [0, 1 / 16, 1 / 16, 0]),
        ([0.0, 16.0, 8.0, 0.0], [0, 1, 0.5, 0]),
        ([0, 1, 0.5, 0], [0, 1, 0.5, 0]),
        ([0.0, 1.0, 1.0, 0.0], [0, 1, 1, 0]),
    ],
    ids=["whole", "ones", "whole with points", "shares", "shares that are whole"],
)
def test_pixels_are_whole_numbers_or_shares(row: list[float], expected: list[float]) -> None:
    x = read(row, PICTURE)
    assert np.asarray(x, np.float64).ravel() == pytest.approx(expected)
    whole = all(isinstance(value, int) for value in row) or max(row) > 1
    assert isinstance(x, Pixels) == whole


@pytest.mark.parametrize("compiled", [True, False])
def test_whole_pixels_are_read_with_and_without_compiled_code(
    compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if compiled and library.report().used is None:
        pytest.skip("there is no compiled engine")
    if compiled:
        monkeypatch.setattr("glassnet.serve.routes.rows.whole_pixels", None)  # not called
    else:
        monkeypatch.setattr("glassnet.serve.routes.rows._native", lambda: None)
    for rows in ([0, 16, 8, 1], [[0, 16, 8, 1], [1, 2, 3, 4]]):
        x = read(rows, PICTURE)
        assert isinstance(x, Pixels)
        assert x.maximum == 16
        assert x.bytes.tolist() == (rows if isinstance(rows[0], list) else [rows])


def test_too_many_rows_of_pixels() -> None:
    error = refused(json.dumps({"rows": 11 * [[0, 1, 2, 3]]}), PICTURE)
    assert error.code == "too-many-rows"


def test_each_row_of_pixels_may_be_of_its_kind() -> None:
    x = read([[0, 16, 8, 0], [0, 1, 0.5, 0.0], [16.0, 2, 3, 4]], PICTURE)
    assert np.asarray(x).tolist() == [[0, 1, 0.5, 0], [0, 1, 0.5, 0], [1, 0.125, 0.1875, 0.25]]
    assert isinstance(read([[0, 16, 8, 0], [16.0, 2, 3, 4]], PICTURE), Pixels)


@pytest.mark.parametrize(
    ("document", "code", "part"),
    [
        ('{"rows": [[1, 2], [3, 4], {"age": 1}]}', "missing-input", "rows[2] lacks 'height'"),
        ('{"rows": {"age": 1}}', "missing-input", "rows lacks 'height'"),
        ('{"rows": {"age": 1, "heigth": 2}}', "wrong-shape", "'heigth', which is no input"),
        ('{"rows": {"age": 1, "height": 2, "x": 3}}', "wrong-shape", "'x', which is no input"),
        ('{"rows": [1, 2, 3]}', "wrong-shape", "2 numbers (age, height), got 3"),
        ('{"rows": [[1, 2], [3]]}', "wrong-shape", "rows[1] is expected as 2 numbers"),
        ('{"rows": [[1, 2], 3]}', "wrong-shape", "rows[1] is expected as 2 numbers"),
        ('{"rows": [1, [2]]}', "not-a-number", "rows[1] is expected as a number, got a list"),
        ('{"rows": [[1, [2]]]}', "not-a-number", "rows[0][1] is expected as a number, got a list"),
        ('{"rows": [1, true]}', "not-a-number", "rows[1] is expected as a number, got true"),
        ('{"rows": [1, null]}', "not-a-number", "got null"),
        ('{"rows": [1, "2"]}', "not-a-number", "got the text '2'"),
        ('{"rows": {"age": 1, "height": "2"}}', "not-a-number", "rows.height"),
        ('{"rows": [1, 1e31]}', "too-large-a-number", "rows[1] is too large"),
        ('{"rows": [1, -1e31]}', "too-large-a-number", "rows[1] is too large"),
        (f'{{"rows": [1, 1{400 * "0"}]}}', "too-large-a-number", "rows[1] is too large"),
        ('{"rows": []}', "no-rows", "at least one row"),
        ('{"rows": {}}', "no-rows", "at least one row"),
        ('{"rows": [[]]}', "wrong-shape", "got 0"),
        ('{"rows": 7}', "wrong-shape", "got the number 7"),
        ('{"rows": "7"}', "wrong-shape", "got the text '7'"),
        ('{"rows": null}', "wrong-shape", "got null"),
        ("{}", "wrong-shape", "lacks rows"),
        ("[[1, 2]]", "wrong-shape", "got a list"),
        ('{"rows": [1, 2], "explian": true}', "unknown-field", "'explian'"),
        ('{"rows": [1, 2], "explain": 1}', "wrong-shape", "explain is true or false"),
        (f'{{"rows": [{", ".join(11 * ["[1, 2]"])}]}}', "too-many-rows", "at most 10"),
    ],
)
def test_says_what_is_wrong_and_where(document: str, code: str, part: str) -> None:
    error = refused(document)
    assert (error.status, error.code) == (422, code), error.message
    assert part in error.message


@pytest.mark.parametrize(
    ("row", "part"),
    [
        ("[0, 17, 0, 0]", "rows[1] is 17"),
        ("[0, -1, 0, 0]", "rows[1] is -1"),
        ("[0, 256, 0, 0]", "rows[1] is 256"),
        ("[0, 2.5, 0, 0]", "rows[1] is 2.5"),
        ("[0, 16, 0.5, 0]", "rows[2] is 0.5"),
        ("[0, 1]", "4 pixels (2 x 2, row by row), got 2"),
        ("[[0, 1], [2, 3]]", "rows[0] is expected as 4 pixels"),
        ('{"a": 1}', "got an object"),
        ("[[0, 1, 2, 3], 4]", "rows[1] is expected as 4 pixels"),
    ],
)
def test_says_what_is_wrong_with_pixels(row: str, part: str) -> None:
    error = refused(f'{{"rows": {row}}}', PICTURE)
    assert error.status == 422
    assert part in error.message


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"rows",
        b'{"rows": [1, 2',
        b'{"rows": [1, NaN]}',
        b'{"rows": [1, Infinity]}',
        b'{"rows": [1, -Infinity]}',
        b'{"rows": [1, 2]} x',
        b'{"rows": ["\xff"]}',
        b'{"rows": ' + 5000 * b"[",
        b'{"rows": ' + 5000 * b"[" + 5000 * b"]" + b"}",
    ],
)
def test_what_is_no_json_is_400(text: bytes) -> None:
    error = refused(text)
    assert (error.status, error.code) == (400, "not-json")


@pytest.mark.parametrize("number", ["1e999", "-1e999"])
def test_a_number_that_no_float_holds_is_refused(number: str) -> None:
    error = refused(f'{{"rows": [1, {number}]}}')
    assert (error.status, error.code) == (422, "too-large-a-number")


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ('{"rows": {"age": 1, "height": 2, "age": 3}}', "rows has 'age'"),
        ('{"rows": [{"age": 1, "height": 2, "height": 3}]}', "rows[0] has 'height'"),
        ('{"rows": [[1, 2], {"age": 1, "age": 1, "height": 2}]}', "rows[1] has 'age'"),
        (
            '{"rows": [{"age": 1, "height": 2}, {"age": 1, "height": 2, "height": 2}]}',
            "rows[1] has",
        ),
        ('{"rows": [1, 2], "rows": [3, 4]}', "The body has 'rows'"),
        ('{"rows": [1, 2], "explain": true, "explain": false}', "The body has 'explain'"),
        ('{"explain": false, "rows": [1, 2], "explain": false}', "The body has 'explain'"),
        ('{"rows": [1, 2], "ro\\u0077s": [3, 4]}', "The body has 'rows'"),
    ],
)
def test_a_name_that_comes_twice_is_refused(document: str, place: str) -> None:
    error = refused(document)
    assert (error.status, error.code) == (422, "name-twice"), error.message
    assert place in error.message


def test_pixels_that_come_twice_are_refused() -> None:
    error = refused('{"rows": [0, 1, 2, 3], "rows": [3, 2, 1, 0]}', PICTURE)
    assert error.code == "name-twice"


def test_names_may_have_colons_and_look_like_others() -> None:
    table = Features(("a:b", '":1,"a":'))
    row = {"a:b": 1, '":1,"a":': 2}
    assert read(row, table).tolist() == [[1, 2]]
    assert read([row, row], table, explain=False).tolist() == [[1, 2], [1, 2]]


@pytest.mark.parametrize(("inputs", "rows"), [(TABLE, [1, 2.5]), (PICTURE, [0, 1, 2, 3])])
def test_a_byte_order_mark_is_no_part_of_what_is_said(inputs: Any, rows: list[float]) -> None:
    body = codecs.BOM_UTF8 + json.dumps({"rows": rows}).encode()
    marked, _ = read_rows(body, inputs, 10)
    assert np.array_equal(np.asarray(marked), np.asarray(read(rows, inputs)))
    assert refused(codecs.BOM_UTF8 + b"{").code == "not-json"
