"""Network: named nodes in the order they are computed; Sequential: the same, written as a list."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import DTypeLike

from glassnet.errors import DataError, GraphError, SettingError, ShapeError, one_of
from glassnet.nn.graph import Graph
from glassnet.nn.layer import Input, Layer, Node
from glassnet.nn.losses import Loss
from glassnet.nn.passes import Pass
from glassnet.nn.wiring import expect_known, expect_layer, listed, nodes_of
from glassnet.settings import seed_number
from glassnet.types import Array, Shape

DType = Literal["float32", "float64"]


class Network(Graph):
    """A function from inputs to outputs, made of layers, that can be trained.

    inputs, outputs     the nodes where rows come in and results come out: one, or a list
    seed                fixes initial weights, shuffling and dropout; None draws one and keeps it
    dtype               "float32", or "float64" for checks and small exact work
    arrays              values for all its arrays by name, as `Network.arrays` names them, in the
                        place of those that initialisers make

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
        arrays: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(
            nodes_of(inputs, "inputs"),
            nodes_of(outputs, "outputs"),
            int.from_bytes(os.urandom(4), "little") if seed is None else seed_number(seed),
            _dtype(dtype),
            arrays,
        )

    @classmethod
    def wire(
        cls,
        inputs: Mapping[str, Shape | int],
        nodes: Mapping[str, tuple[Layer, str] | tuple[Layer, Sequence[str]]],
        outputs: str | Sequence[str],
        *,
        seed: int | None = None,
        dtype: DType = "float32",
        arrays: Mapping[str, Any] | None = None,
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
            layer.expect_feeds(len(feeds))
            known[name].inputs = tuple(known[feed] for feed in feeds)
        outputs = [outputs] if isinstance(outputs, str) else list(outputs)
        expect_known(outputs, known, "The network's output is")
        network = cls(
            [known[name] for name in inputs],
            [known[name] for name in outputs],
            seed=seed,
            dtype=dtype,
            arrays=arrays,
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

    def targets(self, losses: Mapping[str, Loss], t: Any) -> dict[str, Array]:
        """Match targets to the outputs by name, checked by their losses."""
        given = match(tuple(losses), t, "targets")
        return {
            name: loss.targets(given[name], self.output_shapes[name], self.dtype)
            for name, loss in losses.items()
        }

    # -- its arrays --------------------------------------------------------------------------

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

    def holding(self, arrays: Mapping[str, Any]) -> Self:
        """Return the same network around other arrays of these names; the rest it shares.

        Nothing is copied, cast or checked: they may be of another precision, lie on a device, or
        stand for numbers that are still to come, as a tracer's do.
        """
        twin = copy.copy(self)
        twin.layers = {owner: copy.copy(layer) for owner, layer in self.layers.items()}
        for owner, layer in twin.layers.items():
            own = layer.arrays()
            layer.hold({name: arrays.get(f"{owner}.{name}", array) for name, array in own.items()})
        twin.nodes = tuple(
            replace(node, layer=node.layer.around(twin.layers[node.owner])) for node in self.nodes
        )
        return twin

    def copy(self) -> Self:
        """Return a copy with arrays of its own."""
        return self.holding({name: array.copy() for name, array in self.arrays().items()})

    def astype(self, dtype: DType) -> Self:
        """Return a copy that computes in another precision, with arrays of its own."""
        precision = _dtype(dtype)
        twin = self.holding({n: array.astype(precision) for n, array in self.arrays().items()})
        twin.dtype = precision
        return twin

    def freeze(self, *layers: str) -> None:
        """Hold the arrays of these layers as they are, whatever is trained: all, if none is named.

        A frozen layer passes gradients on to those before it, and computes as it does outside
        training: BatchNorm by its running statistics. It is so in a file, too. Raises SettingError
        for a name that no layer has.
        """
        self._set_trainable(layers, trainable=False)

    def unfreeze(self, *layers: str) -> None:
        """Have these layers trained again: all, if none is named."""
        self._set_trainable(layers, trainable=True)

    def _set_trainable(self, names: Sequence[str], *, trainable: bool) -> None:
        for name in names:
            if name not in self.layers:
                raise one_of("layer", name, list(self.layers))
        for name, layer in self.layers.items():
            if name in names or (not names and (trainable or layer.arrays())):
                layer.trainable = trainable

    def size(self) -> int:
        """Count the trained numbers."""
        return sum(array.size for array in self.parameters().values())

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

    def _arrays_in(self, x: Any) -> dict[str, Array]:
        """Match rows to the inputs by name, as arrays of the network's dtype."""
        xs = {
            name: _numbers(f"Input {name!r}", value, self.dtype)
            for name, value in match(tuple(self.inputs), x, "inputs").items()
        }
        self.expect_inputs(xs)
        return xs


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
            if layer.in_network and layer.arrays():
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


def _dtype(dtype: Any) -> np.dtype[Any]:
    for known in (np.dtype(np.float32), np.dtype(np.float64)):
        if (
            dtype == known.name
            if isinstance(dtype, str)
            else (isinstance(dtype, type | np.dtype) and known == dtype)
        ):  # NumPy takes None for float64, and compiles some of the other texts
            return known
    raise SettingError(f"A network computes in 'float32' or 'float64', got {dtype!r}.")
