"""What all rules have in common: settings that are checked, descriptions that bring them back."""

from __future__ import annotations

import dataclasses
import json
from inspect import isabstract
from typing import Any

import numpy as np
import pytest

from glassnet import optim
from glassnet.errors import SettingError
from tests.cases import CLIPPINGS, OPTIMIZERS, PENALTIES, SCHEDULES, Case, OptimizerCase

ROWS: list[Case[Any]] = [*OPTIMIZERS, *SCHEDULES, *PENALTIES, *CLIPPINGS]


def test_every_exported_rule_has_a_row() -> None:
    exported = {
        cls
        for cls in vars(optim).values()
        if isinstance(cls, type) and issubclass(cls, optim.Rule) and not isabstract(cls)
    }
    assert exported - {optim.Rule, optim.Penalty} == {type(case.make()) for case in ROWS}


@pytest.mark.parametrize("case", ROWS, ids=str)
def test_a_rule_comes_back_from_its_description(case: Case[optim.Rule]) -> None:
    rule = case.make()
    assert optim.rule_from_config(json.loads(json.dumps(rule.config()))) == rule


@pytest.mark.parametrize("case", ROWS, ids=str)
def test_a_rule_is_fixed_for_life(case: Case[optim.Rule]) -> None:
    rule = case.make()
    setting = dataclasses.fields(rule)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(rule, setting, 0.5)


def test_a_schedule_inside_is_described_in_turn() -> None:
    adam = optim.Adam(optim.WarmUp(5, optim.CosineDecay(0.1, steps=100)))
    assert adam.config() == {
        "class": "Adam",
        "learning_rate": {
            "class": "WarmUp",
            "steps": 5,
            "then": {"class": "CosineDecay", "initial": 0.1, "steps": 100, "final": 0.0},
        },
        "beta1": 0.9,
        "beta2": 0.999,
        "epsilon": 1e-8,
    }
    assert optim.optimizer_from_config(adam.config()) == adam


def test_a_function_is_recorded_but_refused() -> None:
    config = optim.SGD(learning_rate=abs).config()
    assert config["learning_rate"] == {"callable": "<built-in function abs>"}
    with pytest.raises(SettingError, match=r"cannot be rebuilt .*<built-in function abs>"):
        optim.optimizer_from_config(config)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"class": "Adma"}, "There is no rule 'Adma'. Did you mean 'Adam'?"),
        ({"class": "__init__"}, "There is no rule '__init__'."),
        ({}, "There is no rule None."),
        ({"class": ["Adam"]}, "There is no rule"),
        ({"class": "Adam", "beta": 0.9}, "There is no setting of Adam 'beta'."),
        ({"class": "Adam", "beta1": 1.5}, "Adam expects beta1 in [0, 1), got 1.5."),
        ({"class": "SGD", "learning_rate": {"class": "StepDecay", "initial": 1, "factor": 0.5}},
         "StepDecay expects a setting every, got none."),
        ({"class": "L2", "strength": 1}, "An optimiser was expected, got the description of L2("),
    ],
)  # fmt: skip
def test_descriptions_that_cannot_be_rebuilt(config: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError) as error:
        optim.optimizer_from_config(config)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("rule", "settings", "message"),
    [
        (optim.SGD, {"learning_rate": float("nan")}, "learning_rate in [0, inf), got nan."),
        (optim.SGD, {"learning_rate": float("inf")}, "learning_rate in [0, inf), got inf."),
        (optim.SGD, {"learning_rate": True}, "learning_rate in [0, inf), got True."),
        (optim.SGD, {"learning_rate": "fast"}, "learning_rate in [0, inf), got 'fast'."),
        (
            optim.SGD,
            {"nesterov": True},
            "a momentum above 0 with nesterov=True, got 0. Try momentum=0.9.",
        ),
        (
            optim.StepDecay,
            {"initial": -1, "factor": 0.5, "every": 1},
            "initial in [0, inf), got -1.",
        ),
        (optim.StepDecay, {"initial": 1, "factor": 0, "every": 1}, "factor in (0, 1], got 0."),
        (
            optim.StepDecay,
            {"initial": 1, "factor": 0.5, "every": 0},
            "every, a whole number of 1 or more, got 0.",
        ),
        (
            optim.ExponentialDecay,
            {"initial": -1, "factor": 0.5, "every": 1},
            "initial in [0, inf), got -1.",
        ),
        (
            optim.ExponentialDecay,
            {"initial": 1, "factor": 1.1, "every": 1},
            "factor in (0, 1], got 1.1.",
        ),
        (
            optim.ExponentialDecay,
            {"initial": 1, "factor": 0.5, "every": 1.5},
            "every, a whole number of 1 or more, got 1.5.",
        ),
        (optim.CosineDecay, {"initial": -1, "steps": 9}, "initial in [0, inf), got -1."),
        (optim.CosineDecay, {"initial": 1, "steps": 9, "final": -1}, "final in [0, inf), got -1."),
        (
            optim.CosineDecay,
            {"initial": 1, "steps": True},
            "steps, a whole number of 1 or more, got True.",
        ),
        (optim.OneCycle, {"peak": -1, "steps": 9}, "peak in [0, inf), got -1."),
        (optim.OneCycle, {"peak": 1, "steps": 9, "rise": 1}, "rise in [0, 1), got 1."),
        (
            optim.OneCycle,
            {"peak": 1, "steps": 9, "start_divisor": 0},
            "start_divisor in [1, inf), got 0.",
        ),
        (
            optim.OneCycle,
            {"peak": 1, "steps": 9, "final_divisor": 0},
            "final_divisor in [1, inf), got 0.",
        ),
        (optim.OneCycle, {"peak": 1, "steps": 0}, "steps, a whole number of 1 or more, got 0."),
        (optim.WarmUp, {"steps": 0, "then": 0.1}, "steps, a whole number of 1 or more, got 0."),
        (optim.WarmUp, {"steps": 1, "then": -1}, "then in [0, inf), got -1."),
        (optim.L1, {"strength": -1}, "strength in [0, inf), got -1."),
        (optim.L2, {"strength": abs}, "strength in [0, inf), got <built-in function abs>."),
        (optim.MaxNorm, {"limit": 0}, "limit in (0, inf), got 0."),
        (optim.ClipValue, {"limit": 0}, "limit in (0, inf), got 0."),
        (optim.ClipNorm, {"limit": -1}, "limit in (0, inf), got -1."),
    ],
)
def test_settings_outside_their_range_are_refused(
    rule: type[optim.Rule], settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingError) as error:
        rule(**settings)
    assert str(error.value) == f"{rule.__name__} expects {message}"


@pytest.mark.parametrize("case", OPTIMIZERS, ids=str)
def test_settings_of_an_optimizer_outside_their_range_are_refused(case: OptimizerCase) -> None:
    rule = case.make()
    refuses: dict[str, tuple[Any, str]] = {"learning_rate": (-1, "[0, inf)"), **case.refuses}
    for setting, (outside, interval) in refuses.items():
        with pytest.raises(SettingError) as error:
            dataclasses.replace(rule, **{setting: outside})
        name = type(rule).__name__
        assert str(error.value) == f"{name} expects {setting} in {interval}, got {outside!r}."


def test_settings_are_kept_as_plain_numbers() -> None:
    decay = optim.StepDecay(np.float64(0.1), np.float32(0.5), np.int32(3))  # type: ignore[arg-type]
    assert [type(setting) for setting in vars(decay).values()] == [float, float, int]
