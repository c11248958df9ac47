"""Lessons: how a model's network was trained, and rows in the form in which it was."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import glassnet as gn
from glassnet.data.meaning import Classes, Images, Values
from glassnet.errors import SettingError
from glassnet.nn.losses import loss_from_config
from glassnet.types import Array


def loss_of(model: gn.Model) -> gn.Loss:
    """The loss that a model was trained by; unless it says, the one that fits its answers."""
    losses: Any = model.provenance.get("settings", {}).get("losses")
    if isinstance(losses, dict) and len(losses) == 1:
        return loss_from_config(*losses.values())
    if isinstance(model.outputs, Values):
        return gn.MeanSquaredError()
    fitting = {"softmax": gn.SoftmaxCrossEntropy(), "sigmoid": gn.SigmoidCrossEntropy()}
    return fitting.get(model.outputs.link, gn.HalfSquaredError())


def optimizer_of(model: gn.Model) -> gn.Optimizer:
    """The optimiser that a model was trained by; Adam unless it says one that can be made again."""
    config: Any = model.provenance.get("settings", {}).get("optimizer")
    try:
        return gn.optimizer_from_config(config) if config else gn.Adam()
    except SettingError:  # its schedule is a function, of which only the name was kept
        return gn.Adam()


def history_of(model: gn.Model) -> gn.History:
    """What training measured; empty unless the model says."""
    epochs = model.provenance.get("history", [])
    figures = [
        {name: math.nan if value is None else value for name, value in epoch.items()}
        for epoch in epochs
    ]
    return gn.History(figures, ended=str(model.provenance.get("ended", "")))


def as_trained(model: gn.Model, rows: gn.Rows) -> gn.Rows:
    """Bring rows to what the network was trained on, and their targets to what its loss takes."""
    x: Any = rows.x
    if isinstance(model.inputs, Images) and not isinstance(x, gn.Pixels) and x.dtype.kind in "iu":
        x = gn.Pixels(x.astype(np.uint8), model.inputs.maximum)
    return gn.Rows(x, _targets(model, rows.t))


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
