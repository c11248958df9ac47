"""eleven-lines: the whole idea of backpropagation, to the digits that the tutorial prints.

Full-batch gradient descent without biases, W ← W + xᵀδ with δ = (t - y) · y (1 - y): our
half squared error is a mean over the rows, so a learning rate of 4 makes it the tutorial's sum.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import glassnet as gn
from glassnet.plots.panel import Panel, Series
from glassnet.plots.panels import panels
from glassnet.plots.picture import BLUE, COLORS, GREY, ORANGE, Picture
from glassnet.recipes.options import NextSteps, Options
from glassnet.recipes.output import chapter, draw, table
from glassnet.types import Array

X = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], float)
FIRST_INPUT = np.array([[0], [0], [1], [1]], float)
EXCLUSIVE_OR = np.array([[0], [1], [1], [0]], float)
LOSS = gn.HalfSquaredError()

JAVASCRIPT = (
    np.array(
        [
            [-0.1653904, 0.11737966, -0.71922612, -0.60379702],
            [0.60148914, 0.93652315, -0.37315164, 0.38464523],
            [0.7527783, 0.78921333, -0.82991158, -0.92189043],
        ]
    ),
    np.array([[-0.66033916], [0.75628501], [-0.80330633], [-0.15778475]]),
)
"""The weights from which the JavaScript version starts."""


def run(options: Options) -> NextSteps:
    """Run the two, the three layers, and the JavaScript version; draw how the answers settle."""
    chapter("Two layers: the answer is the first input")
    two = Loop(FIRST_INPUT, two_layers())
    two.explain("before training")
    two.iterate(9_999)
    print(f"\nOutput after training, 10,000 iterations:\n{two.outputs()}")
    two.explain("after training")
    two.iterate(1)
    print(f"\nWeights: {two.weights()[0].ravel()}")
    print("A confident answer lies where the slope is flat, so little of its error reaches the")
    print("weights, and what has been learnt is left alone.")

    chapter("Three layers: exclusive or")
    steps, rounds = (1_000, 3) if options.quick else (10_000, 6)
    three = Loop(EXCLUSIVE_OR, three_layers())
    print(f"Error: {three.error():.8f}")
    for k in range(1, rounds):
        three.iterate(steps)
        print(f"Error: {three.error():.8f} after {k * steps:,} iterations", flush=True)
    three.iterate(steps - 1)
    print(f"\nOutput after training, {rounds * steps:,} iterations:\n{three.outputs()}")
    three.explain("after training")

    chapter("The JavaScript version: 1,000 iterations from given weights")
    script = Loop(EXCLUSIVE_OR, JAVASCRIPT)
    script.iterate(999)  # as above, the tutorial prints what the last pass said before its update
    print(script.outputs())

    print()
    draw(picture(), options.folder / "eleven-lines.png")
    return [["recipe", "line"], ["recipe", "gonetwork"]]


def two_layers() -> tuple[Array, ...]:
    """The tutorial's first weights of its network 3-1, drawn as NumPy drew in 2015."""
    return _drawn((3, 1))


def three_layers() -> tuple[Array, ...]:
    """The tutorial's first weights of its network 3-4-1."""
    return _drawn((3, 4), (4, 1))


def _drawn(*shapes: tuple[int, int]) -> tuple[Array, ...]:
    legacy = np.random.RandomState(1)
    return tuple(2 * legacy.random_sample(shape) - 1 for shape in shapes)


class Loop:
    """The tutorial's loop on our layers: a network without biases, and its four rows."""

    def __init__(self, t: Array, weights: Sequence[Array]) -> None:
        layers = [
            layer for W in weights for layer in (gn.Dense(W.shape[1], bias=False), gn.Sigmoid())
        ]
        self.t = t
        self.net = gn.Sequential(layers, input_shape=3, dtype="float64")
        self.net.load_parameters(dict(zip(self.net.parameters(), weights, strict=True)))
        self.trainer = gn.Trainer(self.net, LOSS, gn.SGD(learning_rate=len(X)))

    def iterate(self, times: int) -> None:
        """Update so many times on the same four rows: an epoch of that many equal batches."""
        rows = np.tile(X, (times, 1)), np.tile(self.t, (times, 1))
        self.trainer.fit(rows, epochs=1, batch_size=len(X), shuffle=False, progress=False)

    def outputs(self) -> Array:
        """The four answers."""
        answers: Array = self.net(X)[:, 0]
        return answers

    def weights(self) -> list[Array]:
        """The weights of each layer."""
        return list(self.net.parameters().values())

    def error(self) -> float:
        """The mean absolute error."""
        return float(np.abs(self.t - self.net(X)).mean())

    def explain(self, when: str) -> None:
        """Print error, slope and their product, δ, for each of the four rows."""
        p = self.net.run(X, self.t, LOSS)
        last = self.net.outputs[0]
        y = p[last].y
        error, slope = self.t - y, y * (1 - y)
        delta = -len(X) * p[last].dx  # the Pass has the mean's gradient, downhill is minus
        print(f"\nThe update of each row, {when}: δ = error · slope")
        rows = [
            [str(x.astype(int)), f"{t:g}", *(f"{v:.6f}" for v in values)]
            for x, t, *values in zip(
                X, self.t[:, 0], y[:, 0], error[:, 0], slope[:, 0], delta[:, 0], strict=True
            )
        ]
        table(["inputs", "target", "output", "error", "slope", "δ"], rows)


def picture(iterations: int = 3_000, every: int = 50) -> Picture:
    """Draw how the answers to exclusive or settle, and where on the slope each row comes to lie."""
    loop = Loop(EXCLUSIVE_OR, three_layers())
    outputs = [loop.outputs()]
    for _ in range(0, iterations, every):
        loop.iterate(every)
        outputs.append(loop.outputs())
    answers = np.array(outputs)
    at, y = np.arange(len(answers)) * every, np.linspace(0, 1, 200)
    settling = [
        Series(str(x.astype(int)), at, answer, color)
        for x, answer, color in zip(X, answers.T, COLORS, strict=False)
    ]
    slope = [
        Series("", y, y * (1 - y), GREY),
        Series("before", *_stems(answers[0]), ORANGE),
        Series("after", *_stems(answers[-1]), BLUE),
    ]
    drawn = [
        Panel("Exclusive or, learnt by three layers", "iterations", "output", settling),
        Panel(
            "Slopes, before (orange) and after (blue)", "output y", "y (1 - y)", slope, legend=False
        ),
    ]
    return panels(drawn, 10, 3.8)


def _stems(y: Array) -> tuple[Array, Array]:
    """Upright lines from 0 to the slope at each output, with gaps between."""
    gap = np.full_like(y, np.nan)
    x, height = np.stack([y, y, gap]), np.stack([np.zeros_like(y), y * (1 - y), gap])
    return x.T.ravel(), height.T.ravel()
