"""Steps: all the steps for some units, in the order in which a network takes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from glassnet.explanations.explanation_data import Omitted
from glassnet.explanations.formula import Formula
from glassnet.explanations.formulas import Entry, layer_formula
from glassnet.explanations.formulas.losses import LossFormula
from glassnet.explanations.parameters import Updater, gradient_step
from glassnet.explanations.row_view import RowView
from glassnet.explanations.step import Place, Step, Term, largest, rest_of
from glassnet.nn.wiring import NamedNode

Chosen: TypeAlias = dict[str, list[Place]]
"""The units that are looked at, by node, in the order of computation."""


@dataclass(frozen=True)
class Steps:
    """The steps for some units, in order: forward, loss, backward, gradients, updates."""

    view: RowView
    chosen: Chosen
    rule: Updater | None

    def in_order(self) -> Iterator[Step]:
        """Give every step."""
        for node, place in self._units():
            yield from layer_formula(self.view, node).value(place)
        yield from self._loss()
        for name in reversed(self.chosen):
            for place in self.chosen[name]:
                yield from self._arriving(name, place)
        for node, place in reversed(list(self._units())):
            shown = [e for same in self._entries(node, place) for e in same[: self.view.most]]
            yield from (gradient_step(self.view, node, place, entry) for entry in shown)
            if self.rule:
                yield from (self.rule.update_step(node, place, entry) for entry in shown)

    def omitted(self, units: bool) -> Iterator[Omitted]:
        """Say which parameters are left out, and, if asked for, which units."""
        if units:
            yield from self._omitted_units()
        for node, place in self._units():
            for same in self._entries(node, place):
                if left := same[self.view.most :]:
                    size = abs(gradient_step(self.view, node, place, left[0]).result)
                    yield Omitted("gradient", node.name, place, same[0].name, len(left), size)

    def _omitted_units(self) -> Iterator[Omitted]:
        for name, places in self.chosen.items():
            sizes = np.abs(self.view.y(name) * self.view.dy(name))
            for place in places:
                sizes[place] = 0
            if left := sizes.size - len(places):
                yield Omitted("forward", name, (), "units", left, float(sizes.max()))

    def _units(self) -> Iterator[tuple[NamedNode, Place]]:
        """The chosen units that a layer makes: all but those of the inputs."""
        for name, places in self.chosen.items():
            if name in self.view.nodes:
                yield from ((self.view.nodes[name], place) for place in places)

    def _entries(self, node: NamedNode, place: Place) -> Iterator[list[Entry]]:
        """The parameters of a unit, name by name, those with the largest gradients first."""
        if not node.layer.trainable:
            return
        entries = layer_formula(self.view, node).entries(place)
        for name in dict.fromkeys(entry.name for entry in entries):
            same = [entry for entry in entries if entry.name == name]
            gradient = self.view.p.gradients[f"{node.owner}.{name}"]
            sizes = np.array([gradient[entry.place] for entry in same])
            yield [same[i] for i in largest(sizes, len(same))]

    def _loss(self) -> Iterator[Step]:
        """The row's loss by each output, their sum where there are several, and the batch's."""
        view, row = self.view, self.view.row_label
        parts = [LossFormula(view, name, loss).value() for name, loss in view.losses.items()]
        yield from parts
        l = float(view.p.rows[view.row])  # noqa: E741
        if len(parts) > 1:
            terms = [_alone(part.node, "l", part.result) for part in parts]
            yield _measured("l", "the sum over the outputs", Formula("Σ_k l[k]"), terms, l)
        letters = {"∂L/∂l": view.dl, "l": l}
        own = Term(row, Formula("‹∂L/∂l›·‹l›"), letters, view.dl * l)
        title, formula = "the mean over the batch", Formula("Σ_n ∂L/∂l[n]·l[n]")
        others = "other rows" if view.rows != 2 else "the other row"
        step = _measured("L", title, formula, [own], view.p.loss)
        yield replace(step, rest=rest_of(step.result, [own], view.rows - 1, others))

    def _arriving(self, name: str, place: Place) -> Iterator[Step]:
        """Explain a unit's gradient: what each node that it feeds sends back, and their sum."""
        ways = [
            layer_formula(self.view, node).gradient(k, place)
            for node, k in self.view.consumers(name)
        ]
        if name in self.view.losses:
            ways.append(LossFormula(self.view, name, self.view.losses[name]).gradient(place))
        if len(ways) == 1:
            yield from ways[0]
            return
        letter, parts = self.view.gradient_letter(name), []
        for k, steps in enumerate(ways):
            part = replace(steps[-1], symbol=f"({letter})[{k + 1}]")
            yield from (*steps[:-1], part)
            parts.append(_alone(part.title, part.symbol, part.result))
        yield Step(
            stage="backward",
            node=name,
            unit=place,
            symbol=letter,
            title="from all that it feeds",
            formula=Formula(f"Σ_k ({letter})[k]"),
            terms=tuple(parts),
            result=float(self.view.dy(name)[place]),
        )


def _alone(label: str, letter: str, value: float) -> Term:
    """A summand that is a number already."""
    return Term(label, Formula(f"‹{letter}›"), {letter: value}, value)


def _measured(symbol: str, title: str, formula: Formula, terms: list[Term], result: float) -> Step:
    """A step of the loss as a whole, of no output in particular."""
    return Step("loss", "", (), symbol, title, formula, result, terms=tuple(terms))
