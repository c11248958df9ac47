"""Layer and Merge: what a piece of a network is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from glassnet.errors import GraphError, ShapeError
from glassnet.nn.frame import Frame
from glassnet.nn.initializers import describe, is_field
from glassnet.nn.node import Node
from glassnet.types import Array, Generator, Shape


@dataclass(eq=False)
class Layer:
    """A function with parameters, and its derivative.

    A layer holds hyper-parameters (its fields) and named arrays, and no trace of any pass, so one
    layer can stand in several places of a network and serve several threads. To write one: make it
    a dataclass, name its arrays in `params` (trained) and `buffers` (kept, but not trained), and
    define `build`, `forward` and `backward`. Never write to `x` or `dy`.
    """

    params: ClassVar[tuple[str, ...]] = ()
    buffers: ClassVar[tuple[str, ...]] = ()

    elementwise: ClassVar[bool] = False
    """Whether each number of y depends on the same number of x alone, everywhere alike."""

    name: str | None = field(default=None, kw_only=True)

    def mixes_rows(self, training: bool) -> bool:  # noqa: ARG002
        """Say whether a row of y depends on more than that row of x, or on its place in the batch.

        What looks at rows apart from their batch, such as `gn.numerical_gradient`, asks for it.
        """
        return False

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
                settings[f.name] = describe(value) if is_field(f.name) else value
        return {"class": type(self).__name__, **settings}

    def __str__(self) -> str:
        """Write the layer as one would type it, without defaults, initialisers and name."""
        shown = [
            f"{getattr(self, f.name)}" if f.name in ("units", "rate", "slope") else
            f"{f.name}={getattr(self, f.name)!r}"
            for f in fields(self)
            if f.name != "name" and not is_field(f.name) and getattr(self, f.name) != f.default
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
