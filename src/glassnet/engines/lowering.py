"""Lowering: a network, its losses and its rules as the words and numbers of a program.

native/program.hpp reads them in the order in which they are written here.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from glassnet.engines.base import Job
from glassnet.engines.codes import Kind, code_of, codes
from glassnet.nn import layers
from glassnet.nn.graph import is_trained
from glassnet.nn.layer import Layer
from glassnet.nn.losses import Huber, Loss
from glassnet.nn.network import Network
from glassnet.nn.wiring import NamedNode
from glassnet.optim import SGD, Adam, Clipping, MaxNorm, Optimizer, Penalty, RMSprop
from glassnet.types import Array

FUSED: list[type[Layer]] = [layers.Sigmoid, layers.Tanh, layers.ReLU, layers.LeakyReLU, layers.ELU]
"""Activations whose slope can be told from their output: a Dense before one computes it too."""

FEW_COLUMNS = 32
"""Inputs narrower than this are not searched for zeros: it would not pay."""


def refusal(what: Job | Network) -> str | None:
    """Name what native code does not know in a network or a job, or return None.

    Raises SettingError where nothing is compiled.
    """
    network = what if isinstance(what, Network) else what.network
    for name, layer in network.layers.items():
        if type(layer) not in _LAYERS and code_of("activations", layer) is None:
            return f"it does not know the layer {type(layer).__name__} ({name})"
    places = [array.ctypes.data for array in network.arrays().values() if array.size]
    if len(set(places)) < len(places):
        return "two layers share an array"
    if isinstance(what, Job):
        of_a_kind: list[tuple[str, Kind, object]] = [
            *(("loss", "losses", loss) for loss in what.losses.values()),
            ("optimiser", "rules", what.optimizer),
            *(("penalty", "penalties", penalty) for penalty in what.penalties),
            ("clipping", "clippings", what.clipping),
        ]
        for word, kind, thing in of_a_kind:
            if code_of(kind, thing) is None:
                return f"it does not know the {word} {type(thing).__name__}"
        epsilon = getattr(what.optimizer, "epsilon", 1)
        if not network.dtype.type(epsilon):
            return f"{network.dtype} does not tell an epsilon of {epsilon:g} from 0"
    return None


class Lowering:
    """A network, and a job where it is to be trained, as (words, numbers, arrays).

    slots   the optimiser's state by parameter: arrays that the program goes on with
    """

    def __init__(
        self,
        network: Network,
        threads: int,
        job: Job | None = None,
        slots: Mapping[str, Mapping[str, Array]] | None = None,
    ) -> None:
        self.network = network
        self.words: list[int] = [network.dtype.itemsize, threads]
        self.numbers: list[float] = []
        self.arrays: list[Array] = []
        self.values: dict[str, int] = {}
        self.parameters = {name: i for i, name in enumerate(network.arrays())}
        self._values()
        self._parameters(job.penalties if job else (), slots or {})
        self._write(len(network.inputs), *(self.values[name] for name in network.inputs))
        self._write(len(network.outputs), *(self.values[name] for name in network.outputs))
        self._rule(job.optimizer if job else SGD(), job.clipping if job else None)
        self._layers()
        self._losses(job.losses if job else {})

    def __iter__(self) -> Iterator[Any]:
        yield np.array(self.words, np.int64)
        yield np.array(self.numbers, np.float64)
        yield tuple(self.arrays)

    def _write(self, *words: int | bool, numbers: Sequence[float] = ()) -> None:
        self.words += map(int, words)
        self.numbers += map(float, numbers)

    def _code(self, kind: Kind, thing: object, *words: int, numbers: Sequence[float]) -> None:
        """Write the number of a thing that is known, and what belongs to it."""
        code = code_of(kind, thing)
        assert code is not None, thing
        self._write(code, *words, numbers=numbers)

    # -- values: what flows between layers -----------------------------------------------------

    def _values(self) -> None:
        """Number the values; what only renames or reshapes one shares its number."""
        network, uses = self.network, Counter(n for node in self.network.nodes for n in node.inputs)
        sizes: list[tuple[int, bool]] = []
        for name, shape in network.inputs.items():
            self.values[name] = len(sizes)
            sizes.append((math.prod(shape), False))
        self.fused: dict[str, NamedNode] = {}
        self.cut: set[int] = set()  # values of which a ReLU or a Dropout made many 0
        by_input = {node.inputs[0]: node for node in network.nodes}
        for node, behind in zip(network.nodes, network.learns_before(), strict=True):
            (source, *_), outer = node.inputs, node.name in network.outputs
            if isinstance(node.layer, layers.Identity | layers.Flatten) and not outer:
                self.values[node.name] = self.values[source]
                continue
            then = by_input.get(node.name)
            lone = uses[node.name] == 1 and not outer
            if then and lone and type(node.layer) is layers.Dense and type(then.layer) in FUSED:
                self.fused[node.name] = then
            if isinstance(node.layer, layers.ReLU | layers.Dropout):
                self.cut.add(self.values[source] if source in self.fused else len(sizes))
            if source in self.fused:
                self.values[node.name] = self.values[source]
                continue
            self.values[node.name] = len(sizes)
            sizes.append((math.prod(node.shape), behind or is_trained(node.layer)))
        slots = self._slots([width for width, _ in sizes])
        words = (word for size, slot in zip(sizes, slots, strict=True) for word in (*size, slot))
        self._write(len(sizes), *words)

    def _slots(self, widths: Sequence[int]) -> list[int]:
        """Give each value a place, which another takes once no later node reads it.

        It is the narrowest of the free places that are wide enough, or else the widest of all.
        """
        nodes, values = self.network.nodes, self.values
        last = {values[name]: n for n, node in enumerate(nodes) for name in node.inputs}
        last |= {values[name]: len(nodes) for name in self.network.outputs}
        read_last_by: defaultdict[int, list[int]] = defaultdict(list)
        for value, n in last.items():
            read_last_by[n].append(value)
        slots: dict[int, int] = {}
        width_of: list[int] = []
        free: list[tuple[int, int]] = []  # widths and slots, in order

        def place(value: int) -> None:
            if value in slots:
                return
            width, slot = widths[value], len(width_of)
            if free:
                at = bisect_left(free, (width, 0))
                had, slot = free.pop(min(at, len(free) - 1))
                width_of[slot] = max(width, had)
            else:
                width_of.append(width)
            slots[value] = slot

        for name in self.network.inputs:
            place(values[name])
        for n, node in enumerate(nodes):
            place(values[node.name])
            for value in read_last_by[n]:
                insort(free, (width_of[slots[value]], slots[value]))
        return [slots[value] for value in range(len(widths))]

    def _parameters(
        self, penalties: Sequence[Penalty], slots: Mapping[str, Mapping[str, Array]]
    ) -> None:
        network = self.network
        trained = network.parameters()
        self._write(len(self.parameters))
        for name, array in network.arrays().items():
            owner, _, own = name.rpartition(".")
            rows = math.prod(array.shape[:-1]) if own in network.layers[owner].params else 1
            costs = [p for p in penalties if name in trained and p.applies_to(name, array)]
            self._write(rows, array.size // rows, name in slots, len(costs))
            for cost in costs:
                strength = cost.limit if isinstance(cost, MaxNorm) else cost.strength  # type: ignore[attr-defined]
                self._code("penalties", cost, numbers=[strength])
            self.arrays += [array, *slots.get(name, {}).values()]

    # -- rules and losses ----------------------------------------------------------------------

    def _rule(self, rule: Optimizer, clipping: Clipping | None) -> None:
        numbers = [0.0, 0.0, 0.0, getattr(rule, "epsilon", 0.0), getattr(rule, "weight_decay", 0.0)]
        code = code_of("rules", rule)
        if isinstance(rule, SGD) and rule.momentum:
            code = codes("rules")["Nesterov" if rule.nesterov else "Momentum"]
            numbers[0] = rule.momentum
        if isinstance(rule, RMSprop):
            numbers[0] = rule.decay
        if isinstance(rule, Adam):
            numbers[1:3] = rule.beta1, rule.beta2
        assert code is not None, rule
        self._write(code, numbers=numbers)
        self._code("clippings", clipping, numbers=[clipping.limit if clipping else 0.0])

    def _losses(self, losses: Mapping[str, Loss]) -> None:
        self._write(len(losses))
        for output, loss in losses.items():
            delta = loss.delta if isinstance(loss, Huber) else 0.0
            self._code("losses", loss, self.values[output], numbers=[delta])

    # -- layers --------------------------------------------------------------------------------

    def _layers(self) -> None:
        count_at = len(self.words)
        self._write(0)
        done = {then.name for then in self.fused.values()}
        for index, node in enumerate(self.network.nodes):
            own = self.values[node.name] not in (self.values[name] for name in node.inputs)
            if node.name not in done and own:
                kind = type(node.layer)
                (_LAYERS.get(kind) or _elementwise)(self, node, index)
                self.words[count_at] += 1

    def _kernel(self, node: NamedNode, *words: int | bool, numbers: Sequence[float] = ()) -> None:
        self._write(codes("kernels")[type(node.layer).__name__], *words, numbers=numbers)

    def _of(self, node: NamedNode, *names: str) -> list[int]:
        """Return the numbers of a layer's arrays."""
        return [self.parameters[f"{node.owner}.{name}"] for name in names]

    def _through(self, node: NamedNode) -> tuple[int, int]:
        """Return the numbers of the value that a layer takes and of the one that it makes."""
        return self.values[node.inputs[0]], self.values[node.name]


def _alpha(layer: Layer) -> float:
    """Return the one number that some activations have."""
    if isinstance(layer, layers.ELU):
        return layer.alpha
    return layer.slope if isinstance(layer, layers.LeakyReLU) else 0.0


def _elementwise(to: Lowering, node: NamedNode, _: int) -> None:
    layer = layers.Identity() if isinstance(node.layer, layers.Flatten) else node.layer  # a copy
    to._write(codes("kernels")["Elementwise"], *to._through(node))
    to._code("activations", layer, numbers=[_alpha(layer)])


def _dense(to: Lowering, node: NamedNode, _: int) -> None:
    assert isinstance(node.layer, layers.Dense)
    bias = to._of(node, "b") if node.layer.b is not None else ()
    x, y = to._through(node)
    then = to.fused[node.name].layer if node.name in to.fused else layers.Identity()
    outside = x < len(to.network.inputs) and len(node.layer.W) >= FEW_COLUMNS
    to._kernel(node, x, y, *to._of(node, "W"), len(bias), *bias, outside, x in to.cut)
    to._code("activations", then, numbers=[_alpha(then)])


def _softmax(to: Lowering, node: NamedNode, _: int) -> None:
    to._kernel(node, *to._through(node), node.shape[-1])


def _dropout(to: Lowering, node: NamedNode, index: int) -> None:
    assert isinstance(node.layer, layers.Dropout)
    to._kernel(node, *to._through(node), index, numbers=[node.layer.rate])


def _batch_norm(to: Lowering, node: NamedNode, index: int) -> None:
    layer = node.layer
    assert isinstance(layer, layers.BatchNorm)
    last = all(later.layer is not layer for later in to.network.nodes[index + 1 :])
    arrays = to._of(node, "gamma", "beta", "running_mean", "running_var")
    numbers = [layer.momentum, layer.epsilon]
    to._kernel(node, *to._through(node), *arrays, last, numbers=numbers)


def _layer_norm(to: Lowering, node: NamedNode, _: int) -> None:
    assert isinstance(node.layer, layers.LayerNorm)
    arrays = to._of(node, "gamma", "beta")
    to._kernel(node, *to._through(node), *arrays, numbers=[node.layer.epsilon])


def _standardize(to: Lowering, node: NamedNode, _: int) -> None:
    to._kernel(node, *to._through(node), *to._of(node, "mean", "std"))


def _add(to: Lowering, node: NamedNode, _: int) -> None:
    xs = [to.values[name] for name in node.inputs]
    to._kernel(node, len(xs), *xs, to.values[node.name])


def _concatenate(to: Lowering, node: NamedNode, _: int) -> None:
    shapes = to.network.inputs | {other.name: other.shape for other in to.network.nodes}
    to._kernel(node, len(node.inputs))
    for name in node.inputs:
        to._write(to.values[name], shapes[name][-1])
    to._write(to.values[node.name])


_LAYERS: dict[type[Layer], Callable[[Lowering, NamedNode, int], None]] = {
    layers.Dense: _dense,
    layers.Flatten: _elementwise,
    layers.Softmax: _softmax,
    layers.Dropout: _dropout,
    layers.BatchNorm: _batch_norm,
    layers.LayerNorm: _layer_norm,
    layers.Standardize: _standardize,
    layers.Add: _add,
    layers.Concatenate: _concatenate,
}
