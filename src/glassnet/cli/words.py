"""Words: what a model or a data set holds, as people read it."""

from __future__ import annotations

from textwrap import wrap
from typing import Any

from glassnet.data.meaning import Classes, Images, Inputs, Outputs

WIDTH, MARGIN = 80, 12


def meaning(side: Inputs | Outputs) -> str:
    """Say what the numbers on one side of a network are."""
    if isinstance(side, Images):
        return f"images of {side.height} x {side.width} pixels, 0 to {side.maximum}"
    if isinstance(side, Classes):
        return f"{len(side.labels)} classes: {', '.join(side.labels)}"
    units = side.units or ("",) * side.size
    named = zip(side.names, units, strict=True)
    return ", ".join(f"{name} ({unit})" if unit else name for name, unit in named)


def words(value: Any) -> str:
    """Write JSON on one line, leaving out what is empty."""
    if isinstance(value, list):
        return ", ".join(map(_part, value))
    if isinstance(value, dict):
        told = {name: one for name, one in value.items() if one not in (None, [], {}, "")}
        kind = told.pop("class", "")
        parts = ", ".join(f"{name} {_part(one)}" for name, one in told.items())
        return f"{kind}({parts})" if kind else parts
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def show_entry(name: str, text: str) -> None:
    """Print a name and, beside it, a text of any length."""
    lines = wrap(text, WIDTH - MARGIN, break_on_hyphens=False) or [""]
    print(f"{name:{MARGIN}}" + f"\n{'':{MARGIN}}".join(lines))


def _part(value: Any) -> str:
    """Write a part of something larger, in brackets where it has parts itself."""
    told = words(value)
    return f"({told})" if isinstance(value, dict) and "class" not in value else told
