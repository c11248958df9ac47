"""Contributions: what each number of a layer adds to a score, through the pass's own gradient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from glassnet.nn.frame import Frame
from glassnet.nn.losses import Loss
from glassnet.nn.network import Network
from glassnet.nn.passes import Pass
from glassnet.nn.wiring import NamedNode
from glassnet.types import Array


@dataclass(frozen=True)
class Score(Loss):
    """A weighted sum of outputs, in the place of a loss: so that a pass carries back its gradient.

    l  = Σₘ cₘ yₘ
    dy = dl · c
    """

    c: tuple[float, ...]

    def forward(self, y: Array, t: Array, frame: Frame) -> Array:  # noqa: ARG002
        frame.keep(c=np.asarray(self.c, y.dtype))
        score: Array = y @ frame["c"]
        return score

    def backward(self, dl: Array | float, frame: Frame) -> Array:
        dy: Array = dl * frame["c"][None]
        return dy


@dataclass(frozen=True)
class Contributions:
    """What each number of a layer adds to a score S: its value times its slope, v · ∂S/∂v.

    node        whose numbers they are
    values      v, the numbers of one row
    slopes      ∂S/∂v, by one pass back
    rest        S less all contributions: the biases, and, unless exact, what no straight line has
    exact       whether S is an affine function of these numbers, so that each contribution is one
    from_mean   whether they are inputs that the network standardised, which count from their means

    Where it is not, ∂S/∂v holds near v only: gradient × input, a first-order approximation.
    Source: Ancona et al., Towards Better Understanding of Gradient-Based Attribution Methods for
    Deep Neural Networks (2018).
    """

    node: str
    values: Array
    slopes: Array
    rest: float
    exact: bool
    from_mean: bool

    @property
    def parts(self) -> Array:
        """The contributions, in the shape of the values."""
        parts: Array = self.values * self.slopes
        return parts


def contributions(
    net: Network, x: Array, c: Sequence[float], offset: float = 0.0
) -> tuple[float, list[Contributions]]:
    """Say what makes up the score S = Σ cₘ zₘ + offset of one row, seen from the layers before.

    x   (1, …) the row
    c   one number for each z, the outputs before their last activation: see `summed`

    Returns S and the contributions of the numbers that the last weighted sum adds up, then those of
    the inputs, or of the inputs standardised; one of them where they are the same.
    """
    node = summed(net)
    (name,) = net.inputs
    p = Pass(net)
    p.forward({name: np.asarray(x, net.dtype)})
    p.measure({node.name: Score(tuple(c))}, {node.name: np.zeros(1)}, None)
    p.backward()
    score = p.loss + offset
    entrance = _entrance(net)
    last = node.inputs[0] if node.layer.weighted_sum else entrance
    return score, [_seen_from(p, source, score) for source in dict.fromkeys((last, entrance))]


def summed(net: Network) -> NamedNode:
    """Find the node whose numbers the answer is made of: the output, before its last activation."""
    nodes = {node.name: node for node in net.nodes}
    node = nodes[net.outputs[0]]
    while (node.layer.elementwise or node.layer.activation) and node.inputs[0] in nodes:
        node = nodes[node.inputs[0]]
    return node


def _entrance(net: Network) -> str:
    """The inputs, or those standardised: then 0 is the mean of the training data."""
    (name,) = net.inputs
    readers = [node for node in net.nodes if name in node.inputs]
    if len(readers) == 1 and readers[0].layer.standardizes:
        return readers[0].name
    return name


def _seen_from(p: Pass, source: str, score: float) -> Contributions:
    values, slopes = p[source].y[0], p[source].dy[0]
    rest = score - float(np.sum(values.astype(np.float64) * slopes))
    after, reached, from_mean = {source}, [], False
    for node in p.network.nodes:
        from_mean |= node.name == source and node.layer.standardizes
        if after & {*node.inputs} and p[node.name].dy is not None:
            after.add(node.name)
            reached.append(node.layer)
    exact = all(layer.affine for layer in reached)
    return Contributions(source, values, slopes, rest, exact, from_mean)
