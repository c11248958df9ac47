"""Mutants: sealed files that were changed as somebody would who knows how they are made.

A byte that changes is found out by the seal, so most mutants are sealed anew: only what the readers
check afterwards stands between these and whoever loads them.
"""

from __future__ import annotations

import copy
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from safetensors.numpy import save

from glassnet.files import read_sealed, seal
from glassnet.types import Array


@dataclass(frozen=True)
class Original:
    """A sealed file, in one piece and in parts.

    data        its bytes
    header      what safetensors says of the arrays
    body        their bytes
    text        the document, as it was written
    """

    name: str
    data: bytes
    header: dict[str, Any]
    body: bytes
    text: str
    arrays: dict[str, Array]

    @classmethod
    def read(cls, path: Path) -> Original:
        data = path.read_bytes()
        size = 8 + int.from_bytes(data[:8], "little")
        header = json.loads(data[8:size])
        text = header["__metadata__"]["glassnet"]
        return cls(path.stem, data, header, data[size:], text, read_sealed(path)[1])


@dataclass(frozen=True)
class Mutant:
    """A changed file. Unless it was sealed anew it is refused, or still is the original."""

    kind: str
    data: bytes
    sealed: bool


NUMBERS: tuple[Any, ...] = (
    0, 1, -1, 2, 3, 7, 255, 2**31, 2**40, 2**63 - 1, 2**63, 2**64, -(2**63), 10**30, 10**400,
    0.0, -0.0, 0.5, 1.0, 1.5, -1e-300, 1e-320, 1e30, 1e39, 1e308, -1e308,
)  # fmt: skip
TEXTS = ("", " ", "x", "x" * 5000, "\0", "\x1b[2J", "é", "\U0001f600", "../../etc/passwd", "a.b",
         "dense_1", "softmax", "Dense", "object", "__class__", "eval", "float16", "int64",
         "zeros", "NaN", "1", "/dev/zero", "http://127.0.0.1:9/")  # fmt: skip
OTHERS: tuple[Any, ...] = (
    None, True, False, [], {}, [[]], [None], [1], {"": 0}, {"class": "Dense"}, [[1, 2], [3]],
    [0] * 3000, {"class": []}, {"x": [4]},
)  # fmt: skip
RAW = ("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 5000, "[" * 31 + "]" * 31,
       "[" * 40 + "]" * 40, "[" * 3000 + "]" * 3000, '{"a":' * 200 + "1" + "}" * 200,
       '"\\ud800"', '"\\u0000"', "'x'", "", "tru", "01", "+1", "0x1", "//", "{", "]")  # fmt: skip
DTYPES = ("F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8", "U8", "BOOL", "F8_E4M3", "C64",
          "", None, 4, "float32")  # fmt: skip


def mutant(original: Original, random: Random) -> Mutant:
    """Make a mutant of any kind."""
    make = random.choice(KINDS)
    data = make(original, random)
    return Mutant(make.__name__.strip("_"), data, make in SEALED)


def _bytes(original: Original, random: Random) -> bytes:
    """Change, cut out, double or add bytes anywhere."""
    data = bytearray(original.data)
    for _ in range(random.choice((1, 1, 1, 2, 5))):
        at = random.randrange(len(data) + 1)
        end = min(len(data), at + random.choice((1, 1, 2, 8, 64, 1000)))
        how = random.randrange(5)
        if how == 0:
            data[at:end] = random.randbytes(end - at)
        elif how == 1:
            del data[at:end]
        elif how == 2:
            data[at:at] = data[at:end]
        elif how == 3 and at < len(data):
            data[at] ^= 1 << random.randrange(8)
        else:
            data[at:at] = random.randbytes(random.choice((1, 8, 100)))
        if not data:
            break
    return bytes(data)


def _length(original: Original, random: Random) -> bytes:
    """Say that the header is of another length, or cut the file short."""
    told = random.choice((0, 1, 2**31, 2**40, 2**63, 2**64 - 1, 100_000_001,
                          len(original.data), random.randrange(5000)))  # fmt: skip
    return struct.pack("<Q", told) + original.data[8 : random.randrange(8, len(original.data))]


def _header(original: Original, random: Random) -> bytes:
    """Change what the header says of an array, or the header's own metadata."""
    header: dict[str, Any] = json.loads(json.dumps(original.header))
    names = list(header)
    name = random.choice(names)
    how = random.randrange(7)
    if name == "__metadata__" or how == 0:
        header[name] = changed(header[name], random)
    elif how == 1:
        header[name]["dtype"] = random.choice(DTYPES)
    elif how == 2:
        header[name]["shape"] = changed(header[name]["shape"], random)
    elif how == 3:
        header[name]["data_offsets"] = changed(header[name]["data_offsets"], random)
    elif how == 4:
        header[random.choice((*TEXTS, *names))] = header.pop(name)
    elif how == 5:
        del header[name]
    else:
        other = random.choice(names)
        header[name], header[other] = header[other], header[name]
    return _whole(json.dumps(header), original.body)


def _document(original: Original, random: Random) -> bytes:
    """Change something in the document, and seal it anew."""
    document = json.loads(original.text)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        document = changed(document, random)
    return _sealed(json.dumps(document), original.arrays)


def _text(original: Original, random: Random) -> bytes:
    """Write into the document's JSON what no program would write, and seal it anew."""
    text = original.text
    places = [n for n, letter in enumerate(text) if letter in ":[,"]
    at = random.choice(places) + 1
    how = random.randrange(4)
    if how == 0:  # in place of a value
        end = min(end for mark in ",]}" if (end := text.find(mark, at)) >= 0)
        text = text[:at] + random.choice(RAW) + text[end:]
    elif how == 1:  # twice the same name
        key = random.choice(("format", "version", "network", "inputs", "outputs", "step", "seed"))
        value = json.dumps(_anything(random))
        text = f'{{"{key}": {value}, {text[1:-1]}, "{key}": {value}}}'
    elif how == 2:
        text = text[:at] + random.choice((*RAW, *TEXTS)) + text[at:]
    else:
        text = random.choice((*RAW, "null", "[]", "{}", "1", '"x"', "[1]"))
    return _sealed(text, original.arrays)


def _arrays(original: Original, random: Random) -> bytes:
    """Change arrays, and seal them anew."""
    arrays = dict(original.arrays)
    for _ in range(random.choice((1, 1, 2))):
        if not arrays:
            break
        name = random.choice(list(arrays))
        how = random.randrange(6)
        if how == 0:
            del arrays[name]
        elif how == 1:
            arrays[random.choice((*TEXTS, *original.arrays, f"optimizer/{name}", f"{name}/m"))] = (
                arrays[name] if random.random() < 0.5 else arrays.pop(name)
            )
        elif how == 2:
            arrays[name] = _other_numbers(arrays[name], random)
        else:
            arrays[name] = _other_form(arrays[name], random)
    return _sealed(original.text, arrays)


def _both(original: Original, random: Random) -> bytes:
    """Change the document and the arrays so that their sizes may fit: what is worst is both."""
    document = json.loads(original.text)
    arrays = {name: _other_numbers(a, random) for name, a in original.arrays.items()}
    return _sealed(json.dumps(changed(document, random)), arrays)


KINDS: tuple[Callable[[Original, Random], bytes], ...] = (
    _bytes, _length, _header, _document, _document, _document, _text, _arrays, _arrays, _both,
)  # fmt: skip
SEALED = {_document, _text, _arrays, _both}


def changed(value: Any, random: Random) -> Any:
    """Change something somewhere in a JSON value; the value itself may be changed in place."""
    if isinstance(value, dict) and value and random.random() < 0.9:
        key = random.choice(list(value))
        how = random.randrange(12)
        if how == 0:
            del value[key]
        elif how == 1:
            value[random.choice((*TEXTS, *value))] = value.pop(key)
        elif how == 2:
            value[random.choice(TEXTS)] = _anything(random)
        elif how == 3:
            other = random.choice(list(value))
            value[key], value[other] = value[other], value[key]
        else:
            value[key] = changed(value[key], random)
        return value
    if isinstance(value, list) and value and random.random() < 0.85:
        at = random.randrange(len(value))
        how = random.randrange(6)
        if how == 0:
            del value[at]
        elif how == 1:
            value.insert(at, copy.deepcopy(random.choice(value)))
        elif how == 2:
            random.shuffle(value)
        elif how == 3:
            value *= random.choice((0, 2, 3))
        else:
            value[at] = changed(value[at], random)
        return value
    if isinstance(value, int | float) and random.random() < 0.5:
        return random.choice((value + 1, value - 1, -value, value * 2, value // 3, value * 10**9))
    return _anything(random)


def _anything(random: Random) -> Any:
    return copy.deepcopy(random.choice(random.choice((NUMBERS, TEXTS, OTHERS))))


def _other_numbers(array: Array, random: Random) -> Array:
    made = array.copy()
    if made.size and made.dtype.kind == "f":
        values = (0, -0.0, 1e-40, 1e-300, -1, 1e30, 3e38, 1e308, np.inf, np.nan)
        with np.errstate(over="ignore"):
            made.flat[random.randrange(made.size)] = random.choice(values)
    return made


def _other_form(array: Array, random: Random) -> Array:
    """Bring an array into another shape or type."""
    how = random.randrange(6)
    if how == 0:
        types = ("f2", "f4", "f8", "i1", "u1", "i8", "?")
        with np.errstate(over="ignore", invalid="ignore"):
            return array.astype(random.choice(types))
    if how == 1:
        return array.reshape(-1)
    if how == 2:
        return array.T
    if how == 3:
        return array[None]
    if how == 4:
        return array[:0] if array.ndim else array[None]
    return np.concatenate([array, array]) if array.ndim else array.reshape(1)


def _sealed(text: str, arrays: dict[str, Array]) -> bytes:
    plain = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    data: bytes = save(plain, metadata={"glassnet": text, "sha256": seal(text, plain)})
    return data


def _whole(header: str, body: bytes) -> bytes:
    text = header.encode("utf-8", "surrogatepass")
    return struct.pack("<Q", len(text)) + text + body
