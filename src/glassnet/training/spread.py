"""Spread: how the activations and gradients of each node lie, on rows that stay the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from glassnet.engines.base import Examples
from glassnet.nn.losses import Loss
from glassnet.nn.network import Network
from glassnet.nn.passes import Pass
from glassnet.types import Array

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Nine tenths of the numbers, half of them, and the middle."""

Spread = dict[str, Any]
"""{"quantiles": one number for each of QUANTILES, or None without numbers; "zeros": their share}"""


def spreads(
    network: Network, losses: Mapping[str, Loss], examples: Examples
) -> dict[str, dict[str, Spread]]:
    """Run all the rows forward and back, and describe each node, as JSON.

    activations     of the node's outputs y, as they are
    gradients       of |δ|, those that are not 0: δ = ∂lₙ/∂yₙ, how much row n's own loss would rise
                    if an output of row n rose

    Nothing in the network changes; dropout is off.
    """
    xs, ts, _ = examples.gather(slice(None), network.dtype)
    p = Pass(network)
    with np.errstate(all="ignore"):  # what is not finite is left out
        p.forward(xs)
        p.measure(losses, ts, None)
        p.backward()
        return {
            node.name: {
                "activations": _spread(p[node.name].y, zeros_too=True),
                "gradients": _spread(np.abs(p[node.name].dy * len(examples)), zeros_too=False),
            }
            for node in network.nodes
            if p[node.name].dy is not None
        }


def _spread(values: Array, *, zeros_too: bool) -> Spread:
    zero = values == 0
    some = values if zeros_too else values[~zero]
    some = some[np.isfinite(some)]
    quantiles = np.quantile(some, QUANTILES).tolist() if some.size else None
    return {
        "quantiles": quantiles and [float(f"{q:.6g}") for q in quantiles],
        "zeros": round(float(zero.mean()), 6),
    }
