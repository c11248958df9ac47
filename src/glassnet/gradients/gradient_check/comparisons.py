"""What is compared: gradients of all parameters and inputs, and those of one node alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from glassnet.gradients.gradient_check.comparison import (
    GradientComparison,
    Index,
    RowsAt,
    largest,
    slope,
)
from glassnet.gradients.nudges import Nudges
from glassnet.nn.frame import ForgetfulFrame
from glassnet.types import Array


def of_parameter(nudges: Nudges, owner: str, name: str, most: int | None) -> GradientComparison:
    """Compare what the pass says of a parameter with central differences of the loss.

    most    how many numbers of an array are measured, spread at random; None for all
    """
    w = getattr(nudges.network.layers[owner], name)
    rows_at = _with_moved(w, lambda: nudges.rows(nudges.xs))
    if most is None or w.size <= most:
        measured = nudges.differences(owner, name)
    else:
        measured = _sampled(w, rows_at, nudges.h, most)
    derived = nudges.base.gradients.get(f"{owner}.{name}")
    return GradientComparison(owner, name, derived, measured, rows_at, _scale(nudges))


def of_input(nudges: Nudges, name: str, most: int | None) -> GradientComparison:
    """Compare what the pass says of an input with central differences of the loss."""
    x = nudges.xs[name]
    moved = x.copy()
    rows_at = _with_moved(moved, lambda: nudges.rows({**nudges.xs, name: moved}))
    if most is None or x.size <= most:
        mixes = any(
            node.layer.mixes_rows(nudges.base[node.name].training) for node in nudges.network.nodes
        )
        measured = slopes(lambda x: nudges.rows({**nudges.xs, name: x}), x, nudges.h, mixes)
    else:
        measured = _sampled(moved, rows_at, nudges.h, most)
    return GradientComparison(name, "dx", nudges.base[name].dy, measured, rows_at, _scale(nudges))


def of_loss(nudges: Nudges, output: str) -> GradientComparison:
    """Compare what one loss says of its outputs with central differences."""
    p, loss, t = nudges.base, nudges.losses[output], nudges.ts[output]
    y = p[output].y

    def rows(y: Array) -> Array:
        l: Array = loss.forward(y, t, ForgetfulFrame(p.training))  # noqa: E741
        return nudges.share * l

    moved = y.copy()
    return GradientComparison(
        layer=type(loss).__name__,
        array="dy",
        derived=loss.backward(p.dl, p.loss_frames[output]),
        measured=slopes(rows, y, nudges.h, mixes=False),
        rows_at=_with_moved(moved, lambda: rows(moved)),
        scale=max(largest(y), largest(p.rows)),
    )


def of_node(nudges: Nudges, place: int) -> list[GradientComparison]:
    """Compare what a node says of each of its inputs, given the gradient that reached it.

    Nothing, if none did, or one of the wrong shape.
    """
    node = nudges.network.nodes[place]
    frame = nudges.base[node.name]
    if frame.dy is None or frame.dy.shape != frame.y.shape:
        return []
    return [_of_node_input(nudges, place, k) for k in range(len(node.inputs))]


def _of_node_input(nudges: Nudges, place: int, k: int) -> GradientComparison:
    """The total whose slopes these are is Σ dy · y, of this node alone."""
    p, node = nudges.base, nudges.network.nodes[place]
    frame = p[node.name]
    xs = [p[name].y for name in node.inputs]

    def rows(x: Array) -> Array:
        y = forward(nudges, place, [*xs[:k], x, *xs[k + 1 :]])
        total: Array = np.reshape(frame.dy * y, (len(y), -1)).sum(axis=1)
        return total

    moved = xs[k].copy()
    return GradientComparison(
        layer=node.name,
        array=f"dx{k + 1}" if node.merges else "dx",
        derived=frame.dx[k] if node.merges else frame.dx,
        measured=slopes(rows, xs[k], nudges.h, node.layer.mixes_rows(p[node.name].training)),
        rows_at=_with_moved(moved, lambda: rows(moved)),
        scale=largest(frame.dy * frame.y),
    )


def locally_right(nudges: Nudges, place: int, name: str) -> bool:
    """Say whether a node's gradient of a parameter fits the gradient that reached it.

    Along one random direction v: the slope of Σ dy · y at w + s v has to be Σ dw · v. A node that
    no gradient reached, or one of the wrong shape, is not to blame.
    """
    p, node = nudges.base, nudges.network.nodes[place]
    frame, w = p[node.name], getattr(node.layer, name)
    if frame.dy is None or frame.dy.shape != frame.y.shape:
        return True
    dw = frame.gradients.get(name)
    if dw is None or dw.shape != w.shape:
        return False
    v = np.random.default_rng(0).normal(size=w.shape)
    xs = [p[feed].y for feed in node.inputs]
    totals = []
    for s in (nudges.h, -nudges.h):
        setattr(node.layer, name, w + s * v)
        totals.append(float((frame.dy * forward(nudges, place, xs)).sum()))
    setattr(node.layer, name, w)
    slope = (totals[0] - totals[1]) / (2 * nudges.h)
    return abs(slope - float((dw * v).sum())) <= 1e-5 * float(np.abs(dw * v).sum()) + 1e-9


def slopes(rows: Callable[[Array], Array], x: Array, h: float, mixes: bool) -> Array:
    """Measure the slopes of Σ rows(x) by central differences, in the shape of x: (N, …).

    mixes   whether a row of x bears on other rows of the result; else all rows are nudged at once
    """
    dx = np.zeros_like(x)
    each: list[int | slice] = [*range(len(x))] if mixes else [slice(None)]
    nudged = x.copy()
    for place in np.ndindex(x.shape[1:]):
        for n in each:
            where = (n, *place)
            nudged[where] = x[where] + h
            above = rows(nudged)
            nudged[where] = x[where] - h
            difference = above - rows(nudged)
            nudged[where] = x[where]
            dx[where] = (difference.sum() if mixes else difference) / (2 * h)
    return dx


def _with_moved(array: Array, rows: Callable[[], Array]) -> RowsAt:
    """Make the function that computes rows with one number of an array moved, and put back."""

    def rows_at(index: Index, by: float) -> Array:
        value = array[index]
        array[index] = value + by
        moved = rows()
        array[index] = value
        return moved

    return rows_at


def _sampled(array: Array, rows_at: RowsAt, h: float, most: int) -> Array:
    """Measure some numbers of an array, spread at random; NaN stands for the others."""
    measured = np.full(array.shape, np.nan)
    for place in np.random.default_rng(0).choice(array.size, most, replace=False):
        index = tuple(int(i) for i in np.unravel_index(place, array.shape))
        measured[index] = slope(rows_at, index, h)
    return measured


def forward(nudges: Nudges, place: int, xs: list[Array]) -> Array:
    """Compute one node again, with the random numbers of the pass."""
    p, node = nudges.base, nudges.network.nodes[place]
    frame = ForgetfulFrame(p[node.name].training, (nudges.network.seed, p.step, place))
    y: Array = node.layer.forward(xs if node.merges else xs[0], frame)
    return y


def _scale(nudges: Nudges) -> float:
    p = nudges.base
    return max(largest(p.rows), *(largest(p[output].y) for output in nudges.losses))
