"""The figures that the tutorial prints, digit by digit."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.recipes import Options
from glassnet.recipes.eleven_lines import (
    EXCLUSIVE_OR,
    FIRST_INPUT,
    JAVASCRIPT,
    Loop,
    run,
    three_layers,
    two_layers,
)


def test_two_layers() -> None:
    loop = Loop(FIRST_INPUT, two_layers())
    loop.iterate(9_999)
    printed = [0.00966449, 0.00786506, 0.99358898, 0.99211957]
    np.testing.assert_allclose(loop.outputs(), printed, rtol=0, atol=5.1e-9)
    loop.iterate(1)
    (W,) = loop.weights()
    printed = [9.67299303, -0.2078435, -4.62963669]
    np.testing.assert_allclose(W.ravel(), printed, rtol=0, atol=5.1e-9)


def test_three_layers() -> None:
    loop = Loop(EXCLUSIVE_OR, three_layers())
    errors = []
    for times in (10_000, 40_000, 9_999):
        errors.append(loop.error())
        loop.iterate(times)
    printed = [0.49641003, 0.00858453, 0.00351012]
    np.testing.assert_allclose(errors, printed, rtol=0, atol=5.1e-9)
    printed = [0.00260572, 0.99672209, 0.99701711, 0.00386759]
    np.testing.assert_allclose(loop.outputs(), printed, rtol=0, atol=5.1e-9)


def test_the_javascript_version() -> None:
    loop = Loop(EXCLUSIVE_OR, JAVASCRIPT)
    loop.iterate(999)
    printed = [0.02379764, 0.95447868, 0.94927621, 0.05913]
    np.testing.assert_allclose(loop.outputs(), printed, rtol=0, atol=5.1e-9)


def test_delta_is_error_times_slope(quick: Options, capsys: pytest.CaptureFixture[str]) -> None:
    run(quick)
    out = capsys.readouterr().out
    assert "[0.00966449 0.00786506 0.99358898 0.99211957]" in out
    rows = [line.split("]")[1].split() for line in out.splitlines() if line.startswith("[0 1 1]")]
    assert len(rows) == 3
    for row in rows:
        target, output, error, slope, delta = map(float, row)
        assert error == pytest.approx(target - output, abs=2e-6)
        assert slope == pytest.approx(output * (1 - output), abs=2e-6)
        assert delta == pytest.approx(error * slope, abs=2e-6)
