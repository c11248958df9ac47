"""Each optimiser: by hand, pure, in its own dtype, downhill."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from glassnet import optim
from glassnet.errors import SettingError
from glassnet.optim.base import State
from glassnet.optim.registry import OPTIMIZERS as BY_NAME
from tests.cases import OPTIMIZERS, OptimizerCase

rows = pytest.mark.parametrize("case", OPTIMIZERS, ids=str)


@rows
def test_steps_by_hand(case: OptimizerCase) -> None:
    rule, w, dw = case.make(), np.array([1.0]), np.array([2.0])
    state = rule.start(w)
    for step, expected in enumerate(case.by_hand, start=1):
        w, state = rule.moved(w, dw, state, rule.rate(step), step)
        assert w[0] == pytest.approx(expected, rel=1e-6)


@rows
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_comes_out_is_new_and_keeps_its_dtype(
    case: OptimizerCase, dtype: type[np.floating]
) -> None:
    rule, rng = case.make(), np.random.default_rng(0)
    w, dw = (rng.normal(size=(5, 3)).astype(dtype) for _ in range(2))
    state = rule.start(w)
    assert tuple(state) == rule.slots
    for step in (1, 2):
        given = [w, dw, *state.values()]
        for array in given:
            array.flags.writeable = False
        before, names = [array.copy() for array in given], list(state)
        after, state = rule.moved(w, dw, state, rule.rate(step), step)
        assert list(state) == names
        for array, was in zip(given, before, strict=True):
            np.testing.assert_array_equal(array, was)
        for array in (after, *state.values()):
            assert array.dtype == dtype
            assert array.shape == (5, 3)
            assert np.all(array != 0)
            assert not any(np.shares_memory(array, one) for one in given)
        assert np.all(after != w)
        w = after


class Narrow(np.ndarray):
    """An array that fails as soon as a computation on it gives anything but float32."""

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, out: tuple[Any, ...] = (), **settings: Any
    ) -> Any:
        plain = [x.view(np.ndarray) if isinstance(x, Narrow) else x for x in inputs]
        if out:
            settings["out"] = tuple(x.view(np.ndarray) for x in out)
        result = getattr(ufunc, method)(*plain, **settings)
        assert result.dtype == np.float32, f"{ufunc.__name__} gave {result.dtype}"
        return out[0] if out else result.view(Narrow)


@rows
def test_nothing_on_the_way_is_wider_than_float32(case: OptimizerCase) -> None:
    rule = case.make()
    w, dw = np.ones(3, np.float32).view(Narrow), np.ones(3, np.float32).view(Narrow)
    state: State = {name: array.view(Narrow) for name, array in rule.start(w).items()}
    with pytest.raises(AssertionError, match="float64"):
        dw * np.float64(0.1)
    rule.moved(w, dw, state, rule.rate(1), 1)


@rows
def test_strided_weights_move_like_contiguous_ones(case: OptimizerCase) -> None:
    rule, rng = case.make(), np.random.default_rng(0)
    whole, dw = rng.normal(size=(10, 3)), rng.normal(size=(3, 5)).T
    strided, contiguous = whole[::2], whole[::2].copy()
    one, other = rule.start(strided), rule.start(contiguous)
    for step in (1, 2, 3):
        strided[...], one = rule.moved(strided, dw, one, rule.rate(step), step)
        contiguous, other = rule.moved(contiguous, dw.copy(), other, rule.rate(step), step)
    np.testing.assert_array_equal(strided, contiguous)


@rows
def test_each_number_goes_its_own_way(case: OptimizerCase) -> None:
    """A rule works number by number: half the array moves as it does in the whole."""
    rule, rng = case.make(), np.random.default_rng(0)
    whole = rng.normal(size=(6, 2))
    half = whole[:3].copy()
    one, other = rule.start(whole), rule.start(half)
    for step in (1, 2, 3):
        dw = rng.normal(size=(6, 2))
        whole, one = rule.moved(whole, dw, one, rule.rate(step), step)
        half, other = rule.moved(half, dw[:3], other, rule.rate(step), step)
    np.testing.assert_array_equal(whole[:3], half)


@rows
def test_the_lowest_point_of_a_valley_is_found(case: OptimizerCase) -> None:
    """L = ½ (w₀ - 1)² + 5 (w₁ + 2)², ten times as steep one way as the other.

    Weight decay pulls some off that point, to the w where it balances the step: the others must
    come close, and all must come down.
    """
    rule = case.make()
    target, steepness = np.array([1.0, -2.0]), np.array([1.0, 10.0])
    w = np.array([-1.0, 0.5])
    schedule = optim.CosineDecay(0.1, steps=3000)
    state = rule.start(w)
    for step in range(1, 3001):
        w, state = rule.moved(w, steepness * (w - target), state, schedule(step - 1), step)
    if case.rests:
        np.testing.assert_allclose(w, target, atol=1e-2)
    else:
        assert np.all(np.abs(w) < np.abs(target))
        assert np.all(w * target > 0)


def test_momentum_needs_no_state_when_there_is_none() -> None:
    assert optim.SGD().start(np.zeros(3)) == {}
    assert list(optim.SGD(momentum=0.9).start(np.zeros(3))) == ["v"]


def test_schedules_count_from_the_first_update() -> None:
    seen: list[int] = []

    def schedule(step: int) -> float:
        seen.append(step)
        return 0.5 / (1 + step)

    sgd = optim.SGD(schedule)
    assert [sgd.rate(step) for step in (1, 2, 5)] == [0.5, 0.25, 0.1]
    assert seen == [0, 1, 4]


@pytest.mark.parametrize("rate", [0.5, 1, optim.StepDecay(0.4, factor=0.5, every=2)])
def test_the_rates_of_steps_in_a_row_are_those_of_each(rate: optim.Rate) -> None:
    sgd = optim.SGD(rate)
    assert sgd.rates(2, 5).tolist() == [sgd.rate(step) for step in range(2, 7)]
    assert sgd.rates(2, 5).dtype == np.float64
    assert sgd.rates(1, 0).tolist() == []


@pytest.mark.parametrize("answer", [float("nan"), -0.1, float("inf"), "fast", None, np.ones(1)])
def test_a_schedule_that_gives_no_rate_is_reported(answer: object) -> None:
    def odd(step: int) -> float:  # noqa: ARG001
        return answer  # type: ignore[return-value]

    with pytest.raises(SettingError, match=r"gives a rate in \[0, inf\) .*odd.* at step 6\."):
        optim.SGD(odd).rate(7)


def test_rates_are_plain_floats() -> None:
    """A NumPy float64 rate would turn float32 weights into float64 on the way."""
    assert type(optim.SGD(lambda step: np.float64(0.1)).rate(1)) is float  # noqa: ARG005
    assert type(optim.SGD(np.float32(0.1)).rate(1)) is float  # type: ignore[arg-type]


def test_optimizers_by_name() -> None:
    classes: list[Any] = list(dict.fromkeys(type(case.make()) for case in OPTIMIZERS))
    assert list(BY_NAME) == [cls.__name__.lower() for cls in classes]
    assert [optim.optimizer(name) for name in BY_NAME] == [cls() for cls in classes]
    assert optim.optimizer("sgd", learning_rate=3, momentum=0.5) == optim.SGD(3.0, momentum=0.5)
    mine = optim.RMSprop(0.5)
    assert optim.optimizer(mine) is mine


@pytest.mark.parametrize(
    ("what", "settings", "message"),
    [
        ("adan", {}, "There is no optimiser 'adan'. Did you mean 'adam'?"),
        ("adam", {"beta_1": 0.5}, "There is no setting of Adam 'beta_1'. Did you mean 'beta1'?"),
        (optim.SGD(), {"momentum": 0.5}, "SGD(learning_rate=0.1, momentum=0.0, nesterov=False) "),
    ],
)
def test_what_optimizer_refuses(
    what: str | optim.Optimizer, settings: dict[str, float], message: str
) -> None:
    with pytest.raises(SettingError) as error:
        optim.optimizer(what, **settings)
    assert str(error.value).startswith(message)
