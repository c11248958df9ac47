"""An explanation as text, as wide as the terminal and at most 100 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from textwrap import wrap

from glassnet.explanations.explanation_data import ExplanationData, Omitted
from glassnet.explanations.formula import bracketed, column, written
from glassnet.explanations.step import EQUATIONS, Stage, Step, place_text
from glassnet.text import page_width

HEADINGS: dict[Stage, str] = {
    "forward": "Forward",
    "loss": "Loss",
    "backward": "Backward",
    "gradient": "Gradients of the parameters",
    "update": "Updates",
}


def text_of(explanation: ExplanationData) -> str:
    """Write an explanation for a terminal."""
    lines = wrap(heading(explanation), page_width())
    for stage in stages(explanation):
        lines += ["", HEADINGS[stage].upper()]
        steps = [step for step in explanation.steps if step.stage == stage]
        for _, of_node in groupby(steps, key=lambda step: step.node):
            lines.append("")
            for unit, own in groupby(of_node, key=name_of):
                lines += [unit] if unit else []
                lines += _unit(list(own))
                lines += [f"  {left_out(o)}" for o in explanation.omitted if is_of(o, stage, unit)]
        if whole := [left_out(o) for o in explanation.omitted if o.stage == stage and not o.unit]:
            lines += ["", *whole]
    return "\n".join(lines)


def stages(explanation: ExplanationData) -> list[Stage]:
    """The stages that an explanation has, in order."""
    return list(dict.fromkeys(step.stage for step in explanation.steps))


def heading(explanation: ExplanationData) -> str:
    """Say what is explained."""
    way = "as in training" if explanation.training else "as in evaluation"
    losses = ", ".join(dict.fromkeys(explanation.losses.values()))
    row = (
        f"Row {explanation.row} of a batch of {explanation.rows}"
        if explanation.rows > 1
        else "A batch of one row"
    )
    parts = [row, f"L = {written(explanation.loss)}", losses, way]
    if explanation.optimizer:
        parts.append(f"updates by {explanation.optimizer}")
    return " · ".join(parts)


def name_of(step: Step) -> str:
    """Name the unit that a step is about."""
    return f"{step.node}:{place_text(step.unit)}" if step.unit else step.node


def remark_of(step: Step) -> str:
    """Say what a step is: the equation of backpropagation, or what it is in words."""
    if not step.equation:
        return step.title
    named = f"{step.equation}: {EQUATIONS[step.equation]}"
    return f"{named}, {step.title}" if step.parameter else named


def left_out(omitted: Omitted) -> str:
    """Say what is not shown."""
    size = written(omitted.largest)
    if omitted.unit:
        return f"{omitted.count:,} other entries of {omitted.what} have gradients of up to {size}."
    return f"{omitted.node} has {omitted.count:,} other units, with |y·∂L/∂y| up to {size}."


def is_of(omitted: Omitted, stage: Stage, unit: str) -> bool:
    """Whether something was left out of that unit at that stage."""
    place = f"{omitted.node}:{place_text(omitted.unit)}"
    return bool(omitted.unit) and omitted.stage == stage and place == unit


def groups(steps: Sequence[Step]) -> Iterator[list[Step]]:
    """Put parameters with a common formula together; other steps stand alone."""
    for _, group in groupby(steps, key=lambda s: (s.formula, s.symbol) if s.parameter else id(s)):
        yield list(group)


def _unit(steps: Sequence[Step]) -> Iterator[str]:
    for group in groups(steps):
        if group[0].parameter:
            yield from _parameters(group)
        elif group[0].terms:
            yield from _sum(group[0])
        else:
            yield from _plain(group[0])


def _plain(step: Step) -> Iterator[str]:
    """A formula without a sum, on one line if it fits."""
    parts = [f"{step.symbol} = {step.formula}", step.numbers, written(step.result)]
    parts = [part for part in parts if part]
    remark, line = remark_of(step), " = ".join(parts)
    if len(line) + len(remark) + 6 <= page_width():
        yield from _line(line, remark)
        return
    margin = " " * (len(step.symbol) + 3)
    yield from _line(parts[0], remark)
    for part in parts[1:]:
        yield from _wrapped(f"{margin}= {part}", len(margin) + 2)


def _sum(step: Step) -> Iterator[str]:
    """A formula that is a sum, one term a line."""
    yield from _line(f"{step.symbol} = {step.formula}", remark_of(step))
    rest = [step.rest] if step.rest else []
    numbers = [term.formula.filled(term.letters) for term in step.terms] + [""] * len(rest)
    values = column([*(term.value for term in step.terms), *(r.value for r in rest)])
    labels = [term.label for term in step.terms] + [rest_label(r.label, r.count) for r in rest]
    width = max(map(len, numbers))
    margin = " " * (len(step.symbol) + 3)
    for k, (number, value, label) in enumerate(zip(numbers, values, labels, strict=True)):
        yield f"{margin}{'+' if k else '='} {number.rjust(width)}   {value}   {label}"
    yield f"{margin}= {written(step.result)}"


def _parameters(steps: Sequence[Step]) -> Iterator[str]:
    """Steps of one formula, a line each."""
    first = steps[0]
    yield from _line(f"{first.symbol} = {first.formula}", remark_of(first))
    width = max(len(step.parameter) for step in steps)
    for step in steps:
        line = f"    {step.parameter.ljust(width)}  {with_labels(step)}"
        yield from _wrapped(line, 6 + width)


def with_labels(step: Step) -> str:
    """Write a parameter's numbers, saying of which rows they are, and the result."""
    if not step.terms:
        return " = ".join(part for part in (step.numbers, written(step.result)) if part)
    parts = [f"{term.formula.filled(term.letters)} ({term.label})" for term in step.terms]
    if step.rest:
        parts.append(f"{bracketed(written(step.rest.value))} ({step.rest.label})")
    return f"{' + '.join(parts)} = {written(step.result)}"


def rest_label(label: str, count: int) -> str:
    """Name the terms that are not shown."""
    return f"the {count:,} {label}" if label.startswith("other") else label


def _line(formula: str, remark: str) -> Iterator[str]:
    """A formula with a remark at the right end; on a line of its own where there is no room."""
    text = f"  {formula}"
    if len(text) + len(remark) + 4 <= page_width():
        yield f"{text}{f'({remark})'.rjust(page_width() - len(text))}" if remark else text
        return
    yield from _wrapped(text, 4)
    if remark:
        yield from (part.rjust(page_width()) for part in wrap(f"({remark})", page_width() - 4))


def _wrapped(text: str, margin: int) -> list[str]:
    """Break a long line at spaces; what follows is indented."""
    if len(text) <= page_width():
        return [text]
    indent = text[: len(text) - len(text.lstrip())]
    return wrap(
        text, page_width(), initial_indent=indent, subsequent_indent=" " * margin,
        break_on_hyphens=False,
    )  # fmt: skip
