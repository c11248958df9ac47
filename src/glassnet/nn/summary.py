"""Summary: a network in a table, one line a node."""

from __future__ import annotations

from dataclasses import dataclass

from glassnet.nn.network import Network
from glassnet.text import aligned
from glassnet.types import Shape


@dataclass(frozen=True)
class NodeSummary:
    """A node in numbers.

    layer           as one would type it
    inputs          names of what feeds it
    shape           of its output, without the batch axis
    parameters      how many numbers are trained in it: 0 where it is frozen, or another node shows
                    its layer already
    bytes           what they and the numbers that are kept untrained take
    """

    name: str
    layer: str
    inputs: tuple[str, ...]
    shape: Shape
    parameters: int
    bytes: int


def summarize(network: Network) -> list[NodeSummary]:
    """Describe each node, in the order of computation."""
    lines = []
    counted = set()
    for node in network.nodes:
        layer = network.layers[node.owner]
        arrays = {} if node.owner in counted else layer.arrays()
        trained = layer.params if layer.trainable else ()
        counted.add(node.owner)
        lines.append(
            NodeSummary(
                name=node.name,
                layer=str(node.layer),
                inputs=node.inputs,
                shape=node.shape,
                parameters=sum(arrays[name].size for name in trained if name in arrays),
                bytes=sum(array.nbytes for array in arrays.values()),
            )
        )
    return lines


def summary(network: Network) -> str:
    """Write a network as a table: layers, shapes, parameters and bytes."""
    columns, rows, texts = summary_table(network)
    return aligned(columns, rows, texts)


def summary_table(network: Network) -> tuple[list[str], list[list[str]], int]:
    """The table of `summary` in cells: its columns, its rows, and how many columns are texts.

    What feeds a node is told only where it is not simply the node before.
    """
    nodes = summarize(network)
    before = [*network.inputs][-1:] + [node.name for node in nodes]
    chain = all(node.inputs == (name,) for node, name in zip(nodes, before, strict=False))
    rows = [
        [name, "input", "", _shape(shape), "", ""] for name, shape in network.inputs.items()
    ] + [
        [
            node.name,
            node.layer,
            " ".join(node.inputs),
            _shape(node.shape),
            f"{node.parameters:,}",
            f"{node.bytes:,}",
        ]
        for node in nodes
    ]
    parameters, size = sum(n.parameters for n in nodes), sum(n.bytes for n in nodes)
    rows.append(["total", "", "", "", f"{parameters:,}", f"{size:,}"])
    columns = ["name", "layer", "from", "output", "parameters", "bytes"]
    if chain:
        columns, rows = _without_third(columns), [_without_third(row) for row in rows]
    return columns, rows, len(columns) - 2


def _without_third(cells: list[str]) -> list[str]:
    return cells[:2] + cells[3:]


def _shape(shape: Shape) -> str:
    return " x ".join(map(str, shape)) or "1"
