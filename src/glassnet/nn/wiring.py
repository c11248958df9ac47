"""What makes nodes a network: they are connected, in an order, and each has a name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from glassnet.errors import GraphError
from glassnet.nn.layer import Input, Layer, Node
from glassnet.types import Shape

Names = dict[Node, str]

MOST_SHOWN = 10
"""How many nodes of a circle a message names."""


@dataclass(frozen=True)
class NamedNode:
    """A node in its place in a network.

    name            of the node; `owner` is the name of its layer, which several nodes may share
    inputs          names of the nodes, or network inputs, that feed it
    shape           of its output, without the batch axis
    merges          whether its layer takes several inputs
    finished        values that no later node needs
    """

    name: str
    owner: str
    layer: Layer
    inputs: tuple[str, ...]
    shape: Shape
    merges: bool
    finished: tuple[str, ...]


def nodes_of(given: Node | Sequence[Node], what: str) -> list[Node]:
    """Return the nodes that were given as one node or a list of them."""
    nodes = list(given) if isinstance(given, Iterable) else [given]
    strangers = [node for node in nodes if not isinstance(node, Node)]
    if strangers or not nodes:
        came = f"a {type(strangers[0]).__name__}" if strangers else "an empty list"
        raise GraphError(
            f"Network expects its {what} as a node or a list of nodes, got {came}. "
            "A node is gn.Input(shape), or what a layer returns when it is called on nodes."
        )
    if len(set(nodes)) < len(nodes):
        raise GraphError(f"The network's {what} name the same node twice: {nodes}. List it once.")
    return nodes


def expect_layer(layer: Any, where: str) -> None:
    """Raise GraphError for what is no layer, such as a class that lacks its brackets."""
    if not isinstance(layer, Layer):
        raise GraphError(
            f"{where} is expected to be a layer such as gn.Dense(64), got {layer!r}."
            + (f" Write {layer.__name__}(...)." if isinstance(layer, type) else "")
        )


def expect_connected(inputs: Sequence[Node], order: Sequence[Node]) -> None:
    """Raise GraphError unless every input is used, and everything used is fed."""
    used, given = set(order), set(inputs)
    for node in inputs:
        if not isinstance(node, Input):
            raise GraphError(f"The network's inputs are made by gn.Input(shape), got {node!r}.")
        if node not in used:
            raise GraphError(f"{node!r} is an input that no output depends on. Leave it out.")
    for node in order:
        if isinstance(node, Input) and node not in given:
            raise GraphError(f"{node!r} feeds the network but is not among its inputs. Add it.")
        if node.layer is None and not isinstance(node, Input):
            raise GraphError(f"{node!r} has no layer and is no input.")
        if node.layer is not None and not node.inputs:
            raise GraphError(f"{node!r} has no input. Connect it to a node.")


def name_nodes(
    inputs: Sequence[Node], inner: Sequence[Node]
) -> tuple[dict[Node, str], dict[Node, str]]:
    """Name every node, and the layer of each: by its own name, else class and running number.

    The second node that shares a layer is called dense_1@2.
    """
    names: Names = {}
    owners: Names = {}
    counts: dict[str, int] = {}

    def running(kind: str) -> str:
        counts[kind] = counts.get(kind, 0) + 1
        return f"{kind}_{counts[kind]}"

    for node in inputs:
        names[node] = node.name or running("input")
    first: dict[int, Node] = {}
    uses: dict[int, int] = {}
    for node in inner:
        layer = node.layer
        assert layer is not None
        shared = first.setdefault(id(layer), node)
        if shared is node:
            owners[node] = layer.name or node.name or running(type(layer).__name__.lower())
        else:
            owners[node] = owners[shared]
        uses[id(layer)] = uses.get(id(layer), 0) + 1
        own = node.name if node.name != layer.name else None
        again = uses[id(layer)]
        names[node] = own or (owners[node] if again == 1 else f"{owners[node]}@{again}")
    _expect_distinct([*names.values()], "nodes")
    _expect_distinct([owners[node] for node in first.values()], "layers")
    for name in {*names.values(), *owners.values()}:
        if "." in name:
            raise GraphError(f"The name {name!r} has a dot, which separates layer and parameter.")
    return names, owners


def _expect_distinct(names: Sequence[str], what: str) -> None:
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise GraphError(f"Several {what} are called {listed(twice)}. Give each a name of its own.")


def expect_known(names: Sequence[str], known: Mapping[str, Node], what: str) -> None:
    """Raise GraphError for a name that no node has."""
    for name in names:
        if name not in known:
            raise GraphError(
                f"{what} {name!r}, which does not exist. Known: {listed(list(known))}."
            )


def listed(names: Iterable[str]) -> str:
    """Write names as people read them in a message."""
    return ", ".join(repr(name) for name in names)


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
