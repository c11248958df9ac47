"""monitor(): each node as it is computed, forward and then backward, a line each.

The network that is watched is a twin whose layers report what they do. It shares every array with
the network it is made of, so that it can also be trained; the network itself knows nothing of it.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, TypeVar

import numpy as np

from glassnet.nn.frame import Frame
from glassnet.nn.layer import Layer
from glassnet.nn.losses import Loss
from glassnet.nn.network import Network
from glassnet.nn.passes import Pass
from glassnet.types import Array, Shape

N = TypeVar("N", bound=Network)
T = TypeVar("T")

Way: TypeAlias = Literal["forward", "backward"]


@dataclass(frozen=True)
class Visit:
    """What one node computed, in one direction; its `str` is a line.

    way         "forward", with figures of y; or "backward", with figures of dx, what goes back
    node        its name; `layer` as one would type it
    shape       of the array, rows first; of several inputs, that of the first
    mean, std, least, most      NaN where any number is NaN
    lost        how many numbers are NaN or infinite
    seconds     how long it took
    """

    way: Way
    node: str
    layer: str
    shape: Shape
    mean: float
    std: float
    least: float
    most: float
    lost: int
    seconds: float

    def __str__(self) -> str:
        shape = " x ".join(map(str, self.shape))
        figures = f"{self.mean:10.3g} {self.std:10.3g} {self.least:10.3g} {self.most:10.3g}"
        lost = f"  {self.lost:,} not finite" if self.lost else ""
        line = f"{self.way:<8}  {f'{self.node} {self.layer}':<27} {shape:<10} {figures}"
        return f"{line} {1e3 * self.seconds:7.3f}{lost}"


HEADING = (
    f"{'way':<8}  {'node':<27} {'shape':<10} "
    f"{'mean':>10} {'std':>10} {'min':>10} {'max':>10} {'ms':>7}"
)

Tell: TypeAlias = Callable[[Visit], object]
"""What is done with each visit: `print` it, append it to a list, …"""


def monitor(
    net: Network,
    x: Any,
    t: Any,
    loss: Loss | Sequence[Loss] | Mapping[str, Loss],
    *,
    training: bool = False,
    step: int = 0,
    sample_weight: Any = None,
    tell: Tell | None = None,
) -> Pass:
    """Run the network once, and tell of each node as it is computed, forward and then backward.

    x, t, loss, training, step, sample_weight    as `net.run` takes them
    tell    is given each Visit; unless given, they are printed below a heading

    Returns the Pass.
    """
    if tell is None:
        print(HEADING)
        tell = print
    losses = {name: WatchedLoss(one, tell) for name, one in net.losses(loss).items()}
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # the lines show it
        return watched(net, tell).run(
            x, t, losses, training=training, step=step, sample_weight=sample_weight
        )


def watched(net: N, tell: Tell = print) -> N:
    """Make a twin of a network, with the same arrays, that tells of each node in every pass.

    ``Trainer(watched(net), …)`` trains the network and tells of every step.
    """
    twin = copy.copy(net)
    twin.nodes = tuple(
        replace(node, layer=Watched(node.layer, node.name, tell)) for node in net.nodes
    )
    return twin


@dataclass(eq=False)
class Watched(Layer):
    """A layer that tells of what it computes; all else is the layer's own."""

    layer: Layer
    node: str
    tell: Tell

    def forward(self, x: Any, frame: Frame) -> Array:
        return self._timed("forward", lambda: self.layer.forward(x, frame))

    def backward(self, dy: Array, frame: Frame) -> Any:
        return self._timed("backward", lambda: self.layer.backward(dy, frame))

    def _timed(self, way: Way, compute: Callable[[], T]) -> T:
        return _timed(way, self.node, str(self.layer), compute, self.tell)

    def around(self, layer: Layer) -> Watched:
        return Watched(layer, self.node, self.tell)

    def mixes_rows(self, training: bool) -> bool:
        return self.layer.mixes_rows(training)

    def arrays(self) -> dict[str, Array]:
        return self.layer.arrays()

    def config(self) -> dict[str, Any]:
        return self.layer.config()

    def __str__(self) -> str:
        return str(self.layer)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what copy asks for, before there is a layer
            raise AttributeError(name)
        return getattr(self.layer, name)


@dataclass(frozen=True)
class WatchedLoss(Loss):
    """A loss that tells of what it computes."""

    loss: Loss
    tell: Tell

    def forward(self, y: Array, t: Array, frame: Frame) -> Array:
        return self._timed("forward", lambda: self.loss.forward(y, t, frame))

    def backward(self, dl: Array | float, frame: Frame) -> Array:
        return self._timed("backward", lambda: self.loss.backward(dl, frame))

    def _timed(self, way: Way, compute: Callable[[], T]) -> T:
        return _timed(way, "loss", type(self.loss).__name__, compute, self.tell)

    def targets(self, t: Any, shape: Shape, dtype: Any) -> Array:
        return self.loss.targets(t, shape, dtype)


def _timed(way: Way, node: str, layer: str, compute: Callable[[], T], tell: Tell) -> T:
    """Compute, and tell what came out and how long it took."""
    began = time.perf_counter()
    result = compute()
    seconds = time.perf_counter() - began
    if result is not None:  # a gradient that nobody reads may be left out
        tell(visit(way, node, layer, result, seconds))
    return result


def visit(way: Way, node: str, layer: str, result: Any, seconds: float) -> Visit:
    """Measure what a node computed: an array, or one for each of its inputs."""
    arrays = result if isinstance(result, tuple) else (result,)
    values = np.concatenate([np.ravel(array) for array in arrays]).astype(np.float64)
    lost = int(values.size - np.count_nonzero(np.isfinite(values)))
    return Visit(
        way,
        node,
        layer,
        arrays[0].shape,
        mean=float(values.mean()),
        std=float(values.std()),
        least=float(values.min()),
        most=float(values.max()),
        lost=lost,
        seconds=seconds,
    )
