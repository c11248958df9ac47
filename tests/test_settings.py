"""Settings: what is inside an interval. What comes of it is tested with layers and rules."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.errors import SettingError
from glassnet.settings import as_tuple, inside, named, seed_number, whole_number


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
