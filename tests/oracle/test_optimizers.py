"""The rules against those of PyTorch, in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from glassnet import optim
from tests.cases import OPTIMIZERS, OptimizerCase

torch: Any = pytest.importorskip("torch", reason="needs PyTorch: make oracle")
pytestmark = pytest.mark.oracle


@pytest.mark.parametrize("case", OPTIMIZERS, ids=str)
def test_a_thousand_steps_agree(case: OptimizerCase) -> None:
    """L = ½ Σ a (w - b)² plus noise, so that no gradient ever stays small."""
    rule, rng = case.make(), np.random.default_rng(0)
    w = rng.normal(size=(7, 5))
    a, b = rng.uniform(0.1, 3, w.shape), rng.normal(size=w.shape)
    w_torch = torch.tensor(w.copy(), requires_grad=True)
    their_step = case.torch([w_torch], 0.1)
    state = rule.start(w)
    for step in range(1, 1001):
        noise = rng.normal(size=w.shape)
        w, state = rule.moved(w, a * (w - b) + noise, state, rule.rate(step), step)
        w_now = w_torch.detach().numpy()
        w_torch.grad = torch.from_numpy(a * (w_now - b) + noise)
        their_step()
    np.testing.assert_allclose(w, w_torch.detach().numpy(), rtol=0, atol=1e-10)


SCHEDULERS = [
    (optim.StepDecay(0.1, 0.5, 30), "StepLR", {"step_size": 30, "gamma": 0.5}),
    (optim.ExponentialDecay(0.1, 0.9, 1), "ExponentialLR", {"gamma": 0.9}),
    (optim.CosineDecay(0.1, 100, 0.01), "CosineAnnealingLR", {"T_max": 100, "eta_min": 0.01}),
    (optim.OneCycle(0.1, 100), "OneCycleLR", {"max_lr": 0.1, "total_steps": 100}),
    (
        optim.OneCycle(0.1, 100, rise=0.27, start_divisor=3, final_divisor=7),
        "OneCycleLR",
        {"max_lr": 0.1, "total_steps": 100, "pct_start": 0.27, "div_factor": 3,
         "final_div_factor": 7},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("schedule", "name", "settings"), SCHEDULERS, ids=str)
def test_schedules_agree(schedule: optim.Schedule, name: str, settings: dict[str, Any]) -> None:
    sgd = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    theirs = getattr(torch.optim.lr_scheduler, name)(sgd, **settings)
    for step in range(100):
        assert schedule(step) == pytest.approx(sgd.param_groups[0]["lr"], rel=1e-10), step
        if step < 99:
            sgd.step()
            theirs.step()


@pytest.mark.parametrize("limit", [0.5, 1e6])
def test_clipping_agrees(limit: float) -> None:
    """Theirs divides by the norm + 1e-6, so a clipped gradient is shorter by 1e-6 / norm."""
    rng = np.random.default_rng(0)
    gradients = {"W": rng.normal(size=(6, 4)), "b": rng.normal(size=4)}
    norm = np.sqrt(sum(np.sum(g**2) for g in gradients.values()))
    parameters = [torch.zeros(g.shape, dtype=torch.float64) for g in gradients.values()]
    for p, g in zip(parameters, gradients.values(), strict=True):
        p.grad = torch.tensor(g)
    torch.nn.utils.clip_grad_norm_(parameters, limit)
    shorter = norm / (norm + 1e-6) if norm > limit else 1
    for p, g in zip(parameters, optim.ClipNorm(limit)(gradients).values(), strict=True):
        np.testing.assert_allclose(g * shorter, p.grad.numpy(), rtol=1e-14)
