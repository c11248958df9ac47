"""Rules by name: the optimisers of the command line, and any rule from its description."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar

from glassnet.errors import SettingError, one_of
from glassnet.optim.adagrad import Adagrad
from glassnet.optim.adam import Adam, AdamW
from glassnet.optim.base import Optimizer
from glassnet.optim.clipping import ClipNorm, ClipValue
from glassnet.optim.lion import Lion
from glassnet.optim.penalties import L1, L2, MaxNorm
from glassnet.optim.rmsprop import RMSprop
from glassnet.optim.rule import Rule
from glassnet.optim.schedules import CosineDecay, ExponentialDecay, OneCycle, StepDecay, WarmUp
from glassnet.optim.sgd import SGD
from glassnet.settings import expect_kind, named

OPTIMIZERS: dict[str, type[Optimizer]] = {
    cls.__name__.lower(): cls for cls in (SGD, RMSprop, Adagrad, Adam, AdamW, Lion)
}
_RULES: list[type[Rule]] = [
    *OPTIMIZERS.values(),
    *(StepDecay, ExponentialDecay, CosineDecay, OneCycle, WarmUp),
    *(L1, L2, MaxNorm),
    *(ClipValue, ClipNorm),
]
RULES: dict[str, type[Rule]] = {cls.__name__: cls for cls in _RULES}

R = TypeVar("R", bound=Rule)


def optimizer(what: str | Optimizer, **settings: Any) -> Optimizer:
    """Return the optimiser of that name with these settings, or `what` itself if it is one."""
    if isinstance(what, Optimizer):
        if settings:
            raise SettingError(f"{what} has its settings already, got {settings} as well.")
        return what
    expect_kind("optimizer", what, str, "gn.Adam(1e-3) or 'adam'")
    return _make(named("optimiser", what, OPTIMIZERS), settings)


def rule_from_config(config: Mapping[str, Any]) -> Rule:
    """Rebuild the optimiser, schedule, penalty or clipping that `Rule.config` described."""
    if "callable" in config:
        raise SettingError(
            f"A function cannot be rebuilt from its description, {config['callable']}. "
            "Pass it again, or use one of the schedules of glassnet.optim."
        )
    settings = dict(config)
    cls = named("rule", settings.pop("class", None), RULES)
    return _make(cls, {key: _rebuilt(value) for key, value in settings.items()})


def optimizer_from_config(config: Mapping[str, Any]) -> Optimizer:
    """Rebuild the optimiser that `Optimizer.config` described."""
    rule = rule_from_config(config)
    if not isinstance(rule, Optimizer):
        raise SettingError(f"An optimiser was expected, got the description of {rule}.")
    return rule


def _rebuilt(setting: Any) -> Any:
    return rule_from_config(setting) if isinstance(setting, Mapping) else setting


def _make(cls: type[R], settings: dict[str, Any]) -> R:
    known = [f.name for f in fields(cls)]
    for name in settings:
        if name not in known:
            raise one_of(f"setting of {cls.__name__}", name, known)
    for f in fields(cls):
        if f.default is MISSING and f.name not in settings:
            raise SettingError(f"{cls.__name__} expects a setting {f.name}, got none.")
    return cls(**settings)
