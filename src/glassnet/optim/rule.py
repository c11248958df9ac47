"""Rule: a frozen set of settings that checks itself and describes itself as JSON."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from glassnet.errors import SettingError


@dataclass(frozen=True)
class Rule:
    """What optimisers, schedules, penalties and clippings have in common: settings, fixed for life.

    To change a setting, make another rule: ``dataclasses.replace(rule, learning_rate=0.01)``.
    """

    def config(self) -> dict[str, Any]:
        """Describe the rule as JSON: its class and its settings.

        A function among the settings is recorded by its `repr` only, as provenance.
        """
        settings = {f.name: _described(getattr(self, f.name)) for f in fields(self)}
        return {"class": type(self).__name__, **settings}

    def _expect(self, **intervals: str) -> None:
        """Check settings against intervals written as in mathematics: ``beta1="[0, 1)"``.

        They are kept as Python floats: a NumPy float64 would turn float32 arrays into float64.
        """
        for name, interval in intervals.items():
            value = getattr(self, name)
            if not inside(interval, value):
                raise SettingError(f"{self._class} expects {name} in {interval}, got {value!r}.")
            object.__setattr__(self, name, float(value))

    def _expect_rate(self, name: str) -> None:
        """Check a setting that is a rate, or a schedule, which is checked whenever it is asked."""
        if not callable(getattr(self, name)):
            self._expect(**{name: "[0, inf)"})

    def _expect_counts(self, *names: str) -> None:
        """Check settings that count something."""
        for name in names:
            value = getattr(self, name)
            if not (isinstance(value, int | np.integer) and inside("[1, inf)", value)):
                raise SettingError(
                    f"{self._class} expects {name}, a whole number of 1 or more, got {value!r}."
                )
            object.__setattr__(self, name, int(value))

    @property
    def _class(self) -> str:
        return type(self).__name__


def inside(interval: str, value: object) -> bool:
    """Say whether a value is a number in an interval such as "[0, 1)" or "(0, inf)"."""
    if not isinstance(value, int | float | np.integer | np.floating) or isinstance(value, bool):
        return False
    x = float(value)
    low, high = (float(end) for end in interval[1:-1].split(","))
    above = low <= x if interval[0] == "[" else low < x
    below = x <= high if interval[-1] == "]" else x < high
    return above and below


def _described(setting: Any) -> Any:
    if isinstance(setting, Rule):
        return setting.config()
    return {"callable": repr(setting)} if callable(setting) else setting
