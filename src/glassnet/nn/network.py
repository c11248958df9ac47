"""Network: named nodes in the order they are computed; Sequential: the same, written as a list."""

from __future__ import annotations

import math
import operator
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike

from glassnet.errors import DataError, GraphError, ModelFileError, SettingError, ShapeError
from glassnet.nn import initializers
from glassnet.nn.config import known_layers, layer_config, layer_from_config
from glassnet.nn.layer import Layer, Merge
from glassnet.nn.layers import BatchNorm, LayerNorm, Standardize
from glassnet.nn.losses import Loss
from glassnet.nn.node import Input, Node, topological_order
from glassnet.nn.passes import Pass
from glassnet.types import Array, Generator, Shape

DType = Literal["float32", "float64"]


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
        self.seed = _seed(seed)
        self.dtype = _dtype(dtype)
        input_nodes, output_nodes = _nodes(inputs, "inputs"), _nodes(outputs, "outputs")
        order = topological_order(output_nodes)
        _expect_connected(input_nodes, order)
        names, owners = _name(input_nodes, [n for n in order if n.layer is not None])
        self.inputs: dict[str, Shape] = {
            names[node]: node.shape for node in input_nodes if isinstance(node, Input)
        }
        self.outputs: tuple[str, ...] = tuple(names[node] for node in output_nodes)
        self.nodes: tuple[NamedNode, ...] = self._place(order, names, owners)
        self.layers: dict[str, Layer] = {node.owner: node.layer for node in self.nodes}
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
            _expect_layer(layer, f"Node {name!r}")
            known[name] = Node(layer, (), name)
        for name, (layer, feeds) in nodes.items():
            feeds = [feeds] if isinstance(feeds, str) else list(feeds)
            _expect_known(feeds, known, f"Node {name!r} takes its input from")
            layer._expect_inputs(len(feeds))
            known[name].inputs = tuple(known[feed] for feed in feeds)
        outputs = [outputs] if isinstance(outputs, str) else list(outputs)
        _expect_known(outputs, known, "The network's output is")
        network = cls(
            [known[name] for name in inputs],
            [known[name] for name in outputs],
            seed=seed,
            dtype=dtype,
        )
        placed = {node.name for node in network.nodes}
        loose = [name for name in nodes if name not in placed]
        if loose:
            raise GraphError(f"{_list(loose)} leads to no output. Connect it, or take it out.")
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
        xs = self._arrays_in(x)
        losses = self.losses(loss)
        targets = self.targets(losses, t)
        rows = len(next(iter(xs.values())))
        if rows == 0:
            raise DataError("A loss is a mean over rows: expected one row or more, got none.")
        for name, target in targets.items():
            if len(target) != rows:
                raise ShapeError(f"{rows} rows came with {len(target)} targets for {name!r}.")
        weights = row_weights(sample_weight, rows, self.dtype)
        p = Pass(self, training=training, step=step)
        p.forward(xs)
        p.measure(losses, targets, weights)
        p.backward()
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

        Raises ShapeError if a name or a shape does not fit, and then changes nothing.
        """
        own = self.arrays()
        for name, value in values.items():
            if name not in own:
                raise ShapeError(
                    f"The network has no parameter {name!r}. It has: {', '.join(own)}."
                )
            if np.shape(value) != own[name].shape:
                raise ShapeError(
                    f"{name} has shape {own[name].shape}, got values of shape {np.shape(value)}."
                )
        for name, value in values.items():
            own[name][...] = value

    def size(self) -> int:
        """Count the trained numbers."""
        return sum(array.size for array in self.parameters().values())

    # -- as JSON -----------------------------------------------------------------------------

    def config(self) -> dict[str, Any]:
        """Describe the network as JSON, without its arrays."""
        return {
            "inputs": {name: list(shape) for name, shape in self.inputs.items()},
            "outputs": list(self.outputs),
            "layers": {name: layer_config(layer) for name, layer in self.layers.items()},
            "nodes": [
                {"name": node.name, "layer": node.owner, "inputs": list(node.inputs)}
                for node in self.nodes
            ],
            "dtype": self.dtype.name,
            "seed": self.seed,
        }

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], arrays: Mapping[str, Array], layers: Iterable[Any] = ()
    ) -> Network:
        """Make the network that `config` described, with these arrays.

        Only classes from glassnet.nn and those in `layers` are used. Raises ModelFileError if the
        description or the arrays do not fit, before memory is taken for more than the arrays hold.
        """
        known = known_layers(layers)
        allowance = _Allowance(sum(array.size for array in arrays.values()))
        try:
            made = {
                name: layer_from_config({**one, "name": name}, known)
                for name, one in config["layers"].items()
            }
            with allowance.over(made.values()):
                network = cls.wire(
                    {name: tuple(shape) for name, shape in config["inputs"].items()},
                    {n["name"]: (made[n["layer"]], n["inputs"]) for n in config["nodes"]},
                    config["outputs"],
                    seed=config["seed"],
                    dtype=config["dtype"],
                )
        except (GraphError, ShapeError, SettingError) as error:
            raise ModelFileError(f"The file describes a network that cannot be: {error}") from error
        except (KeyError, TypeError, AttributeError, ValueError, MemoryError) as error:
            raise ModelFileError(
                f"The file's description of the network is damaged ({error!r})."
            ) from error
        missing = set(network.arrays()) ^ set(arrays)
        if missing:
            raise ModelFileError(
                f"The file's arrays are not those of its network: {_list(sorted(missing))}."
            )
        try:
            network.load_parameters(arrays)
        except ShapeError as error:
            raise ModelFileError(f"The file's arrays do not fit its network: {error}") from error
        return network

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
        for layer in self.layers.values():
            for name, array in layer.arrays().items():
                setattr(layer, name, np.ascontiguousarray(array, self.dtype))

    def _arrays_in(self, x: Any) -> dict[str, Array]:
        """Match rows to the inputs by name, as arrays of the network's dtype."""
        xs = {}
        for name, value in match(tuple(self.inputs), x, "inputs").items():
            try:
                array = np.asarray(value, self.dtype)
            except (TypeError, ValueError) as error:
                raise DataError(f"Input {name!r} expects rows of numbers: {error}.") from None
            xs[name] = array
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
            raise GraphError(f"Sequential expects a list of one layer or more, got {layers!r}.")
        source = Input(input_shape)
        node: Node = source
        for index, layer in enumerate(layers):
            _expect_layer(layer, f"Entry {index} of Sequential's list")
            node = layer(node)
        super().__init__(source, node, seed=seed, dtype=dtype)


class _Allowance:
    """Stands in for initialisers while a file is read: zeros, no more than the file holds."""

    def __init__(self, numbers: int) -> None:
        self.left = numbers

    def __call__(self, shape: Shape, rng: Generator, /) -> Array:  # noqa: ARG002
        self.take(math.prod(shape))
        return np.zeros(shape)

    def take(self, numbers: int) -> None:
        """Count numbers that an array is going to hold."""
        self.left -= numbers
        if self.left < 0:
            raise ShapeError("it has more parameters than the file has numbers.")

    @contextmanager
    def over(self, layers: Iterable[Layer]) -> Iterator[None]:
        """Watch over these layers while they are built."""
        watched = []
        for layer in layers:
            inits = {
                name: init for name, init in vars(layer).items() if initializers.is_field(name)
            }
            watched.append((layer, inits))
            vars(layer).update(dict.fromkeys(inits, self))
            if isinstance(layer, BatchNorm | LayerNorm | Standardize):
                vars(layer)["build"] = partial(self._build, layer.build)
        yield
        for layer, inits in watched:
            vars(layer).update(inits)
            vars(layer).pop("build", None)

    def _build(self, build: Callable[..., Shape], shape: Shape, rng: Generator) -> Shape:
        """Build a layer that needs no initialiser: its arrays have the shape of a row."""
        self.take(math.prod(shape))
        return build(shape, rng)


def match(names: Sequence[str], given: Any, what: str) -> dict[str, Any]:
    """Match one thing, a list or tuple of things, or a dict of them, to names."""
    if isinstance(given, Mapping):
        if set(given) != set(names):
            raise ShapeError(f"The {what} are called {_list(names)}, got {_list(list(given))}.")
        return {name: given[name] for name in names}
    if len(names) == 1:
        return {names[0]: given}
    if not isinstance(given, list | tuple) or len(given) != len(names):
        count = f" of {len(given)}" if isinstance(given, list | tuple) else ""
        raise ShapeError(
            f"The network has {len(names)} {what}: give a list of {len(names)} or a dict with the "
            f"names {_list(names)}, got a {type(given).__name__}{count}."
        )
    return dict(zip(names, given, strict=True))


def row_weights(given: Any, rows: int, dtype: DTypeLike) -> Array | None:
    """Check how much each row counts: (N,) finite numbers from 0, not all of them 0."""
    if given is None:
        return None
    weights = np.asarray(given, dtype)
    if weights.shape != (rows,):
        raise ShapeError(f"sample_weight expects one number a row, ({rows},), got {weights.shape}.")
    if not np.isfinite(weights).all() or weights.min() < 0 or not weights.any():
        raise DataError(
            "sample_weight expects finite numbers from 0, not all of them 0, "
            f"got values from {weights.min():g} to {weights.max():g}."
        )
    return weights


def _build(layer: Layer, owner: str, shapes: list[Shape], rng: Generator) -> Shape:
    """Build a layer, unless an earlier node did: then check that the shapes are the same."""
    key = shapes if isinstance(layer, Merge) else shapes[0]
    built: tuple[Any, Shape] | None = vars(layer).get("_built")
    if built is None:
        layer._built = built = (key, tuple(layer.build(key, rng)))  # type: ignore[attr-defined]
    elif layer.arrays() and built[0] != key:
        raise ShapeError(
            f"{layer} ({owner}) is shared and was built for inputs of shape {built[0]}; "
            f"here it gets {key}. Use a layer of its own in one of the places."
        )
    elif built[0] != key:
        return tuple(layer.build(key, rng))
    return built[1]


def _seed(seed: int | None) -> int:
    if seed is None:
        return int.from_bytes(os.urandom(4), "little")
    try:
        whole = operator.index(seed)
    except TypeError:
        whole = -1
    if not 0 <= whole < 2**63:
        raise SettingError(f"A seed is a whole number from 0 to 2**63 - 1, got {seed!r}.")
    return whole


def _dtype(dtype: Any) -> np.dtype[Any]:
    for known in (np.dtype(np.float32), np.dtype(np.float64)):
        if dtype is not None and known == dtype:  # NumPy takes None for float64
            return known
    raise SettingError(f"A network computes in 'float32' or 'float64', got {dtype!r}.")


def _nodes(given: Node | Sequence[Node], what: str) -> list[Node]:
    nodes = [given] if isinstance(given, Node) else list(given)
    if not nodes or not all(isinstance(node, Node) for node in nodes):
        raise GraphError(
            f"Network expects its {what} as a node or a list of nodes, got {given!r}. "
            "A node is gn.Input(shape), or what a layer returns when it is called on nodes."
        )
    if len(set(nodes)) < len(nodes):
        raise GraphError(f"The network's {what} name the same node twice: {nodes}. List it once.")
    return nodes


def _expect_layer(layer: Any, where: str) -> None:
    if not isinstance(layer, Layer):
        raise GraphError(
            f"{where} is expected to be a layer such as gn.Dense(64), got {layer!r}."
            + (f" Write {layer.__name__}(...)." if isinstance(layer, type) else "")
        )


def _expect_connected(inputs: Sequence[Node], order: Sequence[Node]) -> None:
    for node in inputs:
        if not isinstance(node, Input):
            raise GraphError(f"The network's inputs are made by gn.Input(shape), got {node!r}.")
        if node not in order:
            raise GraphError(f"{node!r} is an input that no output depends on. Leave it out.")
    for node in order:
        if isinstance(node, Input) and node not in inputs:
            raise GraphError(f"{node!r} feeds the network but is not among its inputs. Add it.")
        if node.layer is None and not isinstance(node, Input):
            raise GraphError(f"{node!r} has no layer and is no input.")
        if node.layer is not None and not node.inputs:
            raise GraphError(f"{node!r} has no input. Connect it to a node.")


def _name(inputs: Sequence[Node], inner: Sequence[Node]) -> tuple[dict[Node, str], dict[Node, str]]:
    """Name every node, and the layer of each: by its own name, else class and running number.

    The second node that shares a layer is called dense_1@2.
    """
    names: dict[Node, str] = {}
    owners: dict[Node, str] = {}
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
        raise GraphError(f"Several {what} are called {_list(twice)}. Give each a name of its own.")


def _expect_known(names: Sequence[str], known: Mapping[str, Node], what: str) -> None:
    for name in names:
        if name not in known:
            raise GraphError(f"{what} {name!r}, which does not exist. Known: {_list(list(known))}.")


def _list(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)
