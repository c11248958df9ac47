"""check_gradients(): backward, held to the mathematics it claims to be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from glassnet.errors import DataError, SettingError, one_of
from glassnet.gradients.gradient_check import comparisons
from glassnet.gradients.gradient_check.comparison import GradientComparison
from glassnet.gradients.gradient_check.diagnosis import (
    find_causes,
    reached_by,
    restless_node,
    why_wrong,
)
from glassnet.gradients.gradient_check.report import Checked, GradientReport
from glassnet.gradients.gradient_check.verdict import Verdict, verdict_on
from glassnet.gradients.nudges import Nudges
from glassnet.nn.losses import Loss
from glassnet.nn.network import Network
from glassnet.nn.passes import Pass
from glassnet.settings import inside

Precision = Literal["float64", "own"]


def check_gradients(
    net: Network,
    x: Any,
    t: Any,
    loss: Loss | Sequence[Loss] | Mapping[str, Loss],
    *,
    tolerance: float = 1e-6,
    h: float = 1e-5,
    training: bool = False,
    step: int = 0,
    sample_weight: Any = None,
    most: int | None = None,
    precision: Precision = "float64",
) -> GradientReport:
    """Compare every gradient that backward gives with the same one measured by nudging.

    tolerance   up to which relative error a number is right; rounding is allowed for
    h           the step of the central differences
    training    whether dropout drops (the masks of `step`) and batch statistics are used
    most        at most so many numbers of each array are measured, spread at random; None: all
    precision   in which backward runs: "float64", on a copy, or the network's "own"

    The network is left as it is. Numbers next to a kink, where ReLU bends within the step, are
    measured again with a smaller one before they are called wrong. Where something is wrong every
    node is checked by itself too, to tell the cause from what follows from it. Raises DataError if
    the loss is not a finite number, and whatever backward raises where its cause cannot be told.
    """
    _expect_settings(tolerance, h, most, precision)
    nudges = Nudges.of(net.astype("float64"), x, t, loss, float(h), training, step, sample_weight)
    if not np.isfinite(nudges.base.loss):
        raise DataError(
            f"The loss of this batch is {nudges.base.loss}, so that there is nothing to measure. "
            "gn.diagnose says where it began."
        )
    crash = _go_back(nudges.base)  # at once, as in training, before a layer is run again
    if name := restless_node(nudges):
        checked = [_restless(name)]
    elif precision == "own":
        own = net.measure(x, t, loss, training=training, step=step, sample_weight=sample_weight)
        _go_back(own)
        checked = _check_coarse(nudges, own, tolerance, most, crash)
    else:
        checked = _check(nudges, tolerance, most, crash)
    return GradientReport(
        checked=tuple(checked),
        rows=len(nudges.base.rows),
        h=float(h),
        tolerance=float(tolerance),
        precision=net.dtype.name if precision == "own" else "float64",
    )


def _check(
    nudges: Nudges, tolerance: float, most: int | None, crash: Exception | None
) -> list[Checked]:
    """Check all parameters and inputs; where one is wrong, find out why.

    crash   what backward raised; a node whose gradient is wrong explains it, else it is raised here
    """
    compared = [
        (comparison, verdict_on(comparison, nudges.h, tolerance))
        for comparison in _comparisons(nudges, most)
    ]
    if all(verdict.passed for _, verdict in compared):
        return [_checked(comparison, verdict) for comparison, verdict in compared]
    causes = find_causes(nudges, tolerance)
    if crash is not None:  # where it came up, there is no gradient to speak of
        causes = {name: one for name, one in causes.items() if one.comparison.derived is not None}
        if not causes:
            raise crash
    spoilt = reached_by(nudges, causes)
    return [
        *(_checked(cause.comparison, cause.verdict, cause.why) for cause in causes.values()),
        *(
            _checked(
                comparison, verdict, "" if verdict.passed else why_wrong(nudges, comparison, spoilt)
            )
            for comparison, verdict in compared
        ),
    ]


def _check_coarse(
    nudges: Nudges, own: Pass, tolerance: float, most: int | None, crash: Exception | None
) -> list[Checked]:
    """Check what backward gives in the network's own precision, beside what it gives in float64."""
    exact = {one.name: one for one in _check(nudges, tolerance, most, crash)}
    checked = []
    for comparison in _comparisons(nudges, most):
        name = f"{comparison.layer}.{comparison.array}"
        derived = own[comparison.layer].dy if comparison.array == "dx" else own.gradients.get(name)
        coarse = replace(comparison, derived=None if derived is None else derived.astype("float64"))
        verdict = verdict_on(coarse, nudges.h, tolerance)
        why = exact[name].why
        if not verdict.passed and exact[name].passed:
            why = (
                f"{own.network.dtype} is too coarse for a tolerance of {tolerance:g}. In float64 "
                f"backward is right, to a relative error of {exact[name].error:.1e}."
            )
        checked.append(_checked(coarse, verdict, "" if verdict.passed else why))
    return checked


def _comparisons(nudges: Nudges, most: int | None) -> Iterator[GradientComparison]:
    for owner, name in nudges.network.parameter_names():
        yield comparisons.of_parameter(nudges, owner, name, most)
    for name in nudges.xs:
        yield comparisons.of_input(nudges, name, most)


def _checked(comparison: GradientComparison, verdict: Verdict, why: str = "") -> Checked:
    at = verdict.index
    derived = comparison.derived if at else None
    return Checked(
        layer=comparison.layer,
        array=comparison.array,
        passed=verdict.passed,
        numbers=int(np.isfinite(comparison.measured).sum()),
        index=at,
        backward=None if derived is None else float(derived[at]),
        measured=None if derived is None else float(comparison.measured[at]),
        error=verdict.error,
        kinks=verdict.kinks,
        why=why,
    )


def _restless(node: str) -> Checked:
    why = (
        "its output is another one when the same batch is computed again, so that nothing can be "
        "measured. Draw random numbers from frame.rng, which gives the same ones for the same step."
    )
    return Checked(node, "y", False, 0, (), None, None, float("inf"), why=why)


def _go_back(p: Pass) -> Exception | None:
    """Run backward; a layer that hands on an array of the wrong shape may make another one fail."""
    try:
        p.backward()
    except (ValueError, TypeError, IndexError) as error:
        return error
    return None


def _expect_settings(tolerance: object, h: object, most: object, precision: str) -> None:
    if precision not in ("float64", "own"):
        raise one_of("precision", precision, ["float64", "own"])
    for name, value in (("tolerance", tolerance), ("h", h)):
        if not inside("(0, 1)", value):
            raise SettingError(
                f"check_gradients expects {name}, a small number above 0, got {value!r}."
            )
    if most is not None and not (isinstance(most, int) and inside("[1, inf)", most)):
        raise SettingError(f"check_gradients expects most, a whole number from 1, got {most!r}.")
