"""The engine protocol: a second engine, written here, takes the place of the first."""

from __future__ import annotations

import math
from unittest.mock import ANY

import numpy as np
import pytest
from numpy.typing import NDArray

import glassnet as gn
from glassnet.data import Batches
from glassnet.data.pixels import Pixels
from glassnet.engines import ENGINES, Examples, Job, NumPyEngine, State, choose, predictor
from glassnet.types import Array
from tests.training.setups import bits, line, quiet, values

LOSS = gn.MeanSquaredError()
JOB = Job(line(), {"line": LOSS}, gn.SGD(0.05))


class LineRunner:
    """Trains y = x W + b with plain gradient descent; it knows nothing of layers and passes."""

    def __init__(self, job: Job) -> None:
        self.W, self.b = job.network.parameters().values()
        self.runs: list[int] = []
        self.measured = 0

    def run(
        self, examples: Examples, batches: Batches, rates: NDArray[np.float64], step: int
    ) -> NDArray[np.float64]:
        self.runs.append(step)
        (x,), (t,) = examples.xs.values(), examples.ts.values()
        losses: list[float] = []
        for rows, rate in zip(batches, rates, strict=True):
            e = np.asarray(x)[rows] @ self.W + self.b - t[rows]
            losses.append(float((e**2).mean()))
            if not math.isfinite(losses[-1]):
                break
            self.W -= rate * 2 * np.asarray(x)[rows].T @ e / len(rows)
            self.b -= rate * 2 * e.mean(axis=0)
        return np.array(losses)

    def outputs(self, examples: Examples) -> dict[str, Array]:
        self.measured += 1
        (x,) = examples.xs.values()
        return {"line": np.asarray(x) @ self.W + self.b}

    def state(self) -> State:
        return State({"line.W": self.W, "line.b": self.b})

    def restore(self, state: State) -> None:
        self.W[...], self.b[...] = state.arrays["line.W"], state.arrays["line.b"]


class LinePredictor:
    """Answers by x W + b as they are now."""

    def __init__(self, network: gn.Network) -> None:
        self.network = network

    def outputs(self, examples: Examples) -> dict[str, Array]:
        W, b = self.network.parameters().values()
        (x,) = examples.xs.values()
        return {"line": np.asarray(x) @ W + b}

    def answer(self, x: Array | Pixels) -> tuple[Array, bool]:
        (y,) = self.outputs(Examples({"rows": x}, {})).values()
        return y, bool(np.isfinite(y).all())


class LineEngine:
    name = "line"

    def predictor(self, network: gn.Network) -> LinePredictor:
        return LinePredictor(network)

    def prepare(self, job: Job) -> LineRunner:
        if list(job.network.parameters()) != ["line.W", "line.b"]:
            raise gn.SettingError("The engine 'line' trains one dense layer called line.")
        return LineRunner(job)


@pytest.fixture
def line_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "line", LineEngine)


@pytest.mark.usefixtures("line_engine")
class TestAnotherEngine:
    def test_it_trains_to_the_same_weights(self) -> None:
        ours, theirs = line(), line()
        plan = {"epochs": 3, "batch_size": 4}
        by_reference = quiet(gn.Trainer(ours, LOSS, gn.SGD(0.05)), values(), **plan)
        trainer = gn.Trainer(theirs, LOSS, gn.SGD(0.05), engine="line")
        by_line = quiet(trainer, values(), **plan)
        for a, b in zip(ours.arrays().values(), theirs.arrays().values(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12)
        assert by_line["loss"] == pytest.approx(by_reference["loss"])
        assert by_line.engine == "line: asked for by name"
        assert isinstance(trainer.runner, LineRunner)
        assert trainer.runner.runs[0] == 0

    def test_it_measures_what_training_shows(self) -> None:
        trainer = gn.Trainer(line(), LOSS, gn.SGD(0.05), engine="line", metrics="mae")
        history = quiet(trainer, values(), validation=values(9), epochs=3)
        assert isinstance(trainer.runner, LineRunner)
        assert trainer.runner.measured == 6  # the rows trained on and those held out
        reference = gn.Trainer(trainer.network, LOSS, metrics="mae")
        figures = reference.evaluate(values(9))
        assert trainer.evaluate(values(9)) == pytest.approx(figures)
        assert trainer.runner.measured == 7
        assert history.last["validation_mae"] == pytest.approx(figures["mae"])

    def test_it_finds_back_after_a_divergence(self) -> None:
        network, same = line(), line()
        trainer = gn.Trainer(network, LOSS, gn.SGD(1e160), engine="line")
        with np.errstate(all="ignore"), pytest.raises(gn.DivergenceError) as caught:
            quiet(trainer, values(), epochs=3, batch_size=4)
        assert caught.value.step == trainer.step + 2
        again = gn.Trainer(same, LOSS, gn.SGD(1e160), engine="line")
        batches = again._batches(21, 4, shuffle=True)[: trainer.step]
        rates = np.full(trainer.step, 1e160)
        again.runner.run(again.examples(values()), batches, rates, 0)
        assert bits(network) == bits(same)

    def test_what_it_cannot_do_it_says(self) -> None:
        network = gn.Sequential([gn.Dense(1)], input_shape=2)
        with pytest.raises(gn.SettingError, match="one dense layer called line"):
            gn.Trainer(network, LOSS, engine="line")

    def test_it_answers_as_the_network_is(self) -> None:
        network, x = line(), np.linspace(-1, 1, 8).reshape(4, 2)
        asked = predictor(network, engine="line")
        for _ in range(2):
            y, finite = asked.answer(x)
            assert isinstance(asked, LinePredictor)
            np.testing.assert_allclose(y, network(x), rtol=1e-12)
            assert finite
            network.parameters()["line.b"][...] += 1
        network.parameters()["line.b"][...] = np.inf
        assert not asked.answer(x)[1]

    def test_it_is_offered_by_name(self) -> None:
        with pytest.raises(gn.SettingError, match="Did you mean 'line'"):
            choose("lime", JOB)


def test_auto_takes_the_first_that_can_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing(NumPyEngine):
        name = "refusing"

        def refuses(self, what: Job | gn.Network) -> str | None:  # noqa: ARG002
            return "it is tired"

    monkeypatch.setattr("glassnet.engines.ENGINES", {"refusing": Refusing, "numpy": NumPyEngine})
    engine, why = choose("auto", JOB)
    assert type(engine) is NumPyEngine
    assert why == "the refusing engine cannot: it is tired"
    monkeypatch.setattr("glassnet.engines.ENGINES", {"numpy": NumPyEngine, "refusing": Refusing})
    assert choose("auto", JOB)[1] == "it can run all of this"


def test_answering_is_chosen_as_training_is(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing(NumPyEngine):
        name = "refusing"

        def refuses(self, what: Job | gn.Network) -> str | None:
            return "it only trains" if isinstance(what, gn.Network) else None

    monkeypatch.setattr("glassnet.engines.ENGINES", {"refusing": Refusing, "numpy": NumPyEngine})
    assert choose("auto", JOB)[0].name == "refusing"
    assert choose("auto", line()) == (ANY, "the refusing engine cannot: it only trains")
    assert choose("numpy", line())[1] == "asked for by name"
    with pytest.raises(gn.SettingError, match="Did you mean 'numpy'"):
        predictor(line(), engine="numpi")


def test_both_engines_refuse_rows_of_another_shape() -> None:
    for engine in ("numpy", "auto"):
        asked = predictor(line(), engine)
        with pytest.raises(gn.ShapeError, match="rows of 2 numbers"):
            asked.answer(np.zeros((3, 1)))
        with pytest.raises(gn.ShapeError, match="rows of 2 numbers"):
            asked.answer(Pixels(np.zeros((3, 1), np.uint8), 16))
