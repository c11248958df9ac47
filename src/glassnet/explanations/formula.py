"""Formula: one right-hand side, written with its letters, with its numbers, and in LaTeX."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LETTER = re.compile("‹([^›]*)›")
BEFORE, AFTER = tuple("+-·/"), tuple("²/")

LATEX = (
    (r"\(∂L/∂([^\W_]+)\)", r"\\tfrac{∂L}{∂\1}"),
    (r"∂L/∂([^\W_]+(?:\[[^\]]*\])?)", r"\\frac{∂L}{∂\1}"),
    (r"√\(([^()]*)\)", r"\\sqrt{\1}"),
    (r"\[([^\]]*)\]", r"_{\1}"),
    (r"Σ_(\w)", r"\\sum_{\1}"),
    (r"(?<=\d)e([+-])0*(\d+)", r"\\cdot 10^{\g<1>\2}"),
    (r"\b(exp|ln|max|tanh)\b", r"\\\1 "),
    (r"\b(clip|sign)\b", r"\\operatorname{\1}"),
    (r" (if|else) ", r" \\text{ \1 } "),
    (r"\|", r"\\vert "),
    ("²", "^2"),
    ("½", r"\\tfrac12 "),
    ("·", r"\\cdot "),
    ("←", r"\\leftarrow "),
    ("…", r"\\dots "),
)
"""What LaTeX writes otherwise, in the order of replacement; Greek letters it takes as they are."""


@dataclass(frozen=True)
class Formula:
    """A formula whose letters stand in ‹ ›, so that numbers can take their places.

    ``Formula("max(‹z›, 0)")`` is "max(z, 0)" and, with z = 0.5, "max(0.5, 0)".
    """

    text: str

    def __str__(self) -> str:
        return LETTER.sub(r"\1", self.text)

    def filled(self, letters: Mapping[str, float]) -> str:
        """Write numbers for the letters; a negative one in brackets where it needs them."""

        def number(match: re.Match[str]) -> str:
            before, after = self.text[: match.start()], self.text[match.end() :]
            tight = before.rstrip().endswith(BEFORE) or after.startswith(AFTER)
            value = _told_apart(letters[match[1]])
            return bracketed(value) if tight else value

        return LETTER.sub(number, self.text)


def as_latex(text: str) -> str:
    """Write a formula, with letters or with numbers, as LaTeX does: "W[d,0]" as "W_{d,0}"."""
    for pattern, latex in LATEX:
        text = re.sub(pattern, latex, text)
    return text


def written(value: float) -> str:
    """Write one number to four digits; 0 has no sign."""
    return f"{value + 0.0:.4g}"


def _told_apart(value: float) -> str:
    """Write a number that is almost 1 with digits enough to tell: ln(1) would be 0."""
    text = written(value)
    return f"{value:.10g}" if text in ("1", "-1") and abs(value) != 1 else text


def bracketed(text: str) -> str:
    """Put what begins with a minus in brackets, as it must be after another sign."""
    return f"({text})" if text.startswith("-") else text


def column(values: Sequence[float]) -> list[str]:
    """Write numbers that stand below one another with as many decimals each, right-aligned.

    The largest has four digits or more; where it is very large or small, all have exponents.
    """
    sizes = [abs(value) for value in values if math.isfinite(value) and value]
    power = math.floor(math.log10(max(sizes))) if sizes else 0
    form = f".{4 - min(power + 1, 0)}f" if -4 < power < 6 else ".3e"
    cells = [f"{value + 0.0:{form}}" for value in values]
    width = max(map(len, cells), default=0)
    return [cell.rjust(width) for cell in cells]
