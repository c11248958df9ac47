"""The output layer: whether what comes out of it is what the loss wants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from glassnet.doctor.finding import Finding
from glassnet.doctor.patient import Patient
from glassnet.nn.layer import Layer
from glassnet.nn.losses import Loss, SoftmaxCrossEntropy
from glassnet.nn.network import Network, match
from glassnet.types import Array

LEAVE_OUT = "Take the last {layer} out: the loss wants logits, numbers of any size and sign."


def look(patient: Patient) -> Iterator[Finding]:
    """Look at each output, its loss and its targets."""
    layers = {node.name: node.layer for node in patient.network.nodes}
    for output, loss in patient.losses.items():
        layer = layers.get(output)
        if layer is None or layer.bounds is None:
            continue
        if loss.inside is not None:
            yield _squeezed(output, layer, loss, layer.bounds)
        else:
            yield from _out_of_reach(output, layer, layer.bounds, patient.rows[1][output])


def too_few(network: Network, losses: Mapping[str, Loss], t: Any) -> Iterator[Finding]:
    """See whether there is an output for each class; without one nothing can be computed."""
    for output, targets in match(tuple(losses), t, "targets").items():
        labels = np.asarray(targets)
        outputs = int(np.prod(network.output_shapes[output]))
        of_classes = isinstance(losses[output], SoftmaxCrossEntropy) and labels.ndim == 1
        if of_classes and labels.size and labels.dtype.kind in "iu" and labels.max() >= outputs:
            yield Finding(
                "too-few-outputs",
                "problem",
                output,
                f"It has {outputs} output{'s' * (outputs > 1)}, and the largest class "
                f"index is {labels.max()}.",
                f"Give the last layer one output a class: Dense({labels.max() + 1}).",
                {"outputs": outputs, "largest": int(labels.max())},
            )


def _squeezed(output: str, layer: Layer, loss: Loss, bounds: tuple[float, float]) -> Finding:
    """A bounded layer before a loss that bends its inputs itself."""
    twice = type(layer) is loss.inside
    name = type(layer).__name__
    low, high = bounds
    seen = (
        f"The last layer is {layer}, and {type(loss).__name__} has a {name.lower()} inside: the "
        "outputs are bent twice."
        if twice
        else f"The last layer is {layer}, which answers from {low:g} to {high:g} only; "
        f"{type(loss).__name__} wants logits."
    )
    return Finding(
        f"{name.lower()}-twice" if twice else "logits-bounded",
        "problem",
        output,
        f"{seen} The network can hardly become sure of anything.",
        LEAVE_OUT.format(layer=name),
    )


def _out_of_reach(
    output: str, layer: Layer, bounds: tuple[float, float], t: Array
) -> Iterator[Finding]:
    """Targets that a bounded last layer cannot give; and one that may fall silent for good."""
    low, high = bounds
    beyond = float(np.mean((t < low) | (t > high)))
    if beyond:
        yield Finding(
            "targets-out-of-reach",
            "problem",
            output,
            f"{100 * beyond:.0f} % of the targets lie outside {low:g}..{high:g}, which is all that "
            f"{layer} can answer with; they run from {t.min():.4g} to {t.max():.4g}.",
            f"Take the last {type(layer).__name__} out, or scale the targets.",
            {"share": beyond},
        )
    elif layer.flat_at:
        flat = " or ".join(f"{y:g}" for y in layer.flat_at)
        yield Finding(
            "relu-last",
            "warning",
            output,
            f"The last layer is {type(layer).__name__}: where it answers {flat}, no gradient comes "
            "back.",
            "Take it out, or use Softplus where answers must not be negative.",
        )
