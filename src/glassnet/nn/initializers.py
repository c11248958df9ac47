"""Initialisers: how large the first weights are, so that signals neither die nor explode.

An initialiser is a function `(shape, rng) -> array` in float64. For weights of shape (in, out),
each output is a sum over `in` inputs, so its variance is in · Var(W) · E[x²]; going back, each
input's gradient is a sum over `out` outputs. The named ones choose Var(W) so that it stays:

    LeCun    Var(W) = 1 / in            forward, for linear or tanh units     (LeCun et al. 1998)
    Glorot   Var(W) = 2 / (in + out)    the mean of both directions           (Glorot & Bengio 2010)
    He       Var(W) = 2 / in            ReLU zeroes half of the signal        (He et al. 2015)

A uniform on ±a has variance a²/3, so each uniform kind takes a = √(3 Var).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from glassnet.errors import SettingError, one_of
from glassnet.settings import expect
from glassnet.types import Array, Generator, Shape


class Initializer(Protocol):
    """Makes the first value of a parameter."""

    def __call__(self, shape: Shape, rng: Generator, /) -> Array:
        """Return a float64 array of that shape."""
        ...


@dataclass(frozen=True)
class Constant:
    """Every entry the same `value`."""

    value: float = 0.0
    name: ClassVar[str] = "constant"

    def __post_init__(self) -> None:
        expect(self, value="(-inf, inf)")

    def __call__(self, shape: Shape, rng: Generator, /) -> Array:  # noqa: ARG002
        return np.full(shape, self.value)


@dataclass(frozen=True)
class Normal:
    """N(mean, std²)."""

    mean: float = 0.0
    std: float = 1.0
    name: ClassVar[str] = "normal"

    def __post_init__(self) -> None:
        expect(self, mean="(-inf, inf)", std="[0, inf)")

    def __call__(self, shape: Shape, rng: Generator, /) -> Array:
        return rng.normal(self.mean, self.std, shape)


@dataclass(frozen=True)
class Uniform:
    """Evenly spread over low ≤ w < high."""

    low: float = -1.0
    high: float = 1.0
    name: ClassVar[str] = "uniform"

    def __post_init__(self) -> None:
        expect(self, low="(-inf, inf)", high="(-inf, inf)")
        if self.low > self.high:
            raise SettingError(f"Uniform expects low ≤ high, got {self.low} and {self.high}.")

    def __call__(self, shape: Shape, rng: Generator, /) -> Array:
        return rng.uniform(self.low, self.high, shape)


@dataclass(frozen=True)
class Given:
    """An array that is there already, such as what was measured of the data."""

    array: Array

    def __call__(self, shape: Shape, rng: Generator, /) -> Array:  # noqa: ARG002
        return self.array


def zeros(shape: Shape, rng: Generator, /) -> Array:  # noqa: ARG001
    """Return all zeros: right for biases; as weights it leaves every unit the same for ever."""
    return np.zeros(shape)


def ones(shape: Shape, rng: Generator, /) -> Array:  # noqa: ARG001
    """Return all ones: right for gains."""
    return np.ones(shape)


def lecun_normal(shape: Shape, rng: Generator, /) -> Array:
    """N(0, 1 / in)."""
    return rng.normal(0.0, math.sqrt(1 / _fans(shape)[0]), shape)


def lecun_uniform(shape: Shape, rng: Generator, /) -> Array:
    """U(-a, a) with a = √(3 / in)."""
    return _uniform(math.sqrt(3 / _fans(shape)[0]), shape, rng)


def glorot_normal(shape: Shape, rng: Generator, /) -> Array:
    """N(0, 2 / (in + out))."""
    return rng.normal(0.0, math.sqrt(2 / sum(_fans(shape))), shape)


def glorot_uniform(shape: Shape, rng: Generator, /) -> Array:
    """U(-a, a) with a = √(6 / (in + out))."""
    return _uniform(math.sqrt(6 / sum(_fans(shape))), shape, rng)


def he_normal(shape: Shape, rng: Generator, /) -> Array:
    """N(0, 2 / in)."""
    return rng.normal(0.0, math.sqrt(2 / _fans(shape)[0]), shape)


def he_uniform(shape: Shape, rng: Generator, /) -> Array:
    """U(-a, a) with a = √(6 / in)."""
    return _uniform(math.sqrt(6 / _fans(shape)[0]), shape, rng)


def _uniform(a: float, shape: Shape, rng: Generator) -> Array:
    return rng.uniform(-a, a, shape)


def _fans(shape: Shape) -> tuple[int, int]:
    """Count the inputs and outputs of weights of shape (in, out); a vector feeds itself."""
    fan_in, fan_out = shape[0], shape[-1]
    return fan_in, fan_out


FUNCTIONS: dict[str, Callable[[Shape, Generator], Array]] = {
    f.__name__: f
    for f in (zeros, ones, lecun_normal, lecun_uniform, glorot_normal, glorot_uniform, he_normal,
              he_uniform)
}  # fmt: skip
FAMILIES: dict[str, type[Constant] | type[Normal] | type[Uniform]] = {
    c.name: c for c in (Constant, Normal, Uniform)
}


def describe(init: Initializer) -> Any:
    """Describe an initialiser as JSON: its name, or also its settings; None for a stranger's."""
    if isinstance(init, Constant | Normal | Uniform):
        return {"name": init.name, **vars(init)}
    name = getattr(init, "__name__", None)
    return name if name is not None and FUNCTIONS.get(name) is init else None


def initializer(what: Any) -> Initializer:
    """Give back the initialiser that `describe` described, or `what` itself if it is callable."""
    if callable(what):
        return what  # type: ignore[no-any-return]
    settings = dict(what) if isinstance(what, dict) else {"name": what}
    name = settings.pop("name", None)
    if name not in (*FUNCTIONS, *FAMILIES):
        raise one_of("initialiser", name, [*FUNCTIONS, *FAMILIES])
    if name in FUNCTIONS and not settings:
        return FUNCTIONS[name]
    try:
        return FAMILIES[name](**settings)
    except (KeyError, TypeError):
        raise SettingError(f"The initialiser {name!r} does not take {settings}.") from None
