"""Every layer against PyTorch: outputs, gradients and running statistics."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from glassnet.nn import BatchNorm, Dense, MeanSquaredError, Sequential
from tests.cases import LAYERS, MERGES, LayerCase
from tests.jacobian import assert_close
from tests.nn.calls import backward, built, forward, frame_for, inputs

torch: Any = pytest.importorskip("torch", reason="needs PyTorch: make oracle")
pytestmark = pytest.mark.oracle

TOLERANCE = {"float64": 1e-12, "float32": 1e-5}
rows = pytest.mark.parametrize(
    "case", [c for c in (*LAYERS, *MERGES) if callable(c.torch)], ids=str
)


@rows
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_outputs_and_gradients_agree(case: LayerCase, dtype: str) -> None:
    layer, frame = built(case, dtype), frame_for(case)
    xs = [x.astype(dtype) for x in inputs(case, 7)]
    arrays = {name: torch.tensor(array) for name, array in layer.arrays().items()}
    tensors = [torch.tensor(x, requires_grad=True) for x in xs]
    for name in set(layer.params) & arrays.keys():
        arrays[name].requires_grad_()

    y, theirs = forward(layer, xs, frame), case.twin(arrays, *tensors)
    assert_close(y, theirs.detach().numpy(), TOLERANCE[dtype])
    dy = np.random.default_rng(0).normal(size=y.shape).astype(dtype)
    theirs.backward(torch.tensor(dy))
    for dx, tensor in zip(backward(layer, dy, frame), tensors, strict=True):
        assert_close(dx, tensor.grad.numpy(), TOLERANCE[dtype])
    for name, dw in frame.gradients.items():
        assert_close(dw, arrays[name].grad.numpy(), TOLERANCE[dtype])


def test_batch_norms_running_statistics_agree_over_several_batches() -> None:
    """The momentum of PyTorch is the share of the new statistic, ours that of the old."""
    ours = Sequential([Dense(3), BatchNorm(momentum=0.8)], 4, seed=0, dtype="float64")
    theirs = torch.nn.BatchNorm1d(3, momentum=0.2, dtype=torch.float64)
    rng = np.random.default_rng(0)
    for rows in (5, 2, 9):
        x = rng.normal(1, 2, (rows, 4))
        p = ours.run(x, x[:, :3], MeanSquaredError(), training=True)
        theirs(torch.tensor(p["dense_1"].y))
        p.apply_updates()
    for name in ("running_mean", "running_var"):
        ours_now, theirs_now = ours.buffers()[f"batchnorm_1.{name}"], getattr(theirs, name).numpy()
        assert_close(ours_now, theirs_now, 1e-12)
