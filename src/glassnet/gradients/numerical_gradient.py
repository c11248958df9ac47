"""Gradients by nudging: what a gradient is, measured instead of derived.

    central differences    ∂L/∂w ≈ (L(w + h) - L(w - h)) / 2h      error h² L'''/6, and rounding / h
    the complex step       ∂L/∂w = Im L(w + ih) / h                exact to rounding

Both compute in float64, whatever the network does, on a copy of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from glassnet.errors import SettingError, one_of
from glassnet.gradients.analytic import AnalyticNamespace
from glassnet.gradients.nudges import Nudges
from glassnet.nn.losses import Loss
from glassnet.nn.network import Network
from glassnet.settings import inside
from glassnet.types import Array

Method = Literal["fast", "plain", "complex"]


def numerical_gradient(
    net: Network,
    x: Any,
    t: Any,
    loss: Loss | Sequence[Loss] | Mapping[str, Loss],
    *,
    method: Method = "fast",
    h: float | None = None,
    training: bool = False,
    step: int = 0,
    sample_weight: Any = None,
) -> dict[str, Array]:
    """Measure the loss's gradient with respect to every parameter, by nudging each of them.

    method      "plain": two passes through the whole network for each number, as one would write
                it first. "fast": the same differences, but only what a nudge changes is computed
                again, and many nudges go through the rest of the network as one batch. "complex":
                the complex step, for networks whose layers are analytic.
    h           the size of a nudge; 1e-5 unless given, or 1e-20 for the complex step
    training    whether dropout drops (the masks of `step`) and batch statistics are used

    Returns float64 arrays with the keys and shapes of ``net.parameters()``. Raises SettingError for
    a complex step through a layer that is not analytic, such as ReLU. Source of that step: Squire &
    Trapp, Using Complex Variables to Estimate Derivatives of Real Functions (1998).
    """
    ways: dict[str, tuple[Callable[[Nudges], dict[str, Array]], float]] = {
        "fast": (lambda nudges: nudges.fast(), 1e-5),
        "plain": (_plain, 1e-5),
        "complex": (_complex, 1e-20),
    }
    if method not in ways:
        raise one_of("method", method, list(ways))
    way, usual = ways[method]
    h = usual if h is None else h
    if not inside("(0, 1]", h):
        raise SettingError(f"numerical_gradient expects a small h above 0, got {h!r}.")
    twin = net.astype("float64")
    return way(Nudges.of(twin, x, t, loss, float(h), training, step, sample_weight))


def _plain(nudges: Nudges) -> dict[str, Array]:
    """Nudge one parameter at a time, up and down, and compute the whole loss each time."""
    h = nudges.h
    gradients = {}
    for name, w in nudges.network.parameters().items():
        dw = np.zeros_like(w)
        for index in np.ndindex(w.shape):
            value = w[index]
            w[index] = value + h
            above = nudges.loss()
            w[index] = value - h
            below = nudges.loss()
            w[index] = value
            dw[index] = (above - below) / (2 * h)
        gradients[name] = dw
    return gradients


def _complex(nudges: Nudges) -> dict[str, Array]:
    """Nudge one parameter at a time along the imaginary axis, where nothing is subtracted."""
    h = nudges.h
    gradients = {}
    for owner, name in nudges.network.parameter_names():
        layer = nudges.network.layers[owner]
        w = layer.arrays()[name]
        dw = np.zeros_like(w)
        z = w.astype(np.complex128)
        setattr(layer, name, z)
        for index in np.ndindex(w.shape):
            z[index] += 1j * h
            dw[index] = nudges.loss(AnalyticNamespace()).imag / h
            z[index] = w[index]
        setattr(layer, name, w)
        gradients[f"{owner}.{name}"] = dw
    return gradients
