"""Layer and Merge: what a piece of a network is; Node and Input: its place in one."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from typing import Any, ClassVar, Protocol

import numpy as np

from glassnet.errors import GraphError, ShapeError, UnknownAttributeError, one_of
from glassnet.nn.frame import Frame
from glassnet.nn.initializers import Initializer, describe, zeros
from glassnet.types import Array, Shape


class Declare(Protocol):
    """How a layer says which arrays it needs; the network makes them."""

    def __call__(self, name: str, shape: Shape, init: Initializer = zeros, /) -> None:
        """Ask for an array.

        name    one of the layer's `params` or `buffers`
        init    makes its first value
        """


@dataclass(eq=False)
class Layer:
    """A function with parameters, and its derivative.

    A layer holds hyper-parameters (its fields) and, in a network, that network's arrays; and no
    trace of any pass, so one layer can stand in several places and serve several threads. To write
    one: make it a dataclass, name its arrays in `params` (trained) and `buffers` (kept, but not
    trained), ask for them in `build`, and define `forward` and `backward`. Never write to `x` or
    `dy`. Setting an attribute that the class does not have raises UnknownAttributeError.

    What it is, it says in the class attributes below, and whoever looks at a network goes by them:
    the doctor, explanations, pictures, `gn.train`. What is left out is not assumed.

    name        in a network; unless given, the class's with a running number
    trainable   False holds its arrays as they are: see `Network.freeze`
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
    trainable: bool = field(default=True, kw_only=True)

    in_network = False

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

    def build(self, shape: Any, declare: Declare) -> Shape:  # noqa: ARG002
        """Declare the arrays for rows of that shape, without the batch axis; return the output's.

        ``declare("W", (4, 3), gn.glorot_uniform)`` has the network make ``self.W``.
        """
        same: Shape = shape
        return same

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
        self.expect_feeds(len(inputs))
        return Node(self, inputs)

    def __setattr__(self, name: str, value: Any) -> None:
        if not (hasattr(type(self), name) or name in (known := _attributes(type(self)))):
            raise _unknown(type(self), name, known)
        super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        kind = type(self)
        if name in (*kind.params, *kind.buffers):
            raise AttributeError(f"{kind.__name__} has no {name} before it is part of a network.")
        raise AttributeError(f"{kind.__name__!r} object has no attribute {name!r}")

    def hold(self, arrays: Mapping[str, Any]) -> None:
        """Take a network's arrays, by name, to compute with; what is left out is None."""
        for name in (*self.params, *self.buffers):
            setattr(self, name, arrays.get(name))
        self.in_network = True

    @property
    def is_fixed(self) -> bool:
        """Whether it is frozen and has statistics of its own: these are used, and stay."""
        return not self.trainable and bool(self.buffers)

    def around(self, layer: Layer) -> Layer:
        """Return what does for `layer`, a copy with other arrays, what this does for its own."""
        return layer

    def arrays(self) -> dict[str, Array]:
        """Return the layer's arrays by name: parameters first, then buffers."""
        named = {name: getattr(self, name, None) for name in (*self.params, *self.buffers)}
        return {name: array for name, array in named.items() if array is not None}

    def config(self) -> dict[str, Any]:
        """Describe the layer as JSON: its class and hyper-parameters, without its arrays."""
        settings = {}
        for f in self._fields():
            value = getattr(self, f.name)
            if f.name != "name" and not (f.name == "trainable" and value):
                settings[f.name] = describe(value) if f.name in self.initializers else value
        return {"class": type(self).__name__, **settings}

    def _fields(self) -> list[Field[Any]]:
        """The fields, those of every layer last."""
        return sorted(fields(self), key=lambda one: one.kw_only is True)

    def __str__(self) -> str:
        """Write the layer as one would type it, without defaults, initialisers and name."""
        shown = [
            f"{getattr(self, f.name)}" if f.name in ("units", "rate", "slope") else
            f"{f.name}={getattr(self, f.name)!r}"
            for f in self._fields()
            if f.name not in ("name", *self.initializers) and getattr(self, f.name) != f.default
        ]  # fmt: skip
        return f"{type(self).__name__}({', '.join(shown)})"

    def expect_feeds(self, count: int) -> None:
        """Raise GraphError unless the layer takes so many inputs."""
        if count != 1:
            raise GraphError(
                f"{self} takes one input, got {count}. "
                "Join several with Add() or Concatenate() first."
            )

    def expect_rows(self, shape: Shape) -> int:
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

    def build(self, shape: Sequence[Shape], declare: Declare) -> Shape:
        """Declare the arrays for inputs of those shapes; return the output's."""
        raise NotImplementedError(f"{type(self).__name__} needs a build(self, shapes, declare).")

    def forward(self, xs: Sequence[Array], frame: Frame) -> Array:
        """Return y for the batches xs, keeping in `frame` what `backward` will want."""
        raise NotImplementedError(f"{type(self).__name__} needs a forward(self, xs, frame).")

    def backward(self, dy: Array, frame: Frame) -> tuple[Array, ...]:
        """Return the loss's gradient with respect to each of the inputs."""
        raise NotImplementedError(f"{type(self).__name__} needs a backward(self, dy, frame).")

    def expect_feeds(self, count: int) -> None:
        if count < 2:
            raise GraphError(f"{self} joins two inputs or more, got {count}.")


class Node:
    """One use of a layer: the layer, and the nodes whose outputs it takes.

    Calling a layer on nodes makes one: ``h = gn.Dense(64)(x)``. A layer called twice makes two
    nodes that share its parameters.
    """

    def __init__(
        self, layer: Layer | None, inputs: Sequence[Node] = (), name: str | None = None
    ) -> None:
        self.layer = layer
        self.inputs = tuple(inputs)
        self.name = name if name is not None or layer is None else layer.name

    def __repr__(self) -> str:
        return f"<Node {self.name or self.layer}>"


class Input(Node):
    """A place where rows come in.

    shape   of one row, without the batch axis: ``(64,)``
    """

    def __init__(self, shape: Shape | int, name: str | None = None) -> None:
        super().__init__(None, (), name)
        try:
            self.shape = _sizes(shape)
        except (TypeError, ValueError):
            raise GraphError(
                f"Input expects the shape of one row as positive whole numbers, such as (64,), "
                f"got {shape!r}. Leave out the number of rows."
            ) from None

    def __repr__(self) -> str:
        return f"<Input {self.name or ''}{self.shape}>"


def _sizes(shape: Any) -> Shape:
    """Return one size, or several, as a shape; raise TypeError or ValueError if it is none."""
    sizes = shape if isinstance(shape, Iterable) else (shape,)
    checked = tuple(operator.index(size) for size in sizes)
    if not checked or min(checked) < 1:
        raise ValueError(shape)
    return checked


def _attributes(kind: type[Layer]) -> list[str]:
    """The attributes that a layer of a class can have: its fields and its arrays, by name."""
    own = [base for base in kind.__mro__ if issubclass(base, Layer) and base is not Layer]
    named = [name for base in own for name in inspect.get_annotations(base)]
    return [*dict.fromkeys([*named, *kind.params, *kind.buffers, "name", "trainable"])]


def _unknown(kind: type[Layer], name: str, known: Sequence[str]) -> UnknownAttributeError:
    hint = str(one_of("attribute", name, list(known)))
    return UnknownAttributeError(
        f"{kind.__name__}: {hint} A layer of your own names each of its attributes in its class."
    )
