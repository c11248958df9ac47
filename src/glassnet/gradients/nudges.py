"""Nudges: what changes when one parameter is moved a little, and nothing else computed again.

A nudge of one weight of a Dense layer moves one column of its output, in the rows whose input is
not zero there. So the fast way keeps a list of changes, each a row of the batch and its new number,
for very many nudges at once. Elementwise layers take the changed numbers alone; the next Dense
layer adds each change times a row of its weights; from there on whole rows go on as one batch.

A layer that mixes rows, as BatchNorm does while training, needs the whole batch of each nudge: from
the nudged layer on, one nudge at a time is computed. So is a layer that several nodes share.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from glassnet.nn.frame import ForgetfulFrame
from glassnet.nn.layer import Layer
from glassnet.nn.layers import Dense
from glassnet.nn.losses import Loss
from glassnet.nn.network import Network, row_weights
from glassnet.nn.passes import Pass
from glassnet.nn.wiring import NamedNode
from glassnet.types import Array

ROWS_AT_ONCE = 8192
"""How many changed rows are computed together: they stay in the processor's cache."""


@dataclass(frozen=True)
class Column:
    """A node's output in which one column changed, in some rows.

    rows    (B,) which rows of the batch; a row may come up again and again, once for each nudge
    column  which
    values  (B,) what stands there now
    """

    rows: NDArray[np.intp]
    column: int
    values: Array


@dataclass(frozen=True)
class Whole:
    """A node's output for some rows, all of it new: (B, …)."""

    rows: NDArray[np.intp]
    y: Array


Change = Column | Whole


@dataclass(frozen=True)
class Nudges:
    """A batch whose loss is looked at from all sides: the pass as it is, and how far to nudge."""

    network: Network
    losses: Mapping[str, Loss]
    xs: Mapping[str, Array]
    ts: Mapping[str, Array]
    weights: Array | None
    h: float
    base: Pass

    @classmethod
    def of(
        cls,
        network: Network,
        x: Any,
        t: Any,
        loss: Loss | Sequence[Loss] | Mapping[str, Loss],
        h: float,
        training: bool,
        step: int,
        sample_weight: Any,
    ) -> Nudges:
        """Check the batch and run it once."""
        base = network.measure(
            x, t, loss, training=training, step=step, sample_weight=sample_weight
        )
        losses = network.losses(loss)
        xs = {name: base[name].y for name in network.inputs}
        weights = None
        if sample_weight is not None:
            weights = row_weights(sample_weight, len(base.rows))
        return cls(network, losses, xs, network.targets(losses, t), weights, h, base)

    @cached_property
    def share(self) -> Array:
        """How much each row's loss counts in the whole: (N,)."""
        if self.weights is None:
            return np.full(len(self.base.rows), 1 / len(self.base.rows))
        share: Array = self.weights / self.weights.sum()
        return share

    def loss(self, xp: Any = np) -> Any:
        """Compute the loss of the network as it stands, a number of the kind that xp makes."""
        return self.rows(self.xs, xp).sum()

    def rows(self, xs: Mapping[str, Array], xp: Any = np) -> Array:
        """Compute what each row adds to the loss of the network as it stands: (N,)."""
        training = self.base.training
        p = Pass(self.network, training=training, step=self.base.step, forget=True, xp=xp)
        p.forward(xs)
        rows = sum(
            loss.forward(p[output].y, self.ts[output], ForgetfulFrame(training, xp=xp))
            for output, loss in self.losses.items()
        )
        return self.share * rows

    # -- the fast way ------------------------------------------------------------------------

    def fast(self) -> dict[str, Array]:
        """Return the central differences of every parameter."""
        return {
            f"{owner}.{name}": self.differences(owner, name)
            for owner, name in self.network.parameter_names()
        }

    def differences(self, owner: str, name: str) -> Array:
        """Return the central differences of one layer's parameter, in its shape."""
        uses = [i for i, node in enumerate(self.network.nodes) if node.owner == owner]
        node = self.network.nodes[uses[0]]
        after = self.network.nodes[uses[0] + 1 :]
        mixing = any(n.layer.mixes_rows(self.base[n.name].training) for n in (node, *after))
        if mixing or len(uses) > 1:
            return self._one_by_one(uses[0], getattr(node.layer, name))
        if _is_affine(node.layer) and name in ("W", "b"):
            return self._of_dense(uses[0], node, name)
        return self._of_rows(uses[0], node, getattr(node.layer, name))

    def _of_dense(self, index: int, node: NamedNode, name: str) -> Array:
        """Nudge the weights or biases of a Dense layer: column m of y moves by h x, or by h.

        Two weights whose inputs are the same number move a row alike: it is computed once.
        """
        x, y = self.base[node.inputs[0]].y, self.base[node.name].y
        if name == "b":
            x = np.ones((len(x), 1))
        moved, inputs = np.nonzero(x)  # rows and inputs where a nudge of a weight has an effect
        distinct, which = np.unique(
            np.stack([moved, x[moved, inputs]], axis=1), axis=0, return_inverse=True
        )
        rows, steps = distinct[:, 0].astype(np.intp), self.h * distinct[:, 1]
        dw = np.empty((x.shape[1], y.shape[1]))
        for m in range(y.shape[1]):
            slopes = np.empty(len(rows))
            for some in _slices(len(rows)):
                before = y[rows[some], m]
                above = self._losses_after(index, Column(rows[some], m, before + steps[some]))
                below = self._losses_after(index, Column(rows[some], m, before - steps[some]))
                slopes[some] = self.share[rows[some]] * (above - below) / (2 * self.h)
            dw[:, m] = np.bincount(inputs, slopes[which.ravel()], len(dw))
        return dw[0] if name == "b" else dw

    def _of_rows(self, index: int, node: NamedNode, w: Array) -> Array:
        """Nudge any parameter: its layer is computed again, and many nudges go on as one batch."""
        x = self._inputs(node)
        N = len(self.base.rows)
        rows, dw = np.arange(N), np.zeros_like(w)
        at_once = max(1, ROWS_AT_ONCE // N)
        places = list(np.ndindex(w.shape))
        for start in range(0, len(places), at_once):
            some = places[start : start + at_once]
            above, below = (
                self._losses_after(index, Whole(np.tile(rows, len(some)), np.concatenate(ys)))
                for ys in zip(*(self._nudged(node, x, w, place) for place in some), strict=True)
            )
            dl = ((above - below) / (2 * self.h)).reshape(len(some), N)
            for place, value in zip(some, dl @ self.share, strict=True):
                dw[place] = value
        return dw

    def _nudged(
        self, node: NamedNode, x: Any, w: Array, place: tuple[int, ...]
    ) -> tuple[Array, Array]:
        """Compute a node's output with one parameter moved up, and moved down."""
        value = w[place]
        ys = []
        for moved in (value + self.h, value - self.h):
            w[place] = moved
            ys.append(node.layer.forward(x, ForgetfulFrame(self.base[node.name].training)))
        w[place] = value
        return ys[0], ys[1]

    def _one_by_one(self, index: int, w: Array) -> Array:
        """Nudge one number at a time and compute all that comes after for the whole batch."""
        dw = np.zeros_like(w)
        for place in np.ndindex(w.shape):
            value = w[place]
            w[place] = value + self.h
            above = self.share @ self._losses_from(index)
            w[place] = value - self.h
            below = self.share @ self._losses_from(index)
            w[place] = value
            dw[place] = (above - below) / (2 * self.h)
        return dw

    def _losses_from(self, index: int) -> Array:
        """Compute each row's loss again from a node on, for the whole batch as it is."""
        rows = np.arange(len(self.base.rows))
        whole: dict[str, Change] = {}
        for place, node in enumerate(self.network.nodes[index:], index):
            whole[node.name] = Whole(rows, self._forward(place, node, whole, rows))
        return self._measured(whole, rows)

    def _losses_after(self, index: int, change: Change) -> Array:
        """Compute the losses of the changed rows when a node's output has changed: (B,)."""
        changes: dict[str, Change] = {self.network.nodes[index].name: change}
        for place, node in enumerate(self.network.nodes[index + 1 :], index + 1):
            touched = [changes[name] for name in node.inputs if name in changes]
            if not touched:
                continue
            if len(node.inputs) == 1 and isinstance(touched[0], Column):
                changes[node.name] = self._after_column(place, node, touched[0])
            else:
                y = self._forward(place, node, changes, change.rows)
                changes[node.name] = Whole(change.rows, y)
        return self._measured(changes, change.rows)

    def _after_column(self, place: int, node: NamedNode, change: Column) -> Change:
        """Take a changed column through one more layer, computing only what it changes."""
        rows, column = change.rows, change.column
        if node.layer.elementwise:
            frame = ForgetfulFrame(self.base[node.name].training)
            return Column(rows, column, node.layer.forward(change.values[:, None], frame)[:, 0])
        if _is_affine(node.layer):
            moved = change.values - self.base[node.inputs[0]].y[rows, column]
            y = moved[:, None] * node.layer.W[column]
            y += self.base[node.name].y[rows]
            return Whole(rows, y)
        return Whole(rows, self._forward(place, node, {node.inputs[0]: change}, rows))

    def _forward(
        self, place: int, node: NamedNode, changes: Mapping[str, Change], rows: NDArray[np.intp]
    ) -> Array:
        """Compute a node for some rows, from changed inputs where they are and others as before."""
        source = (self.network.seed, self.base.step, place)
        frame = ForgetfulFrame(self.base[node.name].training, source)
        xs = [self._output(name, changes, rows) for name in node.inputs]
        y: Array = node.layer.forward(xs if node.merges else xs[0], frame)
        return y

    def _output(self, name: str, changes: Mapping[str, Change], rows: NDArray[np.intp]) -> Array:
        """Return a node's output for some rows, changed or not."""
        change = changes.get(name)
        if isinstance(change, Whole):
            return change.y
        y: Array = self.base[name].y[rows]
        if isinstance(change, Column):
            y[:, change.column] = change.values
        return y

    def _measured(self, changes: Mapping[str, Change], rows: NDArray[np.intp]) -> Array:
        """Compute the losses of some rows; an output that did not change leaves no difference."""
        total = np.zeros(len(rows))
        for output, loss in self.losses.items():
            if output in changes:
                y, t = self._output(output, changes, rows), self.ts[output][rows]
                total += loss.forward(y, t, ForgetfulFrame(self.base.training))
        return total

    def _inputs(self, node: NamedNode) -> Any:
        xs = [self.base[name].y for name in node.inputs]
        return xs if node.merges else xs[0]


def _is_affine(layer: Layer) -> TypeGuard[Dense]:
    """Say whether a layer computes what Dense does; one made from it may compute something else."""
    return type(layer).forward is Dense.forward


def _slices(count: int) -> Iterator[slice]:
    for start in range(0, count, ROWS_AT_ONCE):
        yield slice(start, start + ROWS_AT_ONCE)
