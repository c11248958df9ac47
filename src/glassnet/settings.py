"""Settings: the numbers that a person chooses, held to what they may be."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from types import UnionType
from typing import Any, TypeVar

import numpy as np

from glassnet.errors import SettingError, one_of, short

T = TypeVar("T")

MOST_THREADS = 256

_BYTES = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,3})?) ?([KMGTkmgt])?(?:i?B)?")

MAX_MEMORY = "GLASSNET_MAX_MEMORY"
"""The variable that says how much memory a model file may ask for, unless it is said otherwise."""

USUAL_MEMORY = 1 << 30

ALLOW_MORE = (
    "If you trust the file, allow more: gn.load(path, max_memory='8G'), --max-memory 8G for "
    f"glassnet serve, or {MAX_MEMORY}=8G for every command."
)

THREADS = ("GLASSNET_THREADS", "OMP_NUM_THREADS")
"""The variables that say how many threads to use, unless all processors that there are."""


def expect(owner: object, **intervals: str) -> None:
    """Check settings against intervals written as in mathematics: ``expect(self, rate="[0, 1)")``.

    They are kept as Python floats: a NumPy float64 would turn float32 arrays into float64.
    """
    for name, interval in intervals.items():
        value = getattr(owner, name)
        if not inside(interval, value):
            raise SettingError(
                f"{type(owner).__name__} expects {name} in {interval}, got {value!r}."
            )
        object.__setattr__(owner, name, float(value))


def expect_counts(owner: object, *names: str) -> None:
    """Check settings that count something; they are kept as Python integers."""
    for name in names:
        value = getattr(owner, name)
        if not _is_whole(value, least=1):
            raise SettingError(
                f"{type(owner).__name__} expects {name}, a whole number of 1 or more, "
                f"got {value!r}."
            )
        object.__setattr__(owner, name, int(value))


def whole_number(what: str, given: Any, least: int = 1) -> int:
    """Return a whole number of at least so much as a Python integer."""
    if not _is_whole(given, least):
        raise SettingError(f"{what} is a whole number from {least}, got {short(given)}.")
    return int(given)


def seed_number(given: Any) -> int:
    """Return a seed as a Python integer: everything here that draws lots takes one of 63 bits."""
    if not (_is_whole(given, 0) and given < 2**63):
        raise SettingError(f"A seed is a whole number from 0 to 2**63 - 1, got {short(given)}.")
    return int(given)


def byte_count(what: str, given: Any) -> int:
    """Return a number of bytes, given as such or as "512M": K, M, G and T are powers of 1,024."""
    written = _BYTES.fullmatch(given.strip()) if isinstance(given, str) else None
    if written:
        number, unit = written.groups()
        given = int(float(number) * 1024 ** " KMGT".index((unit or " ").upper()))
    if not _is_whole(given, least=1) or given >= 2**63:
        raise SettingError(f"{what} is a number of bytes such as 512M or 2G, got {short(given)}.")
    return int(given)


def most_memory(given: int | str | None = None) -> int:
    """Return the bytes that a model file may ask for: what was given, the variable's, or 1 GiB."""
    if given is not None:
        return byte_count("max_memory", given)
    return byte_count(MAX_MEMORY, os.environ.get(MAX_MEMORY) or USUAL_MEMORY)


def as_people_read(size: int) -> str:
    """Write a number of bytes: "1.5 GiB"."""
    number, units = float(size), ["bytes", "KiB", "MiB", "GiB", "TiB"]
    while number >= 1024 and len(units) > 1:
        number, units = number / 1024, units[1:]
    return f"{number:,.4g} {units[0]}"


def expect_kind(what: str, given: Any, kind: type | UnionType, example: str) -> None:
    """Check that something is of a kind; a class in place of its object is a common slip."""
    if not isinstance(given, kind):
        got = f"the class {given.__name__} itself" if isinstance(given, type) else short(given)
        raise SettingError(f"{what} expects something such as {example}, got {got}.")


def as_tuple(what: str, given: Any, kind: type | UnionType, example: str) -> tuple[Any, ...]:
    """Return what was given as one thing of a kind, several of them, or None, as a tuple."""
    if given is None:
        return ()
    several = isinstance(given, Iterable) and not isinstance(given, kind | str)
    things = tuple(given) if several else (given,)
    for one in things:
        expect_kind(what, one, kind, example)
    return things


def named(what: str, name: Any, table: Mapping[str, T]) -> T:
    """Return what a table has under a name; the error for another name lists those it has."""
    if not isinstance(name, str) or name not in table:
        raise one_of(what, name, list(table))
    return table[name]


def inside(interval: str, value: object) -> bool:
    """Say whether a value is a number in an interval such as "[0, 1)" or "(0, inf)"."""
    if not isinstance(value, int | float | np.integer | np.floating) or isinstance(value, bool):
        return False
    try:
        x = float(value)
    except OverflowError:  # a whole number of more than 308 digits
        return False
    low, high = (float(end) for end in interval[1:-1].split(","))
    above = low <= x if interval[0] == "[" else low < x
    below = x <= high if interval[-1] == "]" else x < high
    return above and below


def threads() -> int:
    """Return how many threads may compute at once."""
    for variable in THREADS:
        given = os.environ.get(variable, "").partition(",")[0]
        if given.isdecimal() and int(given) > 0:
            return min(int(given), MOST_THREADS)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _is_whole(value: Any, least: int) -> bool:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return whole and bool(value >= least)
