"""First weights: their spread against the formulas, and their descriptions."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from glassnet import nn
from glassnet.errors import SettingError
from glassnet.nn.config import network_from_config
from glassnet.nn.initializers import FUNCTIONS, describe, initializer

IN, OUT = 300, 500
VARIANCES = [
    (nn.lecun_normal, 1 / IN),
    (nn.lecun_uniform, 1 / IN),
    (nn.glorot_normal, 2 / (IN + OUT)),
    (nn.glorot_uniform, 2 / (IN + OUT)),
    (nn.he_normal, 2 / IN),
    (nn.he_uniform, 2 / IN),
    (nn.Normal(std=0.3), 0.09),
    (nn.Uniform(-0.3, 0.3), 0.03),
    (nn.Constant(2.0), 0.0),
    (nn.zeros, 0.0),
    (nn.ones, 0.0),
]
rows = pytest.mark.parametrize(("init", "variance"), VARIANCES, ids=lambda v: str(describe(v)))


def draw(init: nn.Initializer) -> np.ndarray[Any, np.dtype[np.float64]]:
    return init((IN, OUT), np.random.default_rng(0))


def test_every_named_initialiser_has_a_row() -> None:
    assert {f.__name__ for f in FUNCTIONS.values()} <= {
        getattr(init, "__name__", None) for init, _ in VARIANCES
    }


@rows
def test_the_variance_is_that_of_the_formula(init: nn.Initializer, variance: float) -> None:
    """150,000 draws: the variance of a sample is off by about 0.4 % of itself."""
    w = draw(init)
    assert w.shape == (IN, OUT)
    assert w.dtype == np.float64
    assert w.var() == pytest.approx(variance, rel=0.02)


@pytest.mark.parametrize(
    ("init", "bound"),
    [
        (nn.lecun_uniform, (3 / IN) ** 0.5),
        (nn.glorot_uniform, (6 / (IN + OUT)) ** 0.5),
        (nn.he_uniform, (6 / IN) ** 0.5),
    ],
)
def test_uniform_weights_fill_their_interval(init: nn.Initializer, bound: float) -> None:
    w = draw(init)
    assert -bound <= w.min() < -0.999 * bound
    assert 0.999 * bound < w.max() < bound


def test_means_and_values() -> None:
    assert draw(nn.Normal(3.0, 0.1)).mean() == pytest.approx(3, abs=0.01)
    assert draw(nn.Uniform(1.0, 3.0)).mean() == pytest.approx(2, abs=0.01)
    np.testing.assert_array_equal(nn.Constant(2.0)((2,), np.random.default_rng(0)), [2, 2])
    np.testing.assert_array_equal(nn.ones((2,), np.random.default_rng(0)), [1, 1])


@rows
def test_a_description_makes_the_same_initialiser(init: nn.Initializer, variance: float) -> None:
    again = initializer(json.loads(json.dumps(describe(init))))
    assert again == init
    assert draw(again).var() == pytest.approx(variance, rel=0.02)


def test_an_initialiser_of_ones_own_has_no_description() -> None:
    def mine(shape: Any, rng: Any, /) -> Any:
        return rng.normal(size=shape)

    assert describe(mine) is None
    assert initializer(mine) is mine
    net = nn.Sequential([nn.Dense(2, init=mine)], 3, seed=0)
    again = network_from_config(net.config(), net.arrays())
    np.testing.assert_array_equal(again(np.eye(3)), net(np.eye(3)))


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: nn.Normal(std=-1.0), r"Normal expects std in \[0, inf\), got -1.0"),
        (lambda: nn.Normal(mean="0"), r"Normal expects mean in \(-inf, inf\), got '0'"),  # type: ignore[arg-type]
        (lambda: nn.Uniform(1.0, -1.0), "Uniform expects low ≤ high, got 1.0 and -1.0"),
        (lambda: nn.Uniform(low=float("nan")), r"Uniform expects low in \(-inf, inf\), got nan"),
        (lambda: nn.Constant(None), r"Constant expects value in \(-inf, inf\), got None"),  # type: ignore[arg-type]
        (lambda: initializer("he_norma"), "no initialiser 'he_norma'. Did you mean 'he_normal'"),
        (lambda: initializer({"name": "normal", "sd": 1}), "'normal' does not take {'sd': 1}"),
        (lambda: initializer({"name": "zeros", "std": 1}), "'zeros' does not take {'std': 1}"),
        (lambda: initializer(3), "no initialiser 3"),
        (lambda: initializer([]), r"no initialiser \[\]"),
    ],
)
def test_what_is_no_initialiser(make: Any, text: str) -> None:
    with pytest.raises(SettingError, match=text):
        make()
