"""diagnose(): every look the doctor takes, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from glassnet.doctor import (
    dead_units,
    gradient_flow,
    inputs,
    leaks,
    learning_rate,
    not_finite,
    output_layer,
    overfitting,
    saturation,
    structure,
    targets,
    updates,
)
from glassnet.doctor.finding import Diagnosis, Finding
from glassnet.doctor.patient import Patient
from glassnet.engines.base import Examples
from glassnet.errors import DataError, ShapeError
from glassnet.nn.losses import Loss
from glassnet.nn.network import Network, match
from glassnet.optim import Optimizer
from glassnet.optim import optimizer as make_optimizer
from glassnet.training.examples import Data, make_examples
from glassnet.training.history import Figures, History

Look = Callable[[Patient], Iterable[Finding]]
OF_DATA: tuple[Look, ...] = (inputs.look, targets.look, leaks.look)
OF_FORM: tuple[Look, ...] = (output_layer.look, structure.look)
OF_STATE: tuple[Look, ...] = (dead_units.look, saturation.look, gradient_flow.look)
OF_TRAINING: tuple[Look, ...] = (overfitting.look,)
OF_TRIAL: tuple[Look, ...] = (updates.look, learning_rate.look)


def diagnose(
    net: Network,
    x: Any,
    t: Any,
    loss: Loss | Sequence[Loss] | Mapping[str, Loss],
    *,
    validation: Data | None = None,
    history: History | Sequence[Figures] | None = None,
    optimizer: Optimizer | str = "adam",
    columns: Sequence[str] = (),
) -> Diagnosis:
    """Say what is wrong with a network, its data or its training.

    x, t        the training rows
    validation  rows that are not trained on: ``data.validation``, or a pair (x, t)
    history     what `Trainer.fit` returned
    optimizer   by which it is or will be trained: a short trial on copies uses it
    columns     what findings call the input's columns; unless given, they go by their numbers

    The network is left as it is. Rows that are not finite are a finding, not an error.
    """
    losses = net.losses(loss)
    if hopeless := list(output_layer.too_few(net, losses, t)):
        return Diagnosis(hopeless)
    patient = Patient(
        network=net,
        losses=losses,
        examples=_examples(net, losses, x, t),
        validation=None if validation is None else make_examples(net, losses, validation),
        history=None if history is None else _history(history),
        optimizer=make_optimizer(optimizer),
        columns=columns,
    )
    return Diagnosis(examine(patient, OF_DATA, OF_FORM, OF_STATE, OF_TRAINING, OF_TRIAL))


def examine(patient: Patient, *looks: Sequence[Look]) -> list[Finding]:
    """Take some looks; where a number is not finite, that alone counts, with what the history says.

    What does not depend on numbers that were computed, the form, is always looked at.
    """
    if lost := list(not_finite.look(patient)):
        return [*lost, *_all(patient, OF_FORM)]
    return _all(patient, [look for some in looks for look in some])


def _all(patient: Patient, looks: Iterable[Look]) -> list[Finding]:
    with np.errstate(all="ignore"):
        return [finding for look in looks for finding in look(patient)]


def _examples(net: Network, losses: Mapping[str, Loss], x: Any, t: Any) -> Examples:
    """Match rows to the network as `make_examples` does, but let numbers that are not finite be."""
    try:
        xs = {
            name: np.asarray(value, net.dtype)
            for name, value in match(tuple(net.inputs), x, "inputs").items()
        }
    except (TypeError, ValueError) as error:
        raise DataError(f"diagnose expects rows of numbers: {error}.") from None
    net.expect_inputs(xs)
    ts = net.targets(losses, t)
    rows = len(next(iter(xs.values())))
    for name, target in ts.items():
        if len(target) != rows:
            raise ShapeError(f"{rows} rows came with {len(target)} targets for {name!r}.")
    if not rows:
        raise DataError("diagnose expects at least one row, got none.")
    return Examples(xs, ts)


def _history(given: History | Sequence[Figures]) -> History:
    return given if isinstance(given, History) else History(list(given))
