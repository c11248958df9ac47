"""Need: how much memory one row takes on its way through a network."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from glassnet.nn.wiring import NamedNode
from glassnet.types import Shape

WORKING, KEPT = 4, 5
"""A layer works with so many arrays of its output's size at once, at most, and a pass that goes
back keeps so many of each value's size: tests/nn/test_need.py measures every layer."""


@dataclass(frozen=True)
class Need:
    """Numbers in memory at once for one row, at most.

    forward     where a value goes as soon as no later node reads it
    whole       where every value is kept, with what its layer keeps and its gradient
    """

    forward: int
    whole: int

    @classmethod
    def of(cls, inputs: Mapping[str, Shape], nodes: Iterable[NamedNode]) -> Need:
        """Count, node by node, which values are alive."""
        size = {name: math.prod(shape) for name, shape in inputs.items()}
        alive = whole = sum(size.values())
        most = alive
        for node in nodes:
            own = size[node.name] = math.prod(node.shape)
            most = max(most, alive + WORKING * own)
            alive += own - sum(size[name] for name in node.finished)
            whole += own
        return cls(most, KEPT * whole)
