"""Graph: nodes in their places, each with a name, a shape and the arrays it computes with."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from glassnet.errors import DataError, GraphError, ShapeError
from glassnet.nn.initializers import Initializer, zeros
from glassnet.nn.layer import Input, Layer, Merge, Node
from glassnet.nn.need import Need
from glassnet.nn.wiring import (
    NamedNode,
    Names,
    expect_connected,
    listed,
    name_nodes,
    topological_order,
)
from glassnet.settings import ALLOW_MORE, as_people_read
from glassnet.types import Array, Shape

MOST_NUMBERS = 2**40
"""No value has more numbers a row than this: what asks for more is a mistake, or a hostile file."""


class Graph:
    """Nodes in the order in which they are computed, and the arrays that they compute with.

    inputs          name and shape of a row of each input
    outputs         names of the nodes whose values come out
    nodes, layers   in order; the layers by name
    seed, dtype     of what is drawn, and of every number
    arrays          values to take in the place of new ones, by name: then exactly those it needs

    `need` says how many numbers one row takes on its way; `most_memory` the bytes that they may
    take, or None. Raises GraphError or ShapeError if the nodes do not fit.
    """

    def __init__(
        self,
        inputs: Sequence[Node],
        outputs: Sequence[Node],
        seed: int,
        dtype: np.dtype[Any],
        arrays: Mapping[str, Any] | None = None,
    ) -> None:
        self.seed = seed
        self.dtype = dtype
        order = topological_order(outputs)
        expect_connected(inputs, order)
        names, owners = name_nodes(inputs, [node for node in order if node.layer is not None])
        self.inputs: dict[str, Shape] = {
            names[node]: node.shape for node in inputs if isinstance(node, Input)
        }
        self.outputs: tuple[str, ...] = tuple(names[node] for node in outputs)
        self.nodes: tuple[NamedNode, ...] = self._place(order, names, owners, arrays)
        self.layers: dict[str, Layer] = {node.owner: node.layer for node in self.nodes}
        self.need = Need.of(self.inputs, self.nodes)
        self.most_memory: int | None = None

    # -- its arrays --------------------------------------------------------------------------

    def parameter_names(self) -> list[tuple[str, str]]:
        """Return the layer's and the array's name of each trained array."""
        return [
            (owner, name)
            for owner, layer in self.layers.items()
            if layer.trainable
            for name in layer.params
            if getattr(layer, name, None) is not None
        ]

    def parameters(self) -> dict[str, Array]:
        """Return the trained arrays themselves, not copies: {"dense_1.W": (in, out), …}.

        Those of frozen layers are among the `buffers`.
        """
        return {
            f"{owner}.{name}": getattr(self.layers[owner], name)
            for owner, name in self.parameter_names()
        }

    def buffers(self) -> dict[str, Array]:
        """Return the arrays that are kept but not trained, such as running statistics."""
        return {
            f"{owner}.{name}": array
            for owner, layer in self.layers.items()
            for name in (layer.buffers if layer.trainable else (*layer.params, *layer.buffers))
            if (array := getattr(layer, name, None)) is not None
        }

    def arrays(self) -> dict[str, Array]:
        """Return all arrays that make the network what it is: parameters, then buffers."""
        return self.parameters() | self.buffers()

    def frozen(self) -> frozenset[str]:
        """Return the names of the layers that are not trained though they could be."""
        return frozenset(n for n, layer in self.layers.items() if not layer.trainable)

    def learns_before(self) -> tuple[bool, ...]:
        """Say for each node whether a trained parameter lies before it, so that its dx is of use.

        The same as long as the same layers are frozen.
        """
        trained = tuple([layer.trainable for layer in self.layers.values()])
        if self._learns[0] != trained:
            learns: dict[str, bool] = dict.fromkeys(self.inputs, False)
            before = []
            for node in self.nodes:
                before.append(any(learns[name] for name in node.inputs))
                learns[node.name] = before[-1] or is_trained(self.layers[node.owner])
            self._learns = trained, tuple(before)
        return self._learns[1]

    _learns: tuple[tuple[bool, ...], tuple[bool, ...]] = (), ()

    # -- its rows ----------------------------------------------------------------------------

    @property
    def output_shapes(self) -> dict[str, Shape]:
        """The shape of each output, without the batch axis, by name."""
        shapes = self.inputs | {node.name: node.shape for node in self.nodes}
        return {name: shapes[name] for name in self.outputs}

    def expect_room(self) -> None:
        """Raise DataError if a row whose every value is kept takes more than `most_memory`."""
        needed = self.need.whole * self.dtype.itemsize
        if self.most_memory is not None and needed > self.most_memory:
            raise DataError(
                f"To keep every value of one row of this network takes {as_people_read(needed)}, "
                f"and {as_people_read(self.most_memory)} are allowed. {ALLOW_MORE}"
            )

    def expect_inputs(self, xs: Mapping[str, Any]) -> None:
        """Raise ShapeError unless these arrays, by name, are rows that the network takes."""
        for name, x in xs.items():
            if x.shape[1:] != self.inputs[name] or x.ndim == 0:
                raise ShapeError(self._misfit(name, x.shape))
        counts = {name: len(x) for name, x in xs.items()}
        if len(set(counts.values())) > 1:
            raise ShapeError(f"The inputs have different numbers of rows: {counts}.")

    def _misfit(self, name: str, shape: Shape) -> str:
        expected = self.inputs[name]
        first = next((str(n.layer) for n in self.nodes if name in n.inputs), "The network")
        rows = f"{expected[0]} numbers" if len(expected) == 1 else f"shape {expected}"
        if shape == expected:
            mend = "For one row, give a batch of one: x[None]."
        elif expected == (1,) and len(shape) == 1:
            mend = "For a single column, give x[:, None]."
        elif len(expected) == 1 and int(np.prod(shape[1:])) == expected[0] and len(shape) > 1:
            mend = f"Add Flatten() before it, or reshape the array to ({shape[0]}, {expected[0]})."
        else:
            mend = "Each row needs as many numbers as the network was built for."
        return f"{first} expects rows of {rows}, got an array of shape {shape}. {mend}"

    # -- making it ---------------------------------------------------------------------------

    def _place(
        self,
        order: Sequence[Node],
        names: Names,
        owners: Names,
        arrays: Mapping[str, Any] | None,
    ) -> tuple[NamedNode, ...]:
        """Give each node its place, and each layer the arrays for the shapes that reach it."""
        maker = ArrayMaker(self.seed, self.dtype, arrays)
        shapes: dict[str, Shape] = dict(self.inputs)
        placed = []
        inner = [node for node in order if node.layer is not None]
        last_use = {names[n]: i for i, node in enumerate(inner) for n in node.inputs}
        finished = defaultdict(list)
        for value, last in last_use.items():
            if value not in self.outputs:
                finished[last].append(value)
        for index, node in enumerate(inner):
            layer = node.layer
            assert layer is not None
            name, feeds = names[node], tuple(names[n] for n in node.inputs)
            shapes[name] = maker.build(layer, owners[node], [shapes[feed] for feed in feeds])
            placed.append(
                NamedNode(
                    name=name,
                    owner=owners[node],
                    layer=layer,
                    inputs=feeds,
                    shape=shapes[name],
                    merges=isinstance(layer, Merge),
                    finished=tuple(finished[index]),
                )
            )
        maker.expect_all_used()
        return tuple(placed)


class ForeignArraysError(ShapeError):
    """Values that are given for a network's arrays are not those that its layers declare."""


class ArrayMaker:
    """Makes the arrays that layers declare, or takes them from those that there are.

    values      by name; None has them made by their initialisers, in the order of the layers
    """

    def __init__(self, seed: int, dtype: np.dtype[Any], values: Mapping[str, Any] | None) -> None:
        self.dtype = dtype
        self.rng = np.random.default_rng(seed)
        self.values = values
        self.used: set[str] = set()

    def build(self, layer: Layer, owner: str, shapes: Sequence[Shape]) -> Shape:
        """Let a layer declare its arrays, unless it has them; return the shape of its output."""
        declared: dict[str, tuple[Shape, Initializer]] = {}

        def declare(name: str, shape: Shape, init: Initializer = zeros, /) -> None:
            if name not in (*layer.params, *layer.buffers):
                raise GraphError(
                    f"{layer}.build ({owner}) declares {name!r}, which is not among its params, "
                    f"{list(layer.params)}, or buffers, {list(layer.buffers)}. Add it there."
                )
            declared[name] = (shape, init)

        merges = isinstance(layer, Merge)
        shape = layer.build(list(shapes) if merges else shapes[0], declare)
        self._expect_shape(layer, owner, shape)
        if layer.in_network and (held := layer.arrays()):
            self._expect_same(layer, owner, declared, held)
        else:
            layer.hold({
                name: self._array(layer, f"{owner}.{name}", *of) for name, of in declared.items()
            })  # fmt: skip
        return shape

    def _array(self, layer: Layer, name: str, shape: Shape, init: Initializer) -> Array:
        """Make an array, or take it from those that there are."""
        if self.values is None:
            made = init(shape, self.rng)
        elif name in self.values:
            self.used.add(name)
            made = self.values[name]
        else:
            raise ForeignArraysError(f"{layer} needs {name}, which is not there.")
        if np.shape(made) != shape:
            error = ShapeError if self.values is None else ForeignArraysError
            raise error(f"{layer} needs {name} of shape {shape}, got {np.shape(made)}.")
        try:
            return np.array(made, self.dtype, order="C")
        except (TypeError, ValueError) as error:
            raise ForeignArraysError(f"{name} expects numbers: {error}.") from None

    def expect_all_used(self) -> None:
        """Raise ShapeError for values that no layer asked for."""
        if self.values is not None and (strangers := set(self.values) - self.used):
            raise ForeignArraysError(f"No layer has {listed(sorted(strangers))}.")

    def _expect_same(
        self,
        layer: Layer,
        owner: str,
        declared: Mapping[str, tuple[Shape, Initializer]],
        held: Mapping[str, Array],
    ) -> None:
        """Raise an error unless a layer that has its arrays already can share them here."""
        for name, array in held.items():
            wanted = declared[name][0] if name in declared else None
            if array.shape != wanted:
                raise ShapeError(
                    f"{layer} ({owner}) is shared, and its {name} has shape {array.shape}; here it "
                    f"would need {wanted}. Use a layer of its own in one of the places."
                )
            if array.dtype != self.dtype:
                raise GraphError(
                    f"{layer} ({owner}) is part of another network, which computes in "
                    f"{array.dtype}; this one is to compute in {self.dtype}. Use one dtype."
                )

    def _expect_shape(self, layer: Layer, owner: str, shape: Any) -> None:
        """Raise ShapeError unless what a layer says its output has is a shape, and bearable."""
        if not (isinstance(shape, tuple) and all(isinstance(size, int) for size in shape)):
            raise ShapeError(
                f"{layer}.build ({owner}) is expected to return the shape of a row of its output, "
                f"such as (64,), got {shape!r}."
            )
        if math.prod(shape) > MOST_NUMBERS:
            raise ShapeError(
                f"{layer} ({owner}) would give more than {MOST_NUMBERS:,} numbers a row."
            )


def is_trained(layer: Layer) -> bool:
    """Whether training changes a layer's parameters: it has some, and is not frozen."""
    return layer.trainable and any(getattr(layer, name, None) is not None for name in layer.params)
