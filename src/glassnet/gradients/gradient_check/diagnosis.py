"""Diagnosis: which node first hands on a wrong gradient, and what merely follows from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glassnet.gradients.gradient_check import comparisons
from glassnet.gradients.gradient_check.comparison import GradientComparison
from glassnet.gradients.gradient_check.reasons import Suspect, why
from glassnet.gradients.gradient_check.verdict import Verdict, verdict_on
from glassnet.gradients.nudges import Nudges


@dataclass(frozen=True, eq=False)
class Cause:
    """A loss or a node whose gradient with respect to what it got is wrong by itself."""

    comparison: GradientComparison
    verdict: Verdict
    why: str


def find_causes(nudges: Nudges, tolerance: float) -> dict[str, Cause]:
    """Check every loss and node by itself; return those that are wrong, by node, the last first.

    A loss stands under the name of its output, with a * before it.
    """
    causes = {}
    for output in nudges.losses:
        if cause := _wrong(nudges, comparisons.of_loss(nudges, output), tolerance):
            causes[f"*{output}"] = cause
    for place in reversed(range(len(nudges.network.nodes))):
        for comparison in comparisons.of_node(nudges, place):
            if cause := _wrong(nudges, comparison, tolerance):
                causes.setdefault(nudges.network.nodes[place].name, cause)
    return causes


def reached_by(nudges: Nudges, causes: dict[str, Cause]) -> dict[str, Cause]:
    """Return, for each node and input whose dy is spoilt, the cause nearest to it on the way."""
    spoilt: dict[str, Cause] = {}
    for output in nudges.losses:
        if f"*{output}" in causes:
            spoilt[output] = causes[f"*{output}"]
    for node in reversed(nudges.network.nodes):
        cause = causes.get(node.name) or spoilt.get(node.name)
        if cause is not None:
            for name in node.inputs:
                spoilt.setdefault(name, cause)
    return spoilt


def why_wrong(nudges: Nudges, comparison: GradientComparison, spoilt: dict[str, Cause]) -> str:
    """Say why the gradient of a parameter or an input is wrong."""
    uses = [
        place for place, node in enumerate(nudges.network.nodes) if node.owner == comparison.layer
    ]
    names = [nudges.network.nodes[place].name for place in uses] or [comparison.layer]
    cause = next((spoilt[name] for name in names if name in spoilt), None)
    if cause is not None:
        after = f"{cause.comparison.layer}.{cause.comparison.array}"
        if not all(comparisons.locally_right(nudges, place, comparison.array) for place in uses):
            return f"it is wrong by itself, too. Mend {after} first, then check again."
        return f"it follows from {after}."
    if len(uses) > 1:
        return _of_shared(nudges, comparison, uses)
    dy = nudges.base[names[0]].dy if uses else None
    return why(
        Suspect(
            comparison.array, comparison.derived, comparison.measured, len(nudges.base.rows), dy
        )
    )


def _of_shared(nudges: Nudges, comparison: GradientComparison, uses: list[int]) -> str:
    """Say in which of several nodes that share a layer its gradient is wrong."""
    wrong = [
        nudges.network.nodes[place].name
        for place in uses
        if not comparisons.locally_right(nudges, place, comparison.array)
    ]
    where = ", ".join(wrong) or "the sum over its uses"
    return (
        f"the layer is used {len(uses)} times, and the gradient is wrong in {where}. Keep what "
        "belongs to one use in the frame, never in the layer, and set the gradient in every use."
    )


def _wrong(nudges: Nudges, comparison: GradientComparison, tolerance: float) -> Cause | None:
    verdict = verdict_on(comparison, nudges.h, tolerance)
    if verdict.passed:
        return None
    rows = len(nudges.base.rows)
    return Cause(
        comparison,
        verdict,
        why(Suspect(comparison.array, comparison.derived, comparison.measured, rows)),
    )


def restless_node(nudges: Nudges) -> str:
    """Name the first node whose output is another one when it is computed again; "" if none is."""
    p, network = nudges.base, nudges.network
    for place, node in enumerate(network.nodes):
        again = comparisons.forward(nudges, place, [p[name].y for name in node.inputs])
        if not np.array_equal(again, p[node.name].y, equal_nan=True):
            return node.name
    return ""
