"""Explanation: every step of one row through a network and back, which writes itself."""

from __future__ import annotations

from glassnet.explanations.explanation_data import ExplanationData
from glassnet.explanations.markdown import markdown_of
from glassnet.explanations.text import text_of


class Explanation(ExplanationData):
    """Every step of one row through a network and back; `print` it, or leave it to a notebook.

    `ExplanationData` says what each field holds.
    """

    def __str__(self) -> str:
        return text_of(self)

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        return markdown_of(self)
