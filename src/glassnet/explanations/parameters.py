"""Parameters: what the batch says about each weight of a unit, and where the optimiser moves it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glassnet.errors import SettingError
from glassnet.explanations.formula import Formula
from glassnet.explanations.formulas import Entry
from glassnet.explanations.row_view import RowView
from glassnet.explanations.step import Place, Rest, Step, place_text
from glassnet.nn.wiring import NamedNode
from glassnet.optim import SGD, Adagrad, Adam, AdamW, Lion, Optimizer, RMSprop
from glassnet.types import Array

ADAM = "‹η›·(‹m›/‹c₁›) / (√(‹v›/‹c₂›) + ‹ε›)"


def gradient_step(view: RowView, node: NamedNode, unit: Place, entry: Entry) -> Step:
    """Explain one parameter's gradient: what this row adds, and what all others do."""
    result = float(view.p.gradients[f"{node.owner}.{entry.name}"][entry.place])
    return Step(
        stage="gradient",
        node=node.name,
        unit=unit,
        symbol=entry.symbol,
        title=f"summed over the {view.rows} rows" if view.rows > 1 else "of this row alone",
        formula=entry.formula,
        terms=(entry.of_row,) if entry.of_row else (),
        rest=_others(view, node, entry.of_row.value, result) if entry.of_row else None,
        result=result,
        equation=entry.equation,
        parameter=f"{entry.name}[{place_text(entry.place)}]",
    )


def _others(view: RowView, node: NamedNode, own: float, result: float) -> Rest | None:
    """Say what the other rows add, and the other places where the layer stands.

    A difference that the sum's own rounding may have made is 0.
    """
    rounding = 4 * float(np.finfo(view.p.network.dtype).eps) * max(abs(own), abs(result))
    value = 0.0 if abs(result - own) <= rounding else result - own
    rows = view.rows - 1
    places = sum(other.owner == node.owner for other in view.p.network.nodes) - 1
    label = f"the {rows} other rows" if rows != 1 else "the other row"
    if places:
        label = f"{label}, and all rows where {node.owner} stands otherwise"
    return Rest(rows + places * view.rows, label, value) if rows + places else None


@dataclass(frozen=True)
class Move:
    """An optimiser's formula in w, its gradient dw, its state, and its settings.

    A letter of the state is its value after the step; with ₀ behind it, before the step.
    """

    formula: str
    settings: Callable[[Any, int], dict[str, float]] = lambda _, __: {}


def _adam(rule: Adam, step: int) -> dict[str, float]:
    return {"ε": rule.epsilon, "c₁": 1 - rule.beta1**step, "c₂": 1 - rule.beta2**step}


def _move(rule: Optimizer) -> Move:
    """Find an optimiser's formula; one of people's own has none."""
    if isinstance(rule, SGD) and rule.nesterov:
        return Move("‹w› - ‹η›·(‹dw› + ‹μ›·‹v›)", lambda rule, _: {"μ": rule.momentum})
    if isinstance(rule, SGD):
        return Move("‹w› - ‹η›·‹v›" if rule.momentum else "‹w› - ‹η›·‹dw›")
    return MOVES.get(type(rule), Move(f"{type(rule).__name__}(‹w›, ‹dw›)"))


MOVES: dict[type[Optimizer], Move] = {
    RMSprop: Move("‹w› - ‹η›·‹dw› / (√(‹v›) + ‹ε›)", lambda rule, _: {"ε": rule.epsilon}),
    Adagrad: Move("‹w› - ‹η›·‹dw› / (√(‹v›) + ‹ε›)", lambda rule, _: {"ε": rule.epsilon}),
    Adam: Move(f"‹w› - {ADAM}", _adam),
    AdamW: Move(
        f"(1 - ‹η›·‹λ›)·‹w› - {ADAM}",
        lambda rule, step: _adam(rule, step) | {"λ": rule.weight_decay},
    ),
    Lion: Move(
        "‹w› - ‹η›·(sign(‹β₁›·‹m₀› + (1 - ‹β₁›)·‹dw›) + ‹λ›·‹w›)",
        lambda rule, _: {"β₁": rule.beta1, "λ": rule.weight_decay},
    ),
}


@dataclass(frozen=True)
class Updater:
    """The update that an optimiser would make: by its own code.

    slots   its state by parameter, where it is not to start afresh
    step    the count of updates made so far
    """

    view: RowView
    rule: Optimizer
    slots: Mapping[str, Mapping[str, Array]] | None
    step: int
    done: dict[str, tuple[Array, dict[str, Array]]] = field(default_factory=dict)

    @property
    def started(self) -> str:
        """From where the optimiser goes on."""
        return "a fresh state" if self.slots is None else f"the state after {self.step} updates"

    def update_step(self, node: NamedNode, unit: Place, entry: Entry) -> Step:
        """Explain one parameter's update."""
        key, place = f"{node.owner}.{entry.name}", entry.place
        w, dw = self.view.p.network.parameters()[key], self.view.p.gradients[key]
        after, state = self._updated(key, w, dw)
        move, step = _move(self.rule), self.step + 1
        letters = {"w": float(w[place]), "dw": float(dw[place]), "η": self.rule.rate(step)}
        letters |= {slot: float(array[place]) for slot, array in state.items()}
        return Step(
            stage="update",
            node=node.name,
            unit=unit,
            symbol="w'",
            title=f"by {type(self.rule).__name__}, from {self.started}",
            formula=Formula(move.formula),
            letters=letters | move.settings(self.rule, step),
            result=float(after[place]),
            parameter=f"{entry.name}[{place_text(place)}]",
        )

    def _updated(self, key: str, w: Array, dw: Array) -> tuple[Array, dict[str, Array]]:
        """Move a whole parameter, once."""
        if key not in self.done:
            before, step = self._state(key, w), self.step + 1
            after, state = self.rule.moved(w, dw, before, self.rule.rate(step), step)
            formula = _move(self.rule).formula
            used = {f"{slot}₀": m for slot, m in before.items() if f"‹{slot}₀›" in formula}
            self.done[key] = after, state | used
        return self.done[key]

    def _state(self, key: str, w: Array) -> dict[str, Array]:
        """What the optimiser remembers of a parameter."""
        if self.slots is None:
            return self.rule.start(w)
        given = self.slots.get(key, {})
        if set(given) != set(self.rule.slots):
            expected, got = (", ".join(names) or "nothing" for names in (self.rule.slots, given))
            name = type(self.rule).__name__
            raise SettingError(f"{name} remembers {expected} of {key}; the state has {got}.")
        return dict(given)
