"""Format: what a model or a data set holds, as people read it."""

from __future__ import annotations

from textwrap import wrap
from typing import Any

from glassnet.cli.printing import one_line
from glassnet.data.meaning import Classes, Images, Inputs, Outputs

WIDTH, MARGIN, DEEPEST = 80, 12, 8


def meaning(side: Inputs | Outputs) -> str:
    """Say what the numbers on one side of a network are."""
    if isinstance(side, Images):
        return f"images of {side.height} x {side.width} pixels, 0 to {side.maximum}"
    if isinstance(side, Classes):
        return f"{len(side.labels)} classes: {', '.join(side.labels)}"
    units = side.units or ("",) * side.size
    named = zip(side.names, units, strict=True)
    return ", ".join(f"{name} ({unit})" if unit else name for name, unit in named)


def as_one_line(value: Any, deepest: int = DEEPEST) -> str:
    """Write JSON on one line, leaving out what is empty or lies deeper."""
    if isinstance(value, list | dict) and not deepest:
        return "…"
    if isinstance(value, list):
        return ", ".join(_part(one, deepest - 1) for one in value)
    if isinstance(value, dict):
        told = {name: one for name, one in value.items() if one not in (None, [], {}, "")}
        kind = told.pop("class", "")
        parts = ", ".join(f"{name} {_part(one, deepest - 1)}" for name, one in told.items())
        return f"{kind}({parts})" if kind else parts
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def show_entry(name: str, text: str) -> None:
    """Print a name and, beside it, a text of any length."""
    lines = wrap(one_line(text), WIDTH - MARGIN, break_on_hyphens=False) or [""]
    print(f"{one_line(name):{MARGIN - 1}} " + f"\n{'':{MARGIN}}".join(lines))


def _part(value: Any, deepest: int) -> str:
    """Write a part of something larger, in brackets where it has parts itself."""
    told = as_one_line(value, deepest)
    return f"({told})" if isinstance(value, dict) and "class" not in value else told
