"""The doctor goes by what a layer says of itself, whoever wrote it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import glassnet as gn
from tests import own_layers as own

RNG = np.random.default_rng(0)
X, T = RNG.normal(size=(200, 2)), RNG.integers(2, size=200)
CE, MSE = gn.SoftmaxCrossEntropy(), gn.MeanSquaredError()


def found(*layers: gn.Layer, loss: Any = CE, t: Any = T, **parameters: Any) -> gn.Diagnosis:
    net = gn.Sequential(layers, input_shape=2, seed=0)
    for name, value in parameters.items():
        net.parameters()[".".join(name.rsplit("_", 1))][...] = value
    return gn.diagnose(net, X, t, loss)


def finding_of(diagnosis: gn.Diagnosis, name: str) -> gn.Finding:
    assert name in diagnosis.names, diagnosis
    return next(one for one in diagnosis if one.name == name)


@pytest.mark.parametrize("far", [-50, 50])
def test_units_are_dead_where_the_layer_is_flat(far: float) -> None:
    b = [far] * 12 + [0] * 8
    diagnosis = found(gn.Dense(20), own.Clipped(), gn.Dense(2), dense_1_b=b)
    dead = finding_of(diagnosis, "dead-relu")
    assert (dead.severity, dead.where) == ("problem", "clipped_1")
    assert dead.evidence.startswith("12 of 20 units")


def test_soft_steps_saturate() -> None:
    steep = found(gn.Dense(16, gn.Normal(0, 500)), own.Arctan(), gn.Dense(2))
    saturated = finding_of(steep, "saturated")
    assert (saturated.severity, saturated.where) == ("problem", "arctan_1")
    assert "saturated" not in found(gn.Dense(16), own.Arctan(), gn.Dense(2)).names


def test_soft_steps_are_advised_against_where_gradients_vanish() -> None:
    small = gn.Normal(0, 0.03)
    deep = [layer for _ in range(8) for layer in (gn.Dense(16, small), own.Arctan())]
    vanishing = finding_of(found(*deep, gn.Dense(2)), "vanishing-gradient")
    assert "in place of" in vanishing.advice


def test_a_bounded_last_layer_before_a_loss_that_wants_logits() -> None:
    squeezed = finding_of(found(gn.Dense(2), own.Shares()), "logits-bounded")
    assert "Shares(), which answers from 0 to 1 only" in squeezed.evidence


def test_targets_that_a_last_layer_cannot_give() -> None:
    far = finding_of(
        found(gn.Dense(1), own.Arctan(), loss=MSE, t=2 * X[:, :1]), "targets-out-of-reach"
    )
    assert "outside -1.5708..1.5708" in far.evidence
    last = finding_of(found(gn.Dense(1), own.Clipped(), loss=MSE, t=abs(X[:, :1])), "relu-last")
    assert last.evidence.startswith("The last layer is Clipped: where it answers 0 or 6, no")


def test_weighted_sums_are_looked_at_as_dense_layers_are() -> None:
    diagnosis = found(own.Sums(8), own.Sums(2), sums_1_W=0.1)
    assert finding_of(diagnosis, "same-units").where == "sums_1"
    assert finding_of(diagnosis, "linear-stack").where == "sums_2"
