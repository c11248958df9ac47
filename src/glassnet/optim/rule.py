"""Rule: a frozen set of settings that checks itself and describes itself as JSON."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from glassnet.settings import expect
from glassnet.types import Array


@dataclass(frozen=True)
class Rule:
    """What optimisers, schedules, penalties and clippings have in common: settings, fixed for life.

    Its methods are pure: they return new arrays and write to none. They compute by operators and
    by the functions of the arrays' own `namespace`, so that another library can trace them.

    To change a setting, make another rule: ``dataclasses.replace(rule, learning_rate=0.01)``.
    """

    def config(self) -> dict[str, Any]:
        """Describe the rule as JSON: its class and its settings.

        A function among the settings is recorded by its `repr` only, as provenance.
        """
        settings = {f.name: _described(getattr(self, f.name)) for f in fields(self)}
        return {"class": type(self).__name__, **settings}

    def _expect_rate(self, name: str) -> None:
        """Check a setting that is a rate, or a schedule, which is checked whenever it is asked."""
        if not callable(getattr(self, name)):
            expect(self, **{name: "[0, inf)"})


def namespace(w: Array) -> Any:
    """Return the array namespace that w is of: `numpy` itself, or what an engine computes with."""
    return w.__array_namespace__()


def _described(setting: Any) -> Any:
    if isinstance(setting, Rule):
        return setting.config()
    return {"callable": repr(setting)} if callable(setting) else setting
