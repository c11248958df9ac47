"""An explanation as Markdown with LaTeX, as notebooks show it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from glassnet.explanations.explanation_data import ExplanationData
from glassnet.explanations.formula import as_latex, written
from glassnet.explanations.step import Step
from glassnet.explanations.text import (
    HEADINGS,
    groups,
    heading,
    is_of,
    left_out,
    name_of,
    remark_of,
    rest_label,
    stages,
    with_labels,
)


def markdown_of(explanation: ExplanationData) -> str:
    """Write an explanation for a notebook."""
    lines = [escaped(heading(explanation))]
    for stage in stages(explanation):
        lines.append(f"### {HEADINGS[stage]}")
        steps = [step for step in explanation.steps if step.stage == stage]
        for unit, own in groupby(steps, key=name_of):
            lines += [f"**`{unit}`**"] if unit else []
            lines += (text for group in groups(list(own)) for text in _group(group))
            lines += [escaped(left_out(o)) for o in explanation.omitted if is_of(o, stage, unit)]
        lines += [
            escaped(left_out(o)) for o in explanation.omitted if o.stage == stage and not o.unit
        ]
    return "\n\n".join(lines) + "\n"


def _group(steps: Sequence[Step]) -> Iterator[str]:
    step = steps[0]
    yield escaped(f"{remark_of(step)}:")
    symbolic = f"{step.symbol} = {step.formula}"
    if step.parameter:
        yield math(symbolic)
        yield table(["parameter", "numbers"], [(s.parameter, with_labels(s)) for s in steps])
    elif step.terms:
        yield math(symbolic)
        yield table(["of", "numbers", "value"], _summands(step))
        yield math(f"{step.symbol} = {written(step.result)}")
    else:
        parts = [symbolic, step.numbers, written(step.result)]
        yield math(" = ".join(part for part in parts if part))


def _summands(step: Step) -> Iterator[tuple[str, str, str]]:
    for term in step.terms:
        yield term.label, term.formula.filled(term.letters), written(term.value)
    if step.rest:
        yield rest_label(step.rest.label, step.rest.count), "", written(step.rest.value)


def math(formula: str) -> str:
    """Write a formula on a line of its own."""
    return f"$${as_latex(formula)}$$"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table: names on the left, numbers on the right."""
    lines = [columns, ["---", *["---:"] * (len(columns) - 1)]]
    lines += [[escaped(cell.strip()) for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def escaped(text: str) -> str:
    """Keep Markdown from reading |, _ and * as its own."""
    return "".join(f"\\{c}" if c in "|_*" else c for c in text)
