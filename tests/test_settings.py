"""Settings: what is inside an interval. What comes of it is tested with layers and rules."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.settings import inside


@pytest.mark.parametrize(
    ("interval", "within", "outside"),
    [
        ("[0, 1)", [0, 0.5, np.float32(0.5), np.int64(0)], [-0.1, 1, 2, float("nan")]),
        ("(0, 1]", [1e-9, 1], [0, 1.1, "0.5", None, True, 1j, np.array(0.5)]),
        ("[0, inf)", [0, 1e300], [float("inf"), -1, 10**400]),
    ],
)
def test_intervals(interval: str, within: list[object], outside: list[object]) -> None:
    assert all(inside(interval, value) for value in within)
    assert not any(inside(interval, value) for value in outside)
