"""explain(): one row's way through a network and back, number by number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from glassnet.engines.base import State
from glassnet.errors import DataError, SettingError, one_of
from glassnet.explanations.explanation import Explanation
from glassnet.explanations.parameters import Updater
from glassnet.explanations.row_view import RowView
from glassnet.explanations.step import Place, largest
from glassnet.explanations.steps import Chosen, Steps
from glassnet.nn.losses import Loss
from glassnet.nn.network import Network
from glassnet.optim import Optimizer
from glassnet.settings import inside
from glassnet.types import Shape


@np.errstate(over="ignore", invalid="ignore", divide="ignore")  # what is no number is shown
def explain(
    net: Network,
    x: Any,
    t: Any,
    loss: Loss | Sequence[Loss] | Mapping[str, Loss],
    *,
    row: int = 0,
    unit: str | None = None,
    optimizer: Optimizer | None = None,
    state: State | None = None,
    step: int = 0,
    terms: int = 5,
    training: bool = False,
    sample_weight: Any = None,
) -> Explanation:
    """Explain a row's way through the network and back: each formula, with its numbers in it.

    x, t, loss  a batch and its loss, as `net.run` takes them; the pass is that one
    row         which row of the batch is looked at, from 0; gradients of weights sum over all rows
    unit        "dense_1:2" for one unit and the activation that follows it, "dense_1" for a layer;
                unless given, the whole network
    optimizer   whose update is shown, without penalties and clipping; unless given, none is
    state       what it remembers after `step` updates, such as ``trainer.checkpoint().state``;
                unless given, it starts afresh
    step        the count of updates made so far: for dropout's masks and the optimiser's count
    terms       how many units of a layer and terms of a sum are shown where there are more: those
                that matter most; what the others add up to is said
    training    whether dropout drops and batch statistics are used

    Raises DataError for a row, SettingError for a unit or setting that does not exist.
    """
    if not (isinstance(terms, int) and inside("[1, inf)", terms)):
        raise SettingError(f"terms is a whole number from 1, got {terms!r}.")
    p = net.run(x, t, loss, training=training, step=step, sample_weight=sample_weight)
    if not (isinstance(row, int | np.integer) and 0 <= row < len(p.rows)):
        raise DataError(f"There is no row {row!r}: the batch has rows 0 to {len(p.rows) - 1}.")
    losses = net.losses(loss)
    view = RowView(p, int(row), terms, losses, net.targets(losses, t))
    slots = state.slots if state else None
    rule = Updater(view, optimizer, slots, step) if optimizer else None
    steps = Steps(view, _chosen(view, unit), rule)
    return Explanation(
        row=view.row,
        rows=view.rows,
        unit=unit,
        training=training,
        step=step,
        loss=p.loss,
        losses={output: type(one).__name__ for output, one in losses.items()},
        optimizer=f"{type(rule.rule).__name__}, from {rule.started}" if rule else "",
        layers={node.name: str(node.layer) for node in net.nodes},
        steps=tuple(steps.in_order()),
        omitted=tuple(steps.omitted(units=":" not in (unit or ""))),
    )


def _chosen(view: RowView, unit: str | None) -> Chosen:
    """Choose units of the whole network, of one layer, or one; of these two, along their path."""
    network = view.p.network
    shapes = network.inputs | {node.name: node.shape for node in network.nodes}
    if unit is None:
        return {name: _important(view, name) for name in shapes}
    name, _, place = str(unit).partition(":")
    if name not in shapes:
        raise one_of("node", name, list(shapes))
    places = [_place(name, place, shapes[name])] if place else _important(view, name)
    return dict.fromkeys(_path(view, name), places)


def _place(name: str, text: str, shape: Shape) -> Place:
    """Read "7", or "0,3" in a layer whose rows have several axes."""
    try:
        place = tuple(int(part) for part in text.split(","))
    except ValueError:
        place = ()
    if len(place) != len(shape) or not all(0 <= i < n for i, n in zip(place, shape, strict=True)):
        last = ",".join(str(n - 1) for n in shape)
        raise SettingError(
            f"There is no unit {name}:{text}. {name} has units "
            f"{name}:{','.join('0' for _ in shape)} to {name}:{last}."
        )
    return place


def _important(view: RowView, name: str) -> list[Place]:
    """The units of a layer: all where they are few, else those with the largest |y · ∂L/∂y|."""
    y = view.y(name)
    chosen = sorted(largest(y * view.dy(name), view.most))
    return [tuple(int(i) for i in np.unravel_index(index, y.shape)) for index in chosen]


def _path(view: RowView, name: str) -> Iterator[str]:
    """Follow a unit as long as it stays one: through its activation, up to where it is mixed."""
    yield name
    following = view.consumers(name)
    if len(following) == 1 and name not in view.losses:
        node = following[0][0]
        if node.layer.elementwise or node.layer.unit_by_unit:
            yield from _path(view, node.name)
