"""GradientReport: what was compared, how far it was off, and why."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from textwrap import fill
from typing import Any

from glassnet.text import aligned
from glassnet.training.history import as_json

WIDTH = 100
NO_REASON = "no common mistake fits these numbers."


@dataclass(frozen=True)
class Checked:
    """One gradient, compared.

    layer       the layer, node, loss or input, and
    array       which of its gradients: a parameter's name, "dx", or "dy" of a loss
    passed      whether every number is right
    numbers     how many were measured
    index       of the number that is furthest off
    backward    what backward says there; None where it gave nothing to compare
    measured    what central differences say there
    error       the relative error there
    kinks       how many numbers stand so near a kink that only a smaller step measures them
    why         what is probably wrong; empty where it is right, or where nothing fits
    """

    layer: str
    array: str
    passed: bool
    numbers: int
    index: tuple[int, ...]
    backward: float | None
    measured: float | None
    error: float
    kinks: int = 0
    why: str = ""

    @property
    def name(self) -> str:
        """The layer and the array: ``dense_1.W``."""
        return f"{self.layer}.{self.array}"


@dataclass(frozen=True)
class GradientReport:
    """The gradients of one batch, compared with measured ones.

    checked     one entry for each parameter and input; and, where one of them is wrong, for each
                loss or node that hands on a wrong gradient, which come first
    rows        of the batch
    h           the step of the differences
    tolerance   up to which relative error a number counts as right
    precision   in which backward ran: "float64" or the network's own
    """

    checked: tuple[Checked, ...]
    rows: int
    h: float
    tolerance: float
    precision: str = "float64"

    @property
    def passed(self) -> bool:
        """Whether every gradient is right."""
        return all(one.passed for one in self.checked)

    @property
    def failed(self) -> tuple[Checked, ...]:
        """The gradients that are wrong, the likely cause first."""
        return tuple(one for one in self.checked if not one.passed)

    @property
    def worst(self) -> Checked:
        """The one to look at: the first that is wrong, else the one with the largest error."""
        return next(iter(self.failed), max(self.checked, key=lambda one: one.error))

    def to_json(self) -> dict[str, Any]:
        """Describe the report as JSON."""
        settings = {name: getattr(self, name) for name in ("rows", "h", "tolerance", "precision")}
        checked = [as_json(asdict(one)) | {"index": list(one.index)} for one in self.checked]
        return {"passed": self.passed, **settings, "checked": checked}

    def __str__(self) -> str:
        """Write a table of at most 100 columns, what is wrong below it."""
        reasons: dict[str, list[str]] = {}
        for one in self.failed:
            reasons.setdefault(one.why or NO_REASON, []).append(one.name)
        stories = [f"{', '.join(names)}: {why}" for why, names in reasons.items()]
        texts = [fill(text, WIDTH) for text in (*stories, self._sentence())]
        return "\n\n".join([aligned(*self._table()), *texts])

    def _table(self) -> tuple[list[str], list[list[str]], int]:
        columns = ["gradient", "", "furthest off at", "backward", "measured", "error", "numbers"]
        rows = [
            [
                one.name,
                "ok" if one.passed else "WRONG",
                str(list(one.index)) if one.index else "",
                _number(one.backward),
                _number(one.measured),
                f"{one.error:.1e}" if math.isfinite(one.error) else "",
                f"{one.numbers:,}",
            ]
            for one in self.checked
        ]
        return columns, rows, 3

    def _sentence(self) -> str:
        numbers = sum(one.numbers for one in self.checked)
        kinks = sum(one.kinks for one in self.checked)
        text = (
            f"{'Passed' if self.passed else 'Failed'}: {numbers:,} numbers, {self.rows} rows, "
            f"{self.precision}, central differences with h = {self.h:g}, "
            f"tolerance {self.tolerance:g}."
        )
        if kinks:
            text += f" {kinks:,} of them are within a step of a kink and were measured again."
        return text


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
