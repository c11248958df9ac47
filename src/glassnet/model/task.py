"""Task: what a network is taught: by which loss, from which targets, by which rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from glassnet.data import Dataset
from glassnet.data.meaning import Classes, Outputs, Values
from glassnet.data.rows import Rows, moments, one_hot
from glassnet.errors import SettingError
from glassnet.nn.losses import (
    HalfSquaredError,
    Loss,
    MeanSquaredError,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    loss_from_config,
)
from glassnet.optim import Adam, Optimizer, optimizer_from_config
from glassnet.training.history import History, epochs_from_json
from glassnet.types import Array

METRICS: Mapping[type, tuple[str, ...]] = {Classes: ("accuracy",), Values: ("r2",)}
"""What training measures beside the loss, by the kind of the outputs."""


@dataclass(frozen=True)
class Task:
    """What a network is taught.

    outputs     what its answers mean
    loss        what is minimised
    optimizer   the rule by which

    A data set's targets are class indices k (N,), or values t (N, M) in their units. What the
    network is to say in their place depends on the loss and the outputs:

        softmax cross-entropy           k, as it is: (N,)
        other losses, several outputs   yₙⱼ = 1 if kₙ = j else 0: (N, outputs)
        other losses, one output        k, which is 0 or 1: (N, 1)
        values                          (t - mean) / std: (N, M)
    """

    outputs: Outputs
    loss: Loss
    optimizer: Optimizer

    @classmethod
    def of_data(cls, data: Dataset, optimizer: Optimizer) -> Task:
        """Choose the loss that fits a data set's targets, and what the network's outputs mean.

        Classes are told apart by softmax; values get mean 0 and spread 1 over the training part.
        """
        if isinstance(data.outputs, Classes):
            return cls(replace(data.outputs, link="softmax"), SoftmaxCrossEntropy(), optimizer)
        mean, std = moments("t", data.train.t)
        outputs = replace(data.outputs, mean=tuple(mean), std=tuple(std))
        return cls(outputs, MeanSquaredError(), optimizer)

    @classmethod
    def told_by(cls, provenance: Mapping[str, Any], outputs: Outputs) -> Task:
        """Return what a model was taught, as far as its provenance says.

        Where it does not, the loss is the one that fits its outputs, and the optimiser Adam.
        """
        return cls(outputs, _loss(provenance, outputs), _optimizer(provenance))

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of what training measures beside the loss."""
        return METRICS[type(self.outputs)]

    def targets(self, t: Array) -> Array:
        """Return a data set's targets as the loss takes them."""
        outputs = self.outputs
        if isinstance(outputs, Values):
            t = t.reshape(len(t), -1)
            return (t - np.asarray(outputs.mean)) / np.asarray(outputs.std) if outputs.std else t
        if isinstance(self.loss, SoftmaxCrossEntropy):
            return t
        return t[:, None].astype(np.float32) if outputs.size == 1 else one_hot(t, outputs.size)

    def rows(self, rows: Rows) -> Rows:
        """Return rows with their targets as the loss takes them."""
        t = self.targets(rows.t)
        return rows if t is rows.t else Rows(rows.x, t)


def history_of(provenance: Mapping[str, Any]) -> History:
    """Return what training measured; empty where a model does not say."""
    epochs = epochs_from_json(provenance.get("history", []))
    return History(epochs, ended=str(provenance.get("ended", "")))


def setting_of(provenance: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return one of the settings of training that is a JSON object; {} where there is none."""
    settings: Any = provenance.get("settings")
    setting: Any = settings.get(name) if isinstance(settings, dict) else None
    return setting if isinstance(setting, dict) else {}


def _loss(provenance: Mapping[str, Any], outputs: Outputs) -> Loss:
    losses = [one for one in setting_of(provenance, "losses").values() if isinstance(one, dict)]
    if len(losses) == 1:
        return loss_from_config(*losses)
    if isinstance(outputs, Values):
        return MeanSquaredError()
    fitting = {"softmax": SoftmaxCrossEntropy(), "sigmoid": SigmoidCrossEntropy()}
    return fitting.get(outputs.link, HalfSquaredError())


def _optimizer(provenance: Mapping[str, Any]) -> Optimizer:
    config = setting_of(provenance, "optimizer")
    try:
        return optimizer_from_config(config) if config else Adam()
    except SettingError:  # its schedule is a function, of which only the name was kept
        return Adam()
