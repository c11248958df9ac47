"""Working out an explanation's formulas, to see whether they give the numbers beside them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import numpy as np

from glassnet.explanations.formula import LETTER, Formula

PYTHON = (
    (r"\|([^|]*)\|", r"abs(\1)"),
    ("½", "0.5"),
    ("²", "**2"),
    ("·", "*"),
    ("√", "sqrt"),
    ("π", "pi"),
)
FUNCTIONS = {
    "exp": math.exp, "ln": math.log, "tanh": math.tanh, "sqrt": math.sqrt, "pi": math.pi,
    "max": max, "abs": abs, "sign": np.sign, "clip": np.clip,
}  # fmt: skip


def worked_out(formula: Formula, letters: Mapping[str, float]) -> float:
    """Compute what a formula comes to with its numbers."""
    text = LETTER.sub(lambda found: f"({letters[found[1]]!r})", formula.text)
    for symbol, python in PYTHON:
        text = re.sub(symbol, python, text)
    return float(eval(text, dict(FUNCTIONS)))
