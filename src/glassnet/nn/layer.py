"""Layer and Merge: what a piece of a network is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

import numpy as np

from glassnet.errors import GraphError, ShapeError
from glassnet.nn.frame import Frame
from glassnet.nn.initializers import describe
from glassnet.nn.node import Node
from glassnet.types import Array, Generator, Shape


@dataclass(eq=False)
class Layer:
    """A function with parameters, and its derivative.

    A layer holds hyper-parameters (its fields) and named arrays, and no trace of any pass, so one
    layer can stand in several places of a network and serve several threads. To write one: make it
    a dataclass, name its arrays in `params` (trained) and `buffers` (kept, but not trained), and
    define `build`, `forward` and `backward`. Never write to `x` or `dy`.

    What it is, it says in the class attributes below, and whoever looks at a network goes by them:
    the doctor, explanations, pictures, `gn.train`. What is left out is not assumed.
    """

    params: ClassVar[tuple[str, ...]] = ()
    buffers: ClassVar[tuple[str, ...]] = ()

    initializers: ClassVar[tuple[str, ...]] = ()
    """The fields that hold initialisers, which a model file keeps by name."""

    elementwise: ClassVar[bool] = False
    """Whether each number of y depends on the same number of x alone, everywhere alike."""

    unit_by_unit: ClassVar[bool] = False
    """Whether each unit of y comes of the unit of x in its place, if not everywhere alike."""

    activation: ClassVar[bool] = False
    """Whether it is a bend behind a weighted sum: what makes up an answer is looked for before it.
    What is `elementwise` counts as one."""

    affine: ClassVar[bool] = False
    """Whether outside training y is a weighted sum of the numbers of x, plus a constant."""

    weighted_sum: ClassVar[bool] = False
    """Whether y = x W + b, with W: (D, M) among `params`, and b: (M,) unless it has none."""

    standardizes: ClassVar[bool] = False
    """Whether y = (x - mean) / std, with both among `buffers`, measured on the training data: y = 0
    is their mean."""

    bounds: ClassVar[tuple[float, float] | None] = None
    """Between which numbers y lies, whatever x is: (0, 1), or (0, inf); None says nothing."""

    flat_at: ClassVar[tuple[float, ...]] = ()
    """The y that an elementwise layer gives over a whole stretch of x: nothing comes back there."""

    steepest: ClassVar[float | None] = None
    """The largest slope of an elementwise layer that saturates: a soft step, whose slope goes to 0
    on both sides. None for one that does not."""

    suits: ClassVar[str] = "glorot_uniform"
    """The initialiser that suits the weights before it, by name: He's where half of the signal is
    lost."""

    not_in: ClassVar[Mapping[str, str]] = {}
    """Where a layer of Glassnet's is not known, each with the reason in words: "native", compiled
    code; "page", the program of an exported page. Layers of one's own are known to neither."""

    name: str | None = field(default=None, kw_only=True)

    def mixes_rows(self, training: bool) -> bool:  # noqa: ARG002
        """Say whether a row of y depends on more than that row of x, or on its place in the batch.

        What looks at rows apart from their batch, such as `gn.numerical_gradient`, asks for it.
        """
        return False

    def kinks(self) -> tuple[float, ...]:
        """Return the x at which an elementwise layer has no slope, and one side's is taken."""
        return ()

    def slopes(self, frame: Frame) -> Array:
        """Return the slopes of an elementwise layer in a pass: what `backward` makes of dy = 1."""
        aside = Frame(frame.training, frame.source, frame.xp)
        aside.kept = frame.kept
        slopes: Array = self.backward(np.ones_like(frame.y), aside)
        return slopes

    def silent(self, y: Array) -> Array:
        """Say of each unit whether no row of y lets anything back through it: see `flat_at`."""
        flat = np.zeros(y.shape, bool)
        for value in self.flat_at:
            flat |= y == y.dtype.type(value)
        return np.asarray(flat.all(axis=0))

    def build(self, shape: Any, rng: Generator) -> Shape:  # noqa: ARG002
        """Make the arrays for rows of that shape, without the batch axis; return the output's."""
        made: Shape = shape
        return made

    def forward(self, x: Any, frame: Frame) -> Array:
        """Return y for the batch x, keeping in `frame` what `backward` will want."""
        raise NotImplementedError(f"{type(self).__name__} needs a forward(self, x, frame).")

    def backward(self, dy: Array, frame: Frame) -> Any:
        """Return dx, the loss's gradient with respect to x, and set the parameters' in `frame`.

        Where `frame.wants_dx` is False nobody reads dx, and None will do.
        """
        raise NotImplementedError(f"{type(self).__name__} needs a backward(self, dy, frame).")

    def __call__(self, *inputs: Node) -> Node:
        """Connect the layer: return the node that stands for its output."""
        for node in inputs:
            if not isinstance(node, Node):
                raise GraphError(
                    f"{self} connects to nodes made by gn.Input or by other layers, got a "
                    f"{type(node).__name__}. To compute with arrays, put it into a network first."
                )
        self._expect_inputs(len(inputs))
        return Node(self, inputs)

    def arrays(self) -> dict[str, Array]:
        """Return the layer's arrays by name: parameters first, then buffers."""
        named = {name: getattr(self, name, None) for name in (*self.params, *self.buffers)}
        return {name: array for name, array in named.items() if array is not None}

    def config(self) -> dict[str, Any]:
        """Describe the layer as JSON: its class and hyper-parameters, without its arrays."""
        settings = {}
        for f in fields(self):
            value = getattr(self, f.name)
            if f.name != "name":
                settings[f.name] = describe(value) if f.name in self.initializers else value
        return {"class": type(self).__name__, **settings}

    def __str__(self) -> str:
        """Write the layer as one would type it, without defaults, initialisers and name."""
        shown = [
            f"{getattr(self, f.name)}" if f.name in ("units", "rate", "slope") else
            f"{f.name}={getattr(self, f.name)!r}"
            for f in fields(self)
            if f.name not in ("name", *self.initializers) and getattr(self, f.name) != f.default
        ]  # fmt: skip
        return f"{type(self).__name__}({', '.join(shown)})"

    def _expect_inputs(self, count: int) -> None:
        if count != 1:
            raise GraphError(
                f"{self} takes one input, got {count}. "
                "Join several with Add() or Concatenate() first."
            )

    def _expect_rows(self, shape: Shape) -> int:
        """Return D if the input is rows of D numbers, else say what to do."""
        if len(shape) != 1:
            raise ShapeError(
                f"{self} expects rows of numbers, got an input of shape {shape} per row. "
                "Add Flatten() before it."
            )
        return shape[0]


@dataclass(eq=False)
class Merge(Layer):
    """A layer of several inputs: `forward` gets a sequence, `backward` gives one gradient each."""

    def build(self, shape: Sequence[Shape], rng: Generator) -> Shape:
        """Make the arrays for inputs of those shapes; return the output's."""
        raise NotImplementedError(f"{type(self).__name__} needs a build(self, shapes, rng).")

    def forward(self, xs: Sequence[Array], frame: Frame) -> Array:
        """Return y for the batches xs, keeping in `frame` what `backward` will want."""
        raise NotImplementedError(f"{type(self).__name__} needs a forward(self, xs, frame).")

    def backward(self, dy: Array, frame: Frame) -> tuple[Array, ...]:
        """Return the loss's gradient with respect to each of the inputs."""
        raise NotImplementedError(f"{type(self).__name__} needs a backward(self, dy, frame).")

    def _expect_inputs(self, count: int) -> None:
        if count < 2:
            raise GraphError(f"{self} joins two inputs or more, got {count}.")
