"""Settings: the numbers that a person chooses, held to what they may be."""

from __future__ import annotations

import numpy as np

from glassnet.errors import SettingError


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
        if not (isinstance(value, int | np.integer) and inside("[1, inf)", value)):
            raise SettingError(
                f"{type(owner).__name__} expects {name}, a whole number of 1 or more, "
                f"got {value!r}."
            )
        object.__setattr__(owner, name, int(value))


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
