"""Causes: which node first hands on a wrong gradient, and what merely follows from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glassnet.inspect.gradient_check import claims
from glassnet.inspect.gradient_check.claim import Claim
from glassnet.inspect.gradient_check.judge import Verdict, judge
from glassnet.inspect.gradient_check.reasons import Suspect, why
from glassnet.inspect.nudges import Nudges


@dataclass(frozen=True, eq=False)
class Cause:
    """A loss or a node whose gradient with respect to what it got is wrong by itself."""

    claim: Claim
    verdict: Verdict
    why: str


def find_causes(nudges: Nudges, tolerance: float) -> dict[str, Cause]:
    """Check every loss and node by itself; return those that are wrong, by node, the last first.

    A loss stands under the name of its output, with a * before it.
    """
    found = {}
    for output in nudges.losses:
        if cause := _wrong(nudges, claims.of_loss(nudges, output), tolerance):
            found[f"*{output}"] = cause
    for place in reversed(range(len(nudges.network.nodes))):
        for claim in claims.of_node(nudges, place):
            if cause := _wrong(nudges, claim, tolerance):
                found.setdefault(nudges.network.nodes[place].name, cause)
    return found


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


def why_wrong(nudges: Nudges, claim: Claim, spoilt: dict[str, Cause]) -> str:
    """Say why the gradient of a parameter or an input is wrong."""
    uses = [place for place, node in enumerate(nudges.network.nodes) if node.owner == claim.layer]
    names = [nudges.network.nodes[place].name for place in uses] or [claim.layer]
    cause = next((spoilt[name] for name in names if name in spoilt), None)
    if cause is not None:
        after = f"{cause.claim.layer}.{cause.claim.array}"
        if not all(claims.locally_right(nudges, place, claim.array) for place in uses):
            return f"it is wrong by itself, too. Mend {after} first, then check again."
        return f"it follows from {after}."
    if len(uses) > 1:
        return _of_shared(nudges, claim, uses)
    dy = nudges.base[names[0]].dy if uses else None
    return why(Suspect(claim.array, claim.derived, claim.measured, len(nudges.base.rows), dy))


def _of_shared(nudges: Nudges, claim: Claim, uses: list[int]) -> str:
    """Say in which of several nodes that share a layer its gradient is wrong."""
    wrong = [
        nudges.network.nodes[place].name
        for place in uses
        if not claims.locally_right(nudges, place, claim.array)
    ]
    where = ", ".join(wrong) or "the sum over its uses"
    return (
        f"the layer is used {len(uses)} times, and the gradient is wrong in {where}. Keep what "
        "belongs to one use in the frame, never in the layer, and set the gradient in every use."
    )


def _wrong(nudges: Nudges, claim: Claim, tolerance: float) -> Cause | None:
    verdict = judge(claim, nudges.h, tolerance)
    if verdict.passed:
        return None
    rows = len(nudges.base.rows)
    return Cause(claim, verdict, why(Suspect(claim.array, claim.derived, claim.measured, rows)))


def restless_node(nudges: Nudges) -> str:
    """Name the first node whose output is another one when it is computed again; "" if none is."""
    p, network = nudges.base, nudges.network
    for place, node in enumerate(network.nodes):
        again = claims.forward(nudges, place, [p[name].y for name in node.inputs])
        if not np.array_equal(again, p[node.name].y, equal_nan=True):
            return node.name
    return ""
