"""Rows × properties: every number of an explanation is the pass's, and every formula gives it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.explanations import Explanation
from glassnet.explanations.formula import as_latex
from glassnet.explanations.formulas import LAYER_FORMULAS
from glassnet.explanations.formulas.losses import COSTS
from glassnet.explanations.step import EQUATIONS, Step
from glassnet.nn import Merge
from glassnet.text import WIDTH
from glassnet.types import Array
from tests.cases import LAYERS, LOSSES, MERGES, OPTIMIZERS, LayerCase, LossCase, OptimizerCase

from .arithmetic import worked_out

N, ROW = 4, 2


class ExplainedCase:
    """An explanation, with the pass whose numbers it must have."""

    def __init__(self, net: gn.Network, xs: list[Array], t: Any, loss: Any, **how: Any) -> None:
        training = how.pop("training", False)
        self.net = net
        self.explanation: Explanation = gn.explain(
            net, xs, t, loss, row=ROW, training=training, **how
        )
        self.p = net.run(xs, t, loss, training=training)

    def held(self, step: Step) -> float:
        """What the pass holds for a step."""
        if step.stage == "forward":
            return float(self.p[step.node].y[ROW][step.unit])
        if step.stage == "backward":
            return float(self.p[step.node].dy[ROW][step.unit])
        name, place = step.parameter.rstrip("]").split("[")
        owner = next(node.owner for node in self.net.nodes if node.name == step.node)
        index = tuple(map(int, place.split(",")))
        return float(self.p.gradients[f"{owner}.{name}"][index])

    def of(self, *stages: str) -> list[Step]:
        return [step for step in self.explanation.steps if step.stage in stages]


def around_layer(case: LayerCase, **how: Any) -> ExplainedCase:
    """Put a row's layer between two Dense layers where it takes rows, or else behind the inputs."""
    layer, rng = case.make(), np.random.default_rng(3)
    inputs = [gn.Input(shape) for shape in case.shapes]
    sources = [gn.Dense(3)(node) if len(node.shape) == 1 else node for node in inputs]
    joined = layer(*sources) if isinstance(layer, Merge) else layer(sources[0])
    flat = gn.Flatten()(joined)
    net = gn.Network(inputs, gn.Dense(2)(flat), seed=1, dtype="float64")
    for array in net.parameters().values():
        array += rng.normal(0, 0.1, array.shape)
    xs = [rng.normal(size=(N, *node.shape)) for node in inputs]
    data = xs if len(xs) > 1 else xs[0]
    t = rng.normal(size=(N, 2))
    how = {"training": case.training, **how}
    return ExplainedCase(net, data, t, gn.MeanSquaredError(), **how)  # type: ignore[arg-type]


def behind_loss(case: LossCase, **how: Any) -> ExplainedCase:
    rng = np.random.default_rng(3)
    layers = [gn.Dense(5), gn.Tanh(), gn.Dense(case.columns)]
    net = gn.Sequential(layers, 6, seed=1, dtype="float64")
    t = case.targets(rng, (N, case.columns))
    return ExplainedCase(net, rng.normal(size=(N, 6)), t, case.make(), **how)  # type: ignore[arg-type]


@pytest.mark.parametrize("case", [*LAYERS, *MERGES], ids=str)
def test_the_rows_say_which_layers_have_a_formula(case: LayerCase) -> None:
    assert (type(case.make()) in LAYER_FORMULAS) == (case.story is True)
    explained = around_layer(case).explanation
    told = any("measured" in step.title for step in explained.steps)
    assert told == (case.story is not True)


@pytest.mark.parametrize("case", LOSSES, ids=str)
def test_the_rows_say_which_losses_have_a_formula(case: LossCase) -> None:
    assert (type(case.make()) in COSTS) == (case.story is True)


ALL = [*LAYERS, *MERGES, *LOSSES]
rows = pytest.mark.parametrize("case", ALL, ids=[f"{type(c).__name__}: {c}" for c in ALL])


def explain_case(case: LayerCase | LossCase, **how: Any) -> ExplainedCase:
    return around_layer(case, **how) if isinstance(case, LayerCase) else behind_loss(case, **how)


@rows
def test_every_number_is_the_pass_s(case: LayerCase | LossCase) -> None:
    seen = explain_case(case)
    for step in seen.of("forward", "gradient"):
        assert step.result == seen.held(step)
    for step in seen.of("backward"):
        if step.symbol in ("δ", "∂L/∂a", "∂L/∂x", "∂L/∂y"):
            assert step.result == seen.held(step)
    *_, of_row, of_batch = seen.of("loss")
    np.testing.assert_allclose(of_row.result, seen.p.rows[ROW])
    assert of_batch.result == seen.explanation.loss == seen.p.loss


@rows
def test_every_unit_of_small_layers_is_told(case: LayerCase | LossCase) -> None:
    seen = explain_case(case, terms=100)
    assert not seen.explanation.omitted
    for name in seen.p:
        units = {step.unit for step in seen.of("backward") if step.node == name}
        assert len(units) == seen.p[name].y[ROW].size
    assert {step.parameter for step in seen.of("gradient")}
    assert len(seen.of("gradient")) >= seen.net.size()


@rows
@pytest.mark.parametrize("terms", [1, 2, 100])
def test_what_is_shown_and_the_rest_add_up(case: LayerCase | LossCase, terms: int) -> None:
    for step in explain_case(case, terms=terms).explanation.steps:
        if step.terms:
            rest = step.rest.value if step.rest else 0
            total = sum(term.value for term in step.terms) + rest
            rtol = 1e-12 if case.story is True else 1e-6  # its slopes are measured
            np.testing.assert_allclose(total, step.result, rtol=rtol, atol=1e-14)


@rows
def test_formulas_give_the_numbers(case: LayerCase | LossCase) -> None:
    for step in explain_case(case).explanation.steps:
        unknown = case.story is not True and step.stage == "gradient"
        assert step.letters or step.terms or unknown, f"{step.title} has no numbers in it"
        for term in step.terms:
            value = worked_out(term.formula, term.letters)
            np.testing.assert_allclose(value, term.value, rtol=1e-9, atol=1e-12)
        if step.letters:
            value = worked_out(step.formula, step.letters)
            np.testing.assert_allclose(value, step.result, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("case", OPTIMIZERS, ids=str)
@pytest.mark.parametrize("fresh", [True, False])
def test_updates_are_the_optimiser_s(case: OptimizerCase, fresh: bool) -> None:
    rng, rule = np.random.default_rng(0), case.make()
    net = gn.Sequential([gn.Dense(3)], 4, seed=1, dtype="float64")
    x, t = rng.normal(size=(N, 4)), rng.normal(size=(N, 3))
    trainer = gn.Trainer(net, gn.MeanSquaredError(), rule, engine="numpy")
    if not fresh:
        trainer.fit((x, t), epochs=3, batch_size=N, progress=False)
    state, step = trainer.checkpoint().state, trainer.step
    how = {} if fresh else {"state": state, "step": step}
    steps = gn.explain(net, x, t, gn.MeanSquaredError(), optimizer=rule, **how).steps  # type: ignore[arg-type]
    trainer.fit((x, t), epochs=1, batch_size=N, shuffle=False, progress=False)
    updates = [step for step in steps if step.stage == "update"]
    assert len(updates) == net.size()
    for update in updates:
        name, place = update.parameter.rstrip("]").split("[")
        w = net.parameters()[f"dense_1.{name}"][tuple(map(int, place.split(",")))]
        np.testing.assert_allclose(update.result, w, rtol=1e-12)
        value = worked_out(update.formula, update.letters)
        np.testing.assert_allclose(value, update.result, rtol=1e-12)
        assert ("a fresh state" in update.title) == fresh


@rows
def test_text_markdown_and_json_hold_every_step(case: LayerCase | LossCase) -> None:
    explained = explain_case(case, optimizer=gn.Adam()).explanation
    text, markdown = str(explained), explained._repr_markdown_()
    assert max(map(len, text.splitlines())) <= WIDTH
    assert repr(explained) == text
    assert len(explained.to_json()["steps"]) == len(explained.steps)
    for step in explained.steps:
        assert step.parameter in text
        assert step.symbol in text
        result = f"{step.result + 0.0:.4g}"
        assert result in text
        assert result in markdown or as_latex(result) in markdown


@pytest.mark.parametrize("case", LOSSES, ids=str)
def test_the_four_equations_are_named(case: LossCase) -> None:
    seen = behind_loss(case)
    named = {step.equation for step in seen.explanation.steps} - {None}
    assert named == set(EQUATIONS)
    for step in seen.explanation.steps:
        if step.equation == "BP1":
            assert step.node == "dense_2"
        if step.equation in ("BP3", "BP4"):
            assert step.parameter[0] == {"BP3": "b", "BP4": "W"}[step.equation]
