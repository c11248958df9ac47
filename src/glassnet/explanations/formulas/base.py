"""LayerFormula: how the numbers of a layer are explained; this one knows nothing of the layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from glassnet.explanations.formula import Formula
from glassnet.explanations.row_view import RowView
from glassnet.explanations.step import Place, Step, Term
from glassnet.nn.wiring import NamedNode


@dataclass(frozen=True)
class Entry:
    """One parameter of a unit.

    name, place     where it stands: "W", (3, 7)
    of_row          what one row adds to its gradient, with the row's numbers; None if not known
    general         the gradient of all its kind: "∂L/∂W[d,7]", and the formula
    """

    name: str
    place: Place
    of_row: Term | None = None
    symbol: str = ""
    formula: Formula = field(default_factory=lambda: Formula(""))
    equation: str | None = None


@dataclass(frozen=True)
class LayerFormula:
    """What a node does with the row of a view: values in, values out; gradient out, gradient in.

    One that knows a kind of layer says by which formula; this one only says that the layer did it.
    """

    view: RowView
    node: NamedNode

    def value(self, place: Place) -> list[Step]:
        """Explain one number of the node's output."""
        return [self.valued(place, str(self.node.layer), self.of_inputs(), {})]

    def gradient(self, k: int, place: Place) -> list[Step]:
        """Explain the gradient of one number of its k-th input, as far as it comes by this node."""
        formula = Formula(f"{type(self.node.layer).__name__}.backward(∂L/∂y)")
        return [self.carried_back(k, place, formula, {})]

    def entries(self, place: Place) -> list[Entry]:
        """List the parameters of one unit: those that stand at its place, or else all of them."""
        own = {
            name: array
            for name in self.node.layer.params
            if (array := getattr(self.node.layer, name, None)) is not None
        }
        gradient = Formula(f"set by {type(self.node.layer).__name__}.backward")
        return [
            Entry(name, index, symbol=f"∂L/∂{name}", formula=gradient)
            for name, array in own.items()
            for index in ([place] if array.shape == self.node.shape else np.ndindex(array.shape))
        ]

    # -- steps of which only the formula differs ---------------------------------------------

    def valued(
        self,
        place: Place,
        title: str,
        formula: Formula,
        letters: Mapping[str, float],
        symbol: str = "",
    ) -> Step:
        """Make the step of an output, which is y unless it has another letter."""
        name = self.node.name
        return Step(
            stage="forward",
            node=name,
            unit=place,
            symbol=symbol or self.view.letter(name),
            title=title,
            formula=formula,
            letters=letters,
            result=float(self.view.y(name)[place]),
        )

    def carried_back(
        self,
        k: int,
        place: Place,
        formula: Formula,
        letters: Mapping[str, float],
        terms: tuple[Term, ...] = (),
        equation: str | None = None,
    ) -> Step:
        """Make the step of an input's gradient; its node is the one that made the input."""
        source = self.node.inputs[k]
        return Step(
            stage="backward",
            node=source,
            unit=place,
            symbol=self.view.gradient_letter(source),
            title=f"back through {self.node.name}",
            formula=formula,
            letters=letters,
            terms=terms,
            result=float(self.view.dx(self.node, k)[place]),
            equation=equation,
        )

    def of_inputs(self) -> Formula:
        """Write the call as one would: "Scale(2.0)(0.5, 0.1, …)"."""
        shown = [
            f"{x:.4g}"
            for source in self.node.inputs
            for x in self.view.y(source).ravel()[: self.view.most]
        ]
        count = sum(self.view.y(source).size for source in self.node.inputs)
        return Formula(f"{self.node.layer}({', '.join(shown)}{', …' * (count > len(shown))})")

    # -- numbers -----------------------------------------------------------------------------

    def x(self, place: Place, k: int = 0) -> float:
        """One number of the k-th input."""
        return float(self.view.y(self.node.inputs[k])[place])

    def y(self, place: Place) -> float:
        """One number of the output."""
        return float(self.view.y(self.node.name)[place])

    def dy(self, place: Place) -> float:
        """The gradient of one number of the output."""
        return float(self.view.dy(self.node.name)[place])

    def kept(self, name: str, place: Place) -> float:
        """A number that `forward` kept for the row; what is one for a row is so for every place."""
        array = np.asarray(self.view.p[self.node.name][name])
        return float(
            np.broadcast_to(array, self.view.p[self.node.name].y.shape)[(self.view.row, *place)]
        )
