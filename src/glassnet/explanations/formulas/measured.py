"""Layers without a formula of their own here: their slopes are measured."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from glassnet.explanations.formula import Formula
from glassnet.explanations.formulas.activations import ActivationFormula, ElementwiseFormula
from glassnet.explanations.formulas.base import Entry, LayerFormula
from glassnet.explanations.row_view import RowView
from glassnet.explanations.step import Place, Rest, Step, Term, largest, rest_of
from glassnet.nn.frame import ForgetfulFrame
from glassnet.nn.wiring import NamedNode
from glassnet.types import Array

H = 6e-6
"""How far x is moved, relative to its size from 1: ∛ε, where a central difference errs least."""

MOST_NUMBERS = 10_000_000
"""A layer that would have to compute more of them to be measured is shown by its values alone."""

ROUNDING, CLOSE = 1e-6, 1e-3
"""Shares of its largest term by which a sum may miss the pass's number: no constant is told up to
the first, no mistake of backward up to the second."""

EQUATION = re.compile(r"(?:^|\s{3,})(([^\s=]{1,12}?)[₀-₉ₐ-ₜᵢ-ᵪ]*) += +(\S.*?)(?=\s{3,}|$)")
"""Its left side, the same without an index, and its right side, up to the line's end or a gap."""


@dataclass(frozen=True)
class MeasuredFormula(LayerFormula):
    """Any layer: how each output would follow each input, were it straight from here on.

    y      = Σ_d x[d]·∂y/∂x[d] + what is constant or bends
    ∂L/∂x = Σ_m ∂y[m]/∂x·∂L/∂y[m]
    """

    def value(self, place: Place) -> list[Step]:
        (step,) = super().value(place)
        step = replace(step, title=", ".join([f"{self.node.layer}", *written_down(self.node)]))
        slopes = self.view.measured(self.node.name, measure)
        if slopes is None:
            return [step]
        x = np.concatenate([self.view.y(name).ravel() for name in self.node.inputs], dtype=float)
        column = np.concatenate([one.reshape(len(one), -1) for one in slopes])
        column = column[:, np.ravel_multi_index(place, self.node.shape)]
        labels = [
            self.view.label(name, where)
            for name in self.node.inputs
            for where in np.ndindex(self.view.y(name).shape)
        ]
        terms = self._products("x", x, "∂y/∂x", column, labels)
        if not terms:
            return [step]
        hidden = int(np.count_nonzero(x * column)) - len(terms)
        label = "others, and what is constant or bends" if hidden else "what is constant or bends"
        rest = rest_of(step.result, terms, hidden or 1, label)
        assert rest
        nothing = not hidden and abs(rest.value) <= ROUNDING * _size(terms)
        title = f"{step.title}; by its slopes, measured"
        return [replace(step, title=title, terms=tuple(terms), rest=None if nothing else rest)]

    def gradient(self, k: int, place: Place) -> list[Step]:
        slopes = self.view.measured(self.node.name, measure)
        if slopes is None:
            return super().gradient(k, place)
        dy = self.view.dy(self.node.name).astype(float)
        shape = self.view.y(self.node.inputs[k]).shape
        row = slopes[k][np.ravel_multi_index(place, shape)]
        labels = [self.view.label(self.node.name, where) for where in np.ndindex(dy.shape)]
        terms = self._products("∂y/∂x", row.ravel(), "∂L/∂y", dy.ravel(), labels)
        hidden = int(np.count_nonzero(row * dy)) - len(terms)
        if not terms:
            return super().gradient(k, place)
        step = self.carried_back(k, place, Formula("Σ_m ∂y[m]/∂x·∂L/∂y[m]"), {}, tuple(terms))
        title = ", ".join([step.title, *written_down(self.node, "x")])
        rest = rest_of(step.result, terms, hidden)
        otherwise = step.result - sum(term.value for term in terms)
        if not hidden and abs(otherwise) > CLOSE * _size(terms):
            rest = Rest(1, "what its backward gives otherwise", otherwise)
        return [replace(step, title=f"{title}; by its slopes, measured", rest=rest)]

    def entries(self, place: Place) -> list[Entry]:
        return [_by_its_docstring(self.node, entry) for entry in super().entries(place)]

    def _products(
        self, a: str, left: Array, b: str, right: Array, labels: Sequence[str]
    ) -> list[Term]:
        """Write out the largest products, and none that is 0."""
        products, form = left * right, Formula(f"‹{a}›·‹{b}›")
        return [
            Term(labels[i], form, {a: float(left[i]), b: float(right[i])}, float(products[i]))
            for i in largest(products, self.view.most)
            if products[i]
        ]


@dataclass(frozen=True)
class MeasuredElementwiseFormula(ElementwiseFormula):
    """A layer that works number by number: its value, and its slope there."""

    def entries(self, place: Place) -> list[Entry]:
        return [_by_its_docstring(self.node, entry) for entry in super().entries(place)]

    @property
    def formulas(self) -> ActivationFormula:
        """The layer's name in the place of its formula."""
        return ActivationFormula(f"{self.node.layer}(‹z›)", f"{self.node.layer}'(‹z›)")

    def titles(self, place: Place) -> tuple[str, str]:
        """What its docstring says of value and slope."""
        value, slope = super().titles(place)
        dx = written_down(self.node, "x")
        return ", ".join([value, *written_down(self.node)]), ", ".join([slope, "measured", *dx])

    def slope(self, place: Place) -> float:
        """Measure it, except at a kink, where backward's choice counts."""
        x, layer, frame = self.x(place), self.node.layer, self.view.p[self.node.name]
        if x in layer.kinks() or layer.mixes_rows(frame.training):
            return super().slope(place)
        h = H * max(1, abs(x))
        row = self.view.y(self.node.inputs[0]).astype(float)
        nudge = np.zeros_like(row)
        nudge[place] = h
        rows = np.stack([row + nudge, row - nudge])
        above, below = layer.forward(rows, ForgetfulFrame(frame.training, frame.source, frame.xp))
        return float(above[place] - below[place]) / (2 * h)


def measure(view: RowView, node: NamedNode) -> list[Array] | None:
    """Measure a layer's slopes at the row, in double precision; None where that is too much work.

    Returns for each input, of D numbers a row, an array (D, …) in the shape of y. A layer that
    mixes rows is asked with the whole batch, each time with one number moved.
    """
    frame, layer = view.p[node.name], node.layer
    batches = [np.asarray(view.p[name].y, float) for name in node.inputs]
    sizes = [batch[0].size for batch in batches]
    mixes = layer.mixes_rows(frame.training)
    rows = 2 * sum(sizes) * (view.rows if mixes else 1)
    if rows * max(*sizes, frame.y[0].size) > MOST_NUMBERS:
        return None

    def forward(xs: list[Array]) -> Array:
        blank = ForgetfulFrame(frame.training, frame.source, frame.xp)
        y: Array = layer.forward(xs if node.merges else xs[0], blank)
        return y

    slopes = []
    for k, (batch, D) in enumerate(zip(batches, sizes, strict=True)):
        x = batch[view.row].ravel()
        h = H * np.maximum(1, np.abs(x))
        moved = np.concatenate([x + np.diag(h), x - np.diag(h)]).reshape(2 * D, *batch.shape[1:])
        if mixes:
            ys = []
            for one in moved:
                xs = [other.copy() for other in batches]
                xs[k][view.row] = one
                ys.append(forward(xs)[view.row])
            y = np.stack(ys)
        else:
            xs = [np.repeat(other[[view.row]], 2 * D, axis=0) for other in batches]
            xs[k] = moved
            y = forward(xs)
        slopes.append((y[:D] - y[D:]) / (2 * h).reshape(D, *[1] * (y.ndim - 1)))
    return slopes


def written_down(node: NamedNode, gradient_of: str = "") -> list[str]:
    """Give the equations of a layer's docstring: of its values, or of a gradient.

    gradient_of     a parameter's name, or "x" for all that are no parameter's
    """
    lines = (type(node.layer).__doc__ or "").splitlines()
    found = [match.groups() for line in lines for match in EQUATION.finditer(line.strip())]
    params = node.layer.params
    values = {name for _, name, _ in found} | {"x", *params}
    said = []
    for left, name, right in found:
        of = name[1:] if name[0] == "d" and name[1:] in values else ""
        if (of if of in ("", *params) else "x") == gradient_of:
            said.append(f"{left} = {right}")
    return said


def _size(terms: Sequence[Term]) -> float:
    return max(abs(term.value) for term in terms)


def _by_its_docstring(node: NamedNode, entry: Entry) -> Entry:
    """Take a parameter's gradient from the layer's docstring, where that has it."""
    said = written_down(node, entry.name)
    return replace(entry, formula=Formula(said[0].partition(" = ")[2])) if said else entry
