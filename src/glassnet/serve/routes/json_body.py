"""JSON bodies: read to a shape by msgspec, and refused in words that say where."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeVar

import msgspec

from glassnet.errors import short
from glassnet.serve.refusal import Refusal

T = TypeVar("T")


def decode_json(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """Read JSON of a shape; a byte order mark before it is no part of it.

    Raises Refusal where it is no JSON or an object has a name twice, ValidationError where it
    has another shape.
    """
    text = body.removeprefix(codecs.BOM_UTF8)
    try:
        found = decoder.decode(text)
        if (colons := text.count(b":")) > 1 and colons > _names(found):
            _expect_names_once(text)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise Refusal(
            400,
            "not-json",
            f"The body is not JSON: {error}. NaN and Infinity are no numbers of JSON.",
        ) from None
    except RecursionError:
        raise Refusal(400, "not-json", "The body is JSON that is nested too deep.") from None
    return found


def _names(found: object) -> int:
    """How many names the objects of what was read have, or fewer where that takes long to say.

    A decoder keeps the last of those that are the same, silently. But each name is followed by a
    colon: where there are no more colons than names were kept, none was lost.
    """
    if type(found) is dict:
        return len(found)
    if isinstance(found, msgspec.Struct):
        values = [getattr(found, name) for name in found.__struct_fields__]
        values = [value for value in values if value is not msgspec.UNSET]
        return len(values) + sum(map(_names, values))
    if type(found) is list and found and isinstance(found[0], dict | msgspec.Struct):
        return sum(map(_names, found))
    return 0


class _Twice(NamedTuple):
    """Stands for an object that has a name twice."""

    name: str


def _expect_names_once(text: bytes) -> None:
    """Raise Refusal, which says where, if any object of some JSON has a name twice."""
    twice = []

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Twice:
        found: dict[str, Any] = {}
        for name, value in pairs:
            if name in found:
                twice.append(name)
                return _Twice(name)
            found[name] = value
        return found

    document = json.loads(text, object_pairs_hook=once, parse_int=float)
    if twice:
        place, name = next(_places(document, ""))
        raise Refusal(
            422,
            "name-twice",
            f"{place.removeprefix('.') or 'The body'} has {short(name)} more than once. A name "
            "stands for one value: send it once.",
        )


def _places(document: object, place: str) -> Iterator[tuple[str, str]]:
    """Give where the objects are that have a name twice, and the name."""
    if isinstance(document, _Twice):
        yield place, document.name
    elif isinstance(document, dict):
        for name, value in document.items():
            yield from _places(value, f"{place}.{name[:60]}")
    elif isinstance(document, list):
        for k, value in enumerate(document):
            if isinstance(value, dict | list | _Twice):
                yield from _places(value, f"{place}[{k}]")


def any_json(body: bytes) -> Any:
    """Whatever JSON there is. Raises Refusal where there is none."""
    try:
        return decode_json(body, _ANYTHING)
    except msgspec.ValidationError as error:  # the only one of anything: 1e999
        where = str(error).rpartition("at `$")[2].rstrip("`")
        raise Refusal(
            422,
            "too-large-a-number",
            f"The body holds a number that is too large for 64 bits, at {where or 'its top'}.",
        ) from None


_ANYTHING = msgspec.json.Decoder()
