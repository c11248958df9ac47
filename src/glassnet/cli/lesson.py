"""Lessons: how a model's network was trained, and rows in the form in which it was."""

from __future__ import annotations

from typing import Any

import numpy as np

import glassnet as gn
from glassnet.data.meaning import Classes, Values
from glassnet.errors import SettingError
from glassnet.nn.losses import loss_from_config
from glassnet.training.history import epochs_from_json
from glassnet.types import Array


def loss_of(model: gn.Model) -> gn.Loss:
    """The loss that a model was trained by; unless it says, the one that fits its answers."""
    losses = [one for one in _setting(model, "losses").values() if isinstance(one, dict)]
    if len(losses) == 1:
        return loss_from_config(*losses)
    if isinstance(model.outputs, Values):
        return gn.MeanSquaredError()
    fitting = {"softmax": gn.SoftmaxCrossEntropy(), "sigmoid": gn.SigmoidCrossEntropy()}
    return fitting.get(model.outputs.link, gn.HalfSquaredError())


def optimizer_of(model: gn.Model) -> gn.Optimizer:
    """The optimiser that a model was trained by; Adam unless it says one that can be made again."""
    config = _setting(model, "optimizer")
    try:
        return gn.optimizer_from_config(config) if config else gn.Adam()
    except SettingError:  # its schedule is a function, of which only the name was kept
        return gn.Adam()


def history_of(model: gn.Model) -> gn.History:
    """What training measured; empty unless the model says."""
    told: Any = model.provenance
    return gn.History(epochs_from_json(told.get("history", [])), ended=str(told.get("ended", "")))


def as_trained(model: gn.Model, rows: gn.Rows) -> gn.Rows:
    """Bring targets to what the loss of a model takes; rows are what its network takes."""
    return gn.Rows(rows.x, _targets(model, rows.t))


def _setting(model: gn.Model, name: str) -> dict[str, Any]:
    """A setting that is an object; an empty one where the model has none."""
    settings: Any = model.provenance.get("settings")
    setting: Any = settings.get(name) if isinstance(settings, dict) else None
    return setting if isinstance(setting, dict) else {}


def _targets(model: gn.Model, t: Array) -> Array:
    outputs = model.outputs
    if isinstance(outputs, Classes):
        if isinstance(loss_of(model), gn.SoftmaxCrossEntropy):
            return t
        return t[:, None].astype(float) if outputs.size == 1 else gn.one_hot(t, outputs.size)
    t = t.reshape(len(t), -1)
    if outputs.std:
        t = (t - np.asarray(outputs.mean)) / np.asarray(outputs.std)
    return t
