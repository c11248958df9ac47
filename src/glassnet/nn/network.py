"""Network: named nodes in the order they are computed; Sequential: the same, written as a list."""

from __future__ import annotations

import copy
import math
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import DTypeLike

from glassnet.errors import DataError, GraphError, SettingError, ShapeError
from glassnet.nn.graph import (
    expect_connected,
    expect_known,
    expect_layer,
    listed,
    name_nodes,
    nodes_of,
)
from glassnet.nn.layer import Layer, Merge
from glassnet.nn.losses import Loss
from glassnet.nn.need import Need
from glassnet.nn.node import Input, Node, topological_order
from glassnet.nn.passes import Pass
from glassnet.settings import ALLOW_MORE, as_people_read, seed_number
from glassnet.types import Array, Generator, Shape

DType = Literal["float32", "float64"]

MOST_NUMBERS = 2**40
"""No value has more numbers a row than this: what asks for more is a mistake, or a hostile file."""


@dataclass(frozen=True)
class NamedNode:
    """A node in its place in a network.

    name            of the node; `owner` is the name of its layer, which several nodes may share
    inputs          names of the nodes, or network inputs, that feed it
    shape           of its output, without the batch axis
    merges          whether its layer takes several inputs
    learns_before   whether a parameter lies somewhere before it, so that its dx is of use
    finished        values that no later node needs
    """

    name: str
    owner: str
    layer: Layer
    inputs: tuple[str, ...]
    shape: Shape
    merges: bool
    learns_before: bool
    finished: tuple[str, ...]


class Network:
    """A function from inputs to outputs, made of layers, that can be trained.

    inputs, outputs     the nodes where rows come in and results come out: one, or a list
    seed                fixes initial weights, shuffling and dropout; None draws one and keeps it
    dtype               "float32", or "float64" for checks and small exact work

    ``net.need`` says how many numbers one row takes on its way. ``net.most_memory``, the bytes that
    they may take, is set for a network that comes from a file; one made here has no such limit.

    ``net(x)`` computes the outputs and leaves no trace; ``net.run(x, t, loss)`` returns the Pass,
    in which every number can be looked at. Raises GraphError or ShapeError if the nodes do not fit.
    """

    def __init__(
        self,
        inputs: Node | Sequence[Node],
        outputs: Node | Sequence[Node],
        *,
        seed: int | None = None,
        dtype: DType = "float32",
    ) -> None:
        self.seed = int.from_bytes(os.urandom(4), "little") if seed is None else seed_number(seed)
        self.dtype = _dtype(dtype)
        input_nodes, output_nodes = nodes_of(inputs, "inputs"), nodes_of(outputs, "outputs")
        order = topological_order(output_nodes)
        expect_connected(input_nodes, order)
        names, owners = name_nodes(input_nodes, [n for n in order if n.layer is not None])
        self.inputs: dict[str, Shape] = {
            names[node]: node.shape for node in input_nodes if isinstance(node, Input)
        }
        self.outputs: tuple[str, ...] = tuple(names[node] for node in output_nodes)
        self.nodes: tuple[NamedNode, ...] = self._place(order, names, owners)
        self.layers: dict[str, Layer] = {node.owner: node.layer for node in self.nodes}
        self.need = Need.of(self.inputs, self.nodes)
        self.most_memory: int | None = None
        self._cast()

    @classmethod
    def wire(
        cls,
        inputs: Mapping[str, Shape | int],
        nodes: Mapping[str, tuple[Layer, str] | tuple[Layer, Sequence[str]]],
        outputs: str | Sequence[str],
        *,
        seed: int | None = None,
        dtype: DType = "float32",
    ) -> Network:
        """Make a network from names: each node is a layer and the name or names that feed it.

        ``Network.wire({"x": 4}, {"h": (Dense(8), "x"), "y": (Dense(1), "h")}, "y")``; the order in
        which nodes are written does not matter.
        """
        known: dict[str, Node] = {name: Input(shape, name) for name, shape in inputs.items()}
        for name, (layer, _) in nodes.items():
            if name in known:
                raise GraphError(f"{name!r} is the name of an input and of a node. Rename one.")
            expect_layer(layer, f"Node {name!r}")
            known[name] = Node(layer, (), name)
        for name, (layer, feeds) in nodes.items():
            feeds = [feeds] if isinstance(feeds, str) else list(feeds)
            expect_known(feeds, known, f"Node {name!r} takes its input from")
            layer._expect_inputs(len(feeds))
            known[name].inputs = tuple(known[feed] for feed in feeds)
        outputs = [outputs] if isinstance(outputs, str) else list(outputs)
        expect_known(outputs, known, "The network's output is")
        network = cls(
            [known[name] for name in inputs],
            [known[name] for name in outputs],
            seed=seed,
            dtype=dtype,
        )
        placed = {node.name for node in network.nodes}
        loose = [name for name in nodes if name not in placed]
        if loose:
            raise GraphError(f"{listed(loose)} leads to no output. Connect it, or take it out.")
        return network

    # -- using it ----------------------------------------------------------------------------

    def __call__(self, x: Any) -> Any:
        """Compute the outputs for the rows x: (N, …), one array or one for each input.

        Returns one array, or a tuple where the network has several outputs.
        """
        p = Pass(self, forget=True)
        p.forward(self._arrays_in(x))
        ys = tuple(p[name].y for name in self.outputs)
        return ys[0] if len(ys) == 1 else ys

    def run(
        self,
        x: Any,
        t: Any,
        loss: Loss | Sequence[Loss] | Mapping[str, Loss],
        *,
        training: bool = False,
        step: int = 0,
        sample_weight: Any = None,
    ) -> Pass:
        """Run the rows x forward, measure them against the targets t, and go back.

        Returns the Pass, which holds every value and gradient by name. Nothing in the network
        changes. `training` turns dropout and batch statistics on, as the trainer does.
        """
        p = self.measure(x, t, loss, training=training, step=step, sample_weight=sample_weight)
        p.backward()
        return p

    def measure(
        self,
        x: Any,
        t: Any,
        loss: Loss | Sequence[Loss] | Mapping[str, Loss],
        *,
        training: bool = False,
        step: int = 0,
        sample_weight: Any = None,
    ) -> Pass:
        """Run the rows x forward and measure them, as `run` does, but do not go back."""
        xs = self._arrays_in(x)
        losses = self.losses(loss)
        targets = self.targets(losses, t)
        rows = len(next(iter(xs.values())))
        for name, target in targets.items():
            if len(target) != rows:
                raise ShapeError(f"{rows} rows came with {len(target)} targets for {name!r}.")
        weights = None
        if sample_weight is not None:
            weights = row_weights(sample_weight, rows).astype(self.dtype)
        p = Pass(self, training=training, step=step)
        p.forward(xs)
        p.measure(losses, targets, weights)
        return p

    def losses(self, loss: Any) -> dict[str, Loss]:
        """Match one loss, a list or a dict of them to the outputs by name."""
        losses = match(self.outputs, loss, "losses")
        for name, one in losses.items():
            if not isinstance(one, Loss):
                raise SettingError(
                    f"The loss of {name!r} is expected to be a loss such as "
                    f"gn.SoftmaxCrossEntropy(), got {one!r}."
                )
        return losses

    @property
    def output_shapes(self) -> dict[str, Shape]:
        """The shape of each output, without the batch axis, by name."""
        shapes = self.inputs | {node.name: node.shape for node in self.nodes}
        return {name: shapes[name] for name in self.outputs}

    def targets(self, losses: Mapping[str, Loss], t: Any) -> dict[str, Array]:
        """Match targets to the outputs by name, checked by their losses."""
        given = match(tuple(losses), t, "targets")
        return {
            name: loss.targets(given[name], self.output_shapes[name], self.dtype)
            for name, loss in losses.items()
        }

    # -- its arrays --------------------------------------------------------------------------

    def parameters(self) -> dict[str, Array]:
        """Return the trained arrays themselves, not copies: {"dense_1.W": (in, out), …}."""
        return self._named_arrays(lambda layer: layer.params)

    def buffers(self) -> dict[str, Array]:
        """Return the arrays that are kept but not trained, such as running statistics."""
        return self._named_arrays(lambda layer: layer.buffers)

    def arrays(self) -> dict[str, Array]:
        """Return all arrays that make the network what it is: parameters, then buffers."""
        return self.parameters() | self.buffers()

    def load_parameters(self, values: Mapping[str, Any]) -> None:
        """Copy values into the arrays of those names; names that are left out stay as they are.

        Raises ShapeError if a name or a shape does not fit, DataError for what is no number, and
        then changes nothing.
        """
        if not isinstance(values, Mapping):
            raise ShapeError(
                f"load_parameters expects a dict of arrays by name, got a {type(values).__name__}."
            )
        own, checked = self.arrays(), {}
        for name, value in values.items():
            if name not in own:
                raise ShapeError(
                    f"The network has no parameter {name!r}. It has: {', '.join(own)}."
                )
            checked[name] = array = _numbers(name, value, self.dtype)
            if array.shape != own[name].shape:
                raise ShapeError(
                    f"{name} has shape {own[name].shape}, got values of shape {array.shape}."
                )
        for name, array in checked.items():
            own[name][...] = array

    def astype(self, dtype: DType) -> Self:
        """Return a copy that computes in another precision, with arrays of its own."""
        twin = copy.deepcopy(self)
        twin.dtype = _dtype(dtype)
        for layer in twin.layers.values():
            vars(layer)["_dtype"] = twin.dtype
        twin._cast()
        return twin

    def size(self) -> int:
        """Count the trained numbers."""
        return sum(array.size for array in self.parameters().values())

    def expect_room(self) -> None:
        """Raise DataError if a row whose every value is kept takes more than `most_memory`."""
        needed = self.need.whole * self.dtype.itemsize
        if self.most_memory is not None and needed > self.most_memory:
            raise DataError(
                f"To keep every value of one row of this network takes {as_people_read(needed)}, "
                f"and {as_people_read(self.most_memory)} are allowed. {ALLOW_MORE}"
            )

    # -- as JSON -----------------------------------------------------------------------------

    def config(self) -> dict[str, Any]:
        """Describe the network as JSON, without its arrays."""
        return {
            "inputs": {name: list(shape) for name, shape in self.inputs.items()},
            "outputs": list(self.outputs),
            "layers": {name: layer.config() for name, layer in self.layers.items()},
            "nodes": [
                {"name": node.name, "layer": node.owner, "inputs": list(node.inputs)}
                for node in self.nodes
            ],
            "dtype": self.dtype.name,
            "seed": self.seed,
        }

    def __repr__(self) -> str:
        chain = " -> ".join(str(node.layer) for node in self.nodes)
        return f"<{type(self).__name__} {list(self.inputs.values())}: {chain}>"

    # -- making it ---------------------------------------------------------------------------

    def _place(
        self, order: Sequence[Node], names: Mapping[Node, str], owners: Mapping[Node, str]
    ) -> tuple[NamedNode, ...]:
        """Build each layer for the shapes that reach it, in order."""
        rng = np.random.default_rng(self.seed)
        shapes: dict[str, Shape] = dict(self.inputs)
        learns: dict[str, bool] = dict.fromkeys(self.inputs, False)
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
            shape = _build(layer, owners[node], [shapes[feed] for feed in feeds], rng)
            before = any(learns[feed] for feed in feeds)
            shapes[name] = shape
            learns[name] = before or any(getattr(layer, p, None) is not None for p in layer.params)
            placed.append(
                NamedNode(
                    name=name,
                    owner=owners[node],
                    layer=layer,
                    inputs=feeds,
                    shape=shape,
                    merges=isinstance(layer, Merge),
                    learns_before=before,
                    finished=tuple(finished[index]),
                )
            )
        return tuple(placed)

    def _cast(self) -> None:
        """Give all arrays the network's dtype, in place of the float64 they are made in."""
        for owner, layer in self.layers.items():
            held = vars(layer).setdefault("_dtype", self.dtype)
            if held != self.dtype and layer.arrays():
                raise GraphError(
                    f"{layer} ({owner}) is part of another network, which computes in "
                    f"{held}; this one is to compute in {self.dtype}. Use one dtype."
                )
            for name, array in layer.arrays().items():
                setattr(layer, name, np.ascontiguousarray(array, self.dtype))

    def _arrays_in(self, x: Any) -> dict[str, Array]:
        """Match rows to the inputs by name, as arrays of the network's dtype."""
        xs = {
            name: _numbers(f"Input {name!r}", value, self.dtype)
            for name, value in match(tuple(self.inputs), x, "inputs").items()
        }
        self.expect_inputs(xs)
        return xs

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

    def _named_arrays(self, which: Any) -> dict[str, Array]:
        return {
            f"{owner}.{name}": array
            for owner, layer in self.layers.items()
            for name in which(layer)
            if (array := getattr(layer, name, None)) is not None
        }


class Sequential(Network):
    """A network in which each layer feeds the next: a list of layers and the shape of one row."""

    def __init__(
        self,
        layers: Sequence[Layer],
        input_shape: Shape | int,
        *,
        seed: int | None = None,
        dtype: DType = "float32",
    ) -> None:
        if isinstance(layers, Layer) or not layers:
            raise GraphError(f"Sequential expects a list of one layer or more, got {layers}.")
        source = Input(input_shape)
        node: Node = source
        for index, layer in enumerate(layers):
            expect_layer(layer, f"Entry {index} of Sequential's list")
            if "_built" in vars(layer) and layer.arrays():
                raise GraphError(
                    f"{layer}, entry {index}, belongs to another network already, with weights of "
                    "its own. Make a new layer; to share its weights on purpose, use gn.Network."
                )
            node = layer(node)
        super().__init__(source, node, seed=seed, dtype=dtype)


def match(names: Sequence[str], given: Any, what: str) -> dict[str, Any]:
    """Match one thing, a list or tuple of things, or a dict of them, to names."""
    if isinstance(given, Mapping):
        if set(given) != set(names):
            raise ShapeError(f"The {what} are called {listed(names)}, got {listed(list(given))}.")
        return {name: given[name] for name in names}
    if len(names) == 1:
        return {names[0]: given}
    if not isinstance(given, list | tuple) or len(given) != len(names):
        count = f" of {len(given)}" if isinstance(given, list | tuple) else ""
        raise ShapeError(
            f"The network has {len(names)} {what}: give a list of {len(names)} or a dict with the "
            f"names {listed(names)}, got a {type(given).__name__}{count}."
        )
    return dict(zip(names, given, strict=True))


def _numbers(what: str, value: Any, dtype: DTypeLike) -> Array:
    try:
        return np.asarray(value, dtype)
    except (TypeError, ValueError) as error:
        raise DataError(f"{what} expects numbers: {error}.") from None


def row_weights(given: Any, rows: int) -> Array:
    """Check how much each row counts: (N,) finite numbers from 0; return them in float64."""
    from glassnet.data.rows import numbers  # glassnet.data is much to import for a network

    weights = numbers("sample_weight", given)
    if weights.shape != (rows,):
        raise ShapeError(f"sample_weight expects one number a row, ({rows},), got {weights.shape}.")
    if weights.min() < 0:
        raise DataError(f"sample_weight expects numbers from 0, got {weights.min():g}.")
    if not weights.any():
        raise DataError("Every row has the weight 0: there is nothing to learn from.")
    return weights.astype(np.float64)


def _build(layer: Layer, owner: str, shapes: list[Shape], rng: Generator) -> Shape:
    """Build a layer, unless an earlier node did: then check that the shapes are the same."""
    key = shapes if isinstance(layer, Merge) else shapes[0]
    built: tuple[Any, Shape] | None = vars(layer).get("_built")
    if built is None:
        layer._built = built = (key, _made(layer, owner, key, rng))  # type: ignore[attr-defined]
    elif layer.arrays() and built[0] != key:
        raise ShapeError(
            f"{layer} ({owner}) is shared and was built for inputs of shape {built[0]}; "
            f"here it gets {key}. Use a layer of its own in one of the places."
        )
    elif built[0] != key:
        return _made(layer, owner, key, rng)
    return built[1]


def _made(layer: Layer, owner: str, key: Any, rng: Generator) -> Shape:
    """Let a layer make its arrays; check the shape that it says its output has."""
    shape = layer.build(key, rng)
    if not (isinstance(shape, tuple) and all(isinstance(size, int) for size in shape)):
        raise ShapeError(
            f"{layer}.build ({owner}) is expected to return the shape of a row of its output, such "
            f"as (64,), got {shape!r}."
        )
    if math.prod(shape) > MOST_NUMBERS:
        raise ShapeError(f"{layer} ({owner}) would give more than {MOST_NUMBERS:,} numbers a row.")
    return shape


def _dtype(dtype: Any) -> np.dtype[Any]:
    for known in (np.dtype(np.float32), np.dtype(np.float64)):
        if (
            dtype == known.name
            if isinstance(dtype, str)
            else (isinstance(dtype, type | np.dtype) and known == dtype)
        ):  # NumPy takes None for float64, and compiles some of the other texts
            return known
    raise SettingError(f"A network computes in 'float32' or 'float64', got {dtype!r}.")
