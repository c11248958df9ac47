"""Every loss against PyTorch: the loss of each row, and the gradient of their weighted mean."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from glassnet.nn import Frame
from tests.cases import LOSSES, LossCase
from tests.jacobian import assert_close

torch: Any = pytest.importorskip("torch", reason="needs PyTorch: make oracle")
pytestmark = pytest.mark.oracle


@pytest.mark.parametrize("case", LOSSES, ids=str)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-5)])
def test_rows_and_gradients_agree(case: LossCase, dtype: str, tolerance: float) -> None:
    loss, frame, rng = case.make(), Frame(), np.random.default_rng(0)
    y, t = case.draw(rng, 7)
    y, t = y.astype(dtype), loss.targets(t, y.shape[1:], dtype)
    y_torch = torch.tensor(y, requires_grad=True)
    theirs = case.torch(y_torch, torch.tensor(t))
    assert_close(loss.forward(y, t, frame), theirs.detach().numpy(), tolerance)
    dl = rng.uniform(size=7).astype(dtype)
    theirs.backward(torch.tensor(dl))
    assert_close(loss.backward(dl[:, None], frame), y_torch.grad.numpy(), tolerance)
