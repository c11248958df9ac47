"""Whole trainings beside PyTorch's: the same weights, batches and rules, 1,000 steps, float64."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from tests.cases import OPTIMIZERS, OptimizerCase

torch: Any = pytest.importorskip("torch", reason="needs PyTorch: make oracle")
pytestmark = pytest.mark.oracle

ROWS, BATCH, EPOCHS = 320, 32, 100
RATE = 1e-3  # at larger ones RMSprop jumps about, and makes much of the last bit of each number


@pytest.mark.parametrize("case", OPTIMIZERS, ids=str)
def test_a_network_trained_by_both_ends_alike(case: OptimizerCase) -> None:
    """The labels say nothing of the rows: gradients that shrink to rounding would differ in it.

    For the same reason there is no bias before BatchNorm, where its gradient is 0.
    """
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(ROWS, 8)), rng.integers(0, 10, ROWS)
    layers = [gn.Dense(12, bias=False), gn.BatchNorm(), gn.Tanh(), gn.Dense(10)]
    net = gn.Sequential(layers, input_shape=8, seed=0, dtype="float64")

    first = torch.nn.Linear(8, 12, bias=False)
    norm, last = torch.nn.BatchNorm1d(12), torch.nn.Linear(12, 10)
    theirs = torch.nn.Sequential(first, norm, torch.nn.Tanh(), last).double()
    own = net.parameters()
    with torch.no_grad():
        first.weight.copy_(torch.tensor(own["dense_1.W"].T))
        last.weight.copy_(torch.tensor(own["dense_2.W"].T))
        last.bias.copy_(torch.tensor(own["dense_2.b"]))

    ours = replace(case.make(), learning_rate=RATE)
    trainer = gn.Trainer(net, gn.SoftmaxCrossEntropy(), ours)
    trainer.fit((x, t), epochs=EPOCHS, batch_size=BATCH, shuffle=False, progress=False)
    assert trainer.step == 1000

    their_step = case.torch(list(theirs.parameters()), RATE)
    rows, targets = torch.tensor(x), torch.tensor(t)
    for _ in range(EPOCHS):
        for start in range(0, ROWS, BATCH):
            batch = slice(start, start + BATCH)
            loss = torch.nn.functional.cross_entropy(theirs(rows[batch]), targets[batch])
            theirs.zero_grad()
            loss.backward()
            their_step()

    found = {
        "dense_1.W": first.weight.T,
        "batchnorm_1.gamma": norm.weight,
        "batchnorm_1.beta": norm.bias,
        "dense_2.W": last.weight.T,
        "dense_2.b": last.bias,
        "batchnorm_1.running_mean": norm.running_mean,
        "batchnorm_1.running_var": norm.running_var,
    }
    for name, array in net.arrays().items():
        np.testing.assert_allclose(
            array, found[name].detach().numpy(), rtol=0, atol=1e-10, err_msg=name
        )
