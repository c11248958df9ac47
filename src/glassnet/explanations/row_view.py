"""RowView: the one pass that is explained, seen from one of its rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from glassnet.explanations.step import Place, place_text
from glassnet.nn.losses import Loss
from glassnet.nn.passes import Pass
from glassnet.nn.wiring import NamedNode
from glassnet.types import Array

T = TypeVar("T")


@dataclass(frozen=True)
class RowView:
    """A pass, one of its rows, and how many terms of a long sum are to be shown."""

    p: Pass
    row: int
    most: int
    losses: Mapping[str, Loss]
    targets: Mapping[str, Array]

    @cached_property
    def nodes(self) -> dict[str, NamedNode]:
        """The nodes by name; inputs are none."""
        return {node.name: node for node in self.p.network.nodes}

    @cached_property
    def before_weights(self) -> set[str]:
        """The names from which a weighted sum is still to come, on one way or another."""
        names: set[str] = set()
        for node in reversed(self.p.network.nodes):
            if node.name in names or node.layer.weighted_sum:
                names.update(node.inputs)
        return names

    def measured(self, name: str, measure: Callable[[RowView, NamedNode], T]) -> T:
        """What is measured of a node: once, however many of its units are asked for."""
        if name not in self._measured:
            self._measured[name] = measure(self, self.nodes[name])
        found: T = self._measured[name]
        return found

    @cached_property
    def _measured(self) -> dict[str, Any]:
        return {}

    def consumers(self, name: str) -> list[tuple[NamedNode, int]]:
        """The nodes that a value feeds, each with the place among its inputs where it does."""
        return [
            (node, k)
            for node in self.p.network.nodes
            for k, source in enumerate(node.inputs)
            if source == name
        ]

    # -- the numbers of the row --------------------------------------------------------------

    def y(self, name: str) -> Array:
        """What a node gave, or an input."""
        y: Array = self.p[name].y[self.row]
        return y

    def dy(self, name: str) -> Array:
        """The loss's gradient with respect to what a node gave."""
        dy: Array = self.p[name].dy[self.row]
        return dy

    def dx(self, node: NamedNode, k: int) -> Array:
        """The loss's gradient with respect to a node's k-th input, by way of that node alone."""
        dx = self.p[node.name].dx
        of_row: Array = (dx[k] if node.merges else dx)[self.row]
        return of_row

    def of_loss(self, output: str) -> Array:
        """The gradient of an output as far as its own loss makes it: the loss, asked again."""
        frame = self.p.loss_frames[output]
        dy: Array = self.losses[output].backward(self.p.dl, frame)[self.row]
        return dy

    @property
    def rows(self) -> int:
        """How many rows the batch has."""
        return len(self.p.rows)

    @property
    def dl(self) -> float:
        """∂L/∂l: how much the row counts in the loss, 1/N unless weighted."""
        dl = self.p.dl
        return dl if isinstance(dl, float) else float(dl[self.row, 0])

    # -- how they are called -----------------------------------------------------------------

    def letter(self, name: str) -> str:
        """The letter of a value: x an input, z a weighted sum, a an activation, y any other."""
        if name not in self.nodes:
            return "x"
        layer = self.nodes[name].layer
        if layer.weighted_sum:
            return "z"
        return "a" if layer.elementwise else "y"

    def gradient_letter(self, name: str) -> str:
        """The letter of the gradient: δ is that of a weighted sum."""
        letter = self.letter(name)
        return "δ" if letter == "z" else f"∂L/∂{letter}"

    @property
    def row_label(self) -> str:
        """How the row is called among those of its batch."""
        return f"row {self.row}" if self.rows > 1 else "this row"

    def label(self, name: str, place: Place) -> str:
        """A unit's name: "dense_2:7"."""
        return f"{name}:{place_text(place)}"
