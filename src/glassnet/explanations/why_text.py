"""The reasons of an answer as text, and as Markdown."""

from __future__ import annotations

from textwrap import wrap

import numpy as np

from glassnet.data.meaning import Images
from glassnet.explanations.formula import column, written
from glassnet.explanations.markdown import escaped, math, table
from glassnet.explanations.step import largest
from glassnet.explanations.why_data import NamedContributions, Question, WhyData
from glassnet.text import aligned, image_text, page_width
from glassnet.types import Array

PROBABLE = 5
"""How many classes are listed with their probability."""

FOR, AGAINST = ".+#", ",-="
"""How much a pixel adds, or takes away: a tenth of the most and more, 0.3 of it, 0.6 of it."""


def text_of(why: WhyData) -> str:
    """Write the reasons for a terminal."""
    lines = wrap(answered(why), page_width())
    if why.probabilities:
        lines += ["", aligned(["answer", "probability"], _probable(why))]
    for question in why.questions:
        lines += ["", f"{question}  S = {question.formula} = {written(question.score)}"]
        for view in question.views:
            lines += [
                "",
                *wrap(heading(view), page_width()),
                aligned(_columns(view), _rows(view, why.most)),
            ]
        if isinstance(why.inputs, Images):
            lines += ["", pixels_text(why.x, question, why.inputs)]
    return "\n".join(lines)


def markdown_of(why: WhyData) -> str:
    """Write the reasons for a notebook."""
    lines = [escaped(answered(why))]
    if why.probabilities:
        lines.append(table(["answer", "probability"], _probable(why)))
    for question in why.questions:
        lines += [
            f"### {escaped(str(question))}",
            math(f"S = {question.formula} = {written(question.score)}"),
        ]
        for view in question.views:
            lines += [escaped(heading(view)), table(_columns(view), _rows(view, why.most))]
    return "\n\n".join(lines) + "\n"


def answered(why: WhyData) -> str:
    """Say the answer, and the truth where it is known."""
    truth = f" The truth is {why.truth}." if why.truth else ""
    return f"The network says {why.said}.{truth}"


def heading(view: NamedContributions) -> str:
    """Say whose contributions follow, and how far they can be trusted."""
    what = f"What the {view.of.values.size:,} {view.what} add, v·∂S/∂v"
    return f"{what}: {trust(view)}"


def trust(view: NamedContributions) -> str:
    """Say how far contributions can be trusted."""
    return "exact" if view.of.exact else "gradient × input, true near this row only"


def _probable(why: WhyData) -> list[list[str]]:
    order = sorted(why.probabilities.items(), key=lambda item: -item[1])[:PROBABLE]
    return [[label, f"{100 * p:.1f} %"] for label, p in order]


def _columns(view: NamedContributions) -> list[str]:
    return [view.of.node, "v", "∂S/∂v", "adds"]


def _rows(view: NamedContributions, most: int) -> list[list[str]]:
    """The largest contributions, what the others add up to, the rest, and the sum of all."""
    seen, parts = view.of, view.of.parts.ravel().astype(np.float64)
    chosen = largest(parts, most)
    total = float(parts.sum())
    *adds, others, rest, score = column(
        [*parts[chosen], total - parts[chosen].sum(), seen.rest, total + seen.rest]
    )
    values = column(seen.values.ravel()[chosen].tolist())
    slopes = column(seen.slopes.ravel()[chosen].tolist())
    names = [view.names[i] for i in chosen]
    rows = [list(cells) for cells in zip(names, values, slopes, adds, strict=True)]
    if left := parts.size - len(chosen):
        rows.append([f"the {left:,} others", "", "", others])
    rows.append(["biases" if seen.exact else "biases and bends", "", "", rest])
    return [*rows, ["S", "", "", score]]


def pixels_text(x: Array, question: Question, images: Images) -> str:
    """Draw an image, and beside it, or below where there is no room, what its pixels add."""
    shape = (images.height, images.width)
    left, right = _cropped(
        image_text(x.reshape(shape)), signed_text(question.views[-1].of.parts.reshape(shape))
    )
    legend = f"{FOR} for {question.answer}" + bool(question.against) * (
        f"   {AGAINST} for {question.against}"
    )
    width = max(2 * images.width, len("the image"))
    if 2 * width + 4 > page_width():
        return "\n".join([*left, "", legend, *right])
    pairs = zip(["the image", *left], [legend, *right], strict=True)
    return "\n".join(f"{a.ljust(width)}    {b}".rstrip() for a, b in pairs)


def _cropped(*drawings: str) -> list[list[str]]:
    """Drop the lines above and below that are empty in all drawings."""
    lines = [drawing.split("\n") for drawing in drawings]
    inked = [k for k, side in enumerate(zip(*lines, strict=True)) if any(side)] or [0]
    return [side[inked[0] : inked[-1] + 1] for side in lines]


def signed_text(parts: Array) -> str:
    """Draw numbers of both signs, (height, width), with characters: two a number."""
    most = float(np.abs(parts).max()) or 1.0
    return "\n".join("".join(_mark(part / most) * 2 for part in row).rstrip() for row in parts)


def _mark(share: float) -> str:
    size = abs(share)
    if not size >= 0.1:
        return " "
    return (FOR if share > 0 else AGAINST)[int(size >= 0.3) + int(size >= 0.6)]
