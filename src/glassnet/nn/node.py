"""Node: one use of a layer, connected to what feeds it; and the order to compute nodes in."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from glassnet.errors import GraphError
from glassnet.types import Shape

if TYPE_CHECKING:
    from glassnet.nn.layer import Layer

MOST_SHOWN = 10
"""How many nodes of a circle a message names."""


class Node:
    """One use of a layer: the layer, and the nodes whose outputs it takes.

    Calling a layer on nodes makes one: ``h = gn.Dense(64)(x)``. A layer called twice makes two
    nodes that share its parameters.
    """

    def __init__(
        self, layer: Layer | None, inputs: Sequence[Node] = (), name: str | None = None
    ) -> None:
        self.layer = layer
        self.inputs = tuple(inputs)
        self.name = name if name is not None or layer is None else layer.name

    def __repr__(self) -> str:
        return f"<Node {self.name or self.layer}>"


class Input(Node):
    """A place where rows come in.

    shape   of one row, without the batch axis: ``(64,)``
    """

    def __init__(self, shape: Shape | int, name: str | None = None) -> None:
        super().__init__(None, (), name)
        try:
            self.shape = _sizes(shape)
        except (TypeError, ValueError):
            raise GraphError(
                f"Input expects the shape of one row as positive whole numbers, such as (64,), "
                f"got {shape!r}. Leave out the number of rows."
            ) from None

    def __repr__(self) -> str:
        return f"<Input {self.name or ''}{self.shape}>"


def _sizes(shape: Any) -> Shape:
    """Return one size, or several, as a shape; raise TypeError or ValueError if it is none."""
    sizes = shape if isinstance(shape, Iterable) else (shape,)
    checked = tuple(operator.index(size) for size in sizes)
    if not checked or min(checked) < 1:
        raise ValueError(shape)
    return checked


def topological_order(outputs: Iterable[Node]) -> list[Node]:
    """Order the nodes that lead to `outputs` so that each comes after its inputs.

    Depth-first search with a stack of its own, so that a deep network does not meet Python's
    recursion limit. Raises GraphError with the path if the nodes form a cycle.
    """
    order: list[Node] = []
    done: set[Node] = set()
    for output in outputs:
        path: dict[Node, int] = {output: 0}  # the nodes we are inside of -> their next input
        while path:
            node, following = next(reversed(path.items()))
            if node in done or following == len(node.inputs):
                del path[node]
                if node not in done:
                    done.add(node)
                    order.append(node)
                continue
            path[node] += 1
            before = node.inputs[following]
            if before in path:
                circle = [*list(path)[list(path).index(before) :], before]
                shown = [repr(n) for n in circle]
                if len(shown) > MOST_SHOWN:
                    shown[MOST_SHOWN - 1 : -1] = [f"… {len(shown) - MOST_SHOWN} more …"]
                raise GraphError(
                    f"These nodes feed each other in a circle: {' <- '.join(shown)}. "
                    "A network computes each node once, so take one of the connections out."
                )
            path[before] = 0
    return order
