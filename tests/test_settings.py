"""Settings: what is inside an interval. What comes of it is tested with layers and rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from glassnet.errors import SettingError
from glassnet.settings import (
    MAX_MEMORY,
    as_people_read,
    as_tuple,
    byte_count,
    inside,
    most_memory,
    named,
    seed_number,
    whole_number,
)


@pytest.mark.parametrize(
    ("interval", "within", "outside"),
    [
        ("[0, 1)", [0, 0.5, np.float32(0.5), np.int64(0)], [-0.1, 1, 2, float("nan")]),
        ("(0, 1]", [1e-9, 1], [0, 1.1, "0.5", None, True, 1j, np.array(0.5)]),
        ("[0, inf)", [0, 1e300], [float("inf"), -1, 10**400]),
    ],
)
def test_intervals(interval: str, within: list[object], outside: list[object]) -> None:
    assert all(inside(interval, value) for value in within)
    assert not any(inside(interval, value) for value in outside)


def test_a_whole_number_is_pythons_own() -> None:
    for given in (3, np.int64(3), np.uint8(3)):
        assert type(whole_number("epochs", given)) is type(seed_number(given)) is int


@pytest.mark.parametrize("given", [0, 2.5, 2.0, "2", None, True, [2], np.array([1, 2]), np.inf])
def test_what_is_no_whole_number_from_1(given: object) -> None:
    with pytest.raises(SettingError, match="epochs is a whole number from 1, got"):
        whole_number("epochs", given)


@pytest.mark.parametrize("given", [-1, 2**63, 1.5, "1", None])
def test_what_is_no_seed(given: object) -> None:
    with pytest.raises(SettingError, match=r"A seed is a whole number from 0 to 2\*\*63 - 1, got"):
        seed_number(given)


def test_one_several_or_none_become_a_tuple() -> None:
    for given, expected in (
        (None, ()), ("a", ("a",)), (["a", "b"], ("a", "b")), (iter("ab"), ("a", "b")),
    ):  # fmt: skip
        assert as_tuple("names", given, str, "'x'") == expected


@pytest.mark.parametrize(
    ("given", "got"),
    [("12", "'12'"), (["a"], "'a'"), (float, "the class float itself"), ({"a": 1}, "'a'")],
)
def test_what_is_of_another_kind(given: object, got: str) -> None:
    with pytest.raises(SettingError, match=f"^sizes expects something such as 3, got {got}.$"):
        as_tuple("sizes", given, int, "3")


@pytest.mark.parametrize("name", ["c", ["a"], None, 1])
def test_a_name_that_a_table_does_not_have(name: object) -> None:
    table = {"a": 1, "b": 2}
    assert named("letter", "b", table) == 2
    with pytest.raises(SettingError, match=r"There is no letter .* Known: a, b"):
        named("letter", name, table)


@pytest.mark.parametrize(
    ("given", "size", "told"),
    [
        (1, 1, "1 bytes"),
        (np.int64(1536), 1536, "1.5 KiB"),
        ("2048", 2048, "2 KiB"),
        ("512M", 512 << 20, "512 MiB"),
        (" 1.5g ", 3 << 29, "1.5 GiB"),
        ("1.25 MiB", 1_310_720, "1.25 MiB"),
        ("100kB", 102_400, "100 KiB"),
        ("3T", 3 << 40, "3 TiB"),
        (7 << 53, 7 << 53, "5.734e+04 TiB"),
    ],
)
def test_bytes_as_people_write_and_read_them(given: Any, size: int, told: str) -> None:
    assert byte_count("max_memory", given) == size
    assert as_people_read(size) == told


@pytest.mark.parametrize(
    "given", ["", "x", "M", "-1M", "0", "0K", 0, -1, 1.5, True, None, "1e9", "9" * 30, "1P", [1],
              "999999999T"],
)  # fmt: skip
def test_what_is_no_number_of_bytes(given: Any) -> None:
    with pytest.raises(SettingError, match="max_memory is a number of bytes such as 512M or 2G"):
        byte_count("max_memory", given)


def test_the_variable_decides_where_nobody_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(MAX_MEMORY, raising=False)
    assert most_memory() == 1 << 30
    monkeypatch.setenv(MAX_MEMORY, "64M")
    assert most_memory() == 64 << 20
    assert most_memory("1K") == 1024
    monkeypatch.setenv(MAX_MEMORY, "much")
    with pytest.raises(SettingError, match=r"GLASSNET_MAX_MEMORY is a number of bytes .* 'much'"):
        most_memory()
