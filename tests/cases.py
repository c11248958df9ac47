"""The tables of rows, one for each thing that Glassnet exports: the tests run rows × properties.

A new layer, loss, optimiser or other rule is one class in one file and one row here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeAlias, TypeVar

import numpy as np

from glassnet import nn, optim
from glassnet.types import Array, Generator, Shape

T = TypeVar("T")

Known: TypeAlias = Literal[True] | str
"""True, or why not, in words."""


@dataclass(frozen=True)
class Case(Generic[T]):
    """A row: what to call it in a test's name, and how to make it."""

    name: str
    make: Callable[[], T]

    def __str__(self) -> str:
        return self.name


# ---- LAYERS --------------------------------------------------------------------------------------

Draw: TypeAlias = Callable[[Generator, Shape], Array]
Twin: TypeAlias = Callable[..., Any]


def normal(rng: Generator, shape: Shape) -> Array:
    """Draw numbers of both signs, and of no special size."""
    return rng.normal(size=shape)


def off_zero(rng: Generator, shape: Shape) -> Array:
    """Draw numbers from ±0.1 to ±2, away from the kink at 0."""
    return rng.choice([-1.0, 1.0], shape) * rng.uniform(0.1, 2, shape)


def functional(name: str, **settings: Any) -> Twin:
    """Return the twin that is one call of torch.nn.functional, which is imported when it runs."""

    def twin(_: dict[str, Any], *xs: Any) -> Any:
        import torch.nn.functional

        return getattr(torch.nn.functional, name)(*xs, **settings)

    return twin


def torch_dense(arrays: dict[str, Any], x: Any) -> Any:
    import torch.nn.functional

    return torch.nn.functional.linear(x, arrays["W"].T, arrays.get("b"))


def torch_maxout(arrays: dict[str, Any], x: Any) -> Any:
    import torch

    return (torch.einsum("nd,dkm->nkm", x, arrays["W"]) + arrays["b"]).amax(1)


def torch_batch_norm(momentum: float, epsilon: float, training: bool) -> Twin:
    """Return the twin of BatchNorm: its momentum is the share of the new statistic, not the old."""

    def twin(arrays: dict[str, Any], x: Any) -> Any:
        import torch.nn.functional

        names = ("running_mean", "running_var", "gamma", "beta")
        mean, var, gamma, beta = (arrays[name] for name in names)
        return torch.nn.functional.batch_norm(
            x, mean, var, gamma, beta, training, 1 - momentum, epsilon
        )

    return twin


def torch_layer_norm(arrays: dict[str, Any], x: Any) -> Any:
    import torch.nn.functional

    return torch.nn.functional.layer_norm(x, x.shape[1:], arrays["gamma"], arrays["beta"])


def torch_concatenate(_: dict[str, Any], *xs: Any) -> Any:
    import torch

    return torch.cat(xs, dim=-1)


@dataclass(frozen=True)
class LayerCase(Case[nn.Layer]):
    """A layer or merge.

    torch       the same in PyTorch, called with the layer's arrays and its inputs; or why not
    native      whether compiled code knows it
    page        whether the program of an exported page knows it
    story       whether explanations have its formula; else they measure its slopes
    shapes      of one row, for each input
    draw        inputs at which the layer has a slope
    training    whether it is run as in training
    kinks       slopes that are taken where there is none: {x: dx for dy = 1}
    analytic    whether it is so everywhere, and the complex step can measure it
    """

    torch: Twin | str
    shapes: tuple[Shape, ...] = ((4,),)
    draw: Draw = normal
    training: bool = False
    kinks: dict[float, float] = field(default_factory=dict)
    analytic: bool = True
    native: Known = True
    page: Known = True
    story: Known = True

    @property
    def twin(self) -> Twin:
        assert callable(self.torch), self.torch
        return self.torch


LAYERS = [
    LayerCase("dense", lambda: nn.Dense(3), torch_dense),
    LayerCase("dense, no bias", lambda: nn.Dense(3, bias=False), torch_dense),
    LayerCase(
        "maxout",
        lambda: nn.Maxout(3, pieces=4),
        torch_maxout,
        analytic=False,
        native=nn.Maxout.not_in["native"],
        page=nn.Maxout.not_in["page"],
        story="its slopes, measured, are the weights of the piece that is the largest",
    ),
    LayerCase("identity", nn.Identity, lambda _, x: x),
    LayerCase("sigmoid", nn.Sigmoid, functional("sigmoid")),
    LayerCase("tanh", nn.Tanh, functional("tanh")),
    LayerCase("relu", nn.ReLU, functional("relu"), draw=off_zero, kinks={0.0: 0.0}, analytic=False),
    LayerCase(
        "leaky relu",
        lambda: nn.LeakyReLU(0.2),
        functional("leaky_relu", negative_slope=0.2),
        draw=off_zero,
        kinks={0.0: 0.2},
        analytic=False,
    ),
    LayerCase("elu", nn.ELU, functional("elu"), draw=off_zero, analytic=False),
    LayerCase(
        "elu, alpha",
        lambda: nn.ELU(alpha=2.5),
        functional("elu", alpha=2.5),
        draw=off_zero,
        kinks={0.0: 2.5},
        analytic=False,
    ),
    LayerCase("gelu", nn.GELU, functional("gelu")),
    LayerCase("silu", nn.SiLU, functional("silu")),
    LayerCase("softplus", nn.Softplus, functional("softplus", threshold=50)),
    LayerCase("softmax", nn.Softmax, functional("softmax", dim=-1)),
    LayerCase("softmax, of a table", nn.Softmax, functional("softmax", dim=-1), ((2, 3),)),
    LayerCase("dropout", nn.Dropout, lambda _, x: x),
    LayerCase(
        "dropout, training", lambda: nn.Dropout(0.4), "PyTorch draws other masks", training=True
    ),
    LayerCase("batch norm", nn.BatchNorm, torch_batch_norm(0.9, 1e-5, training=False)),
    LayerCase(
        "batch norm, training",
        lambda: nn.BatchNorm(momentum=0.7, epsilon=1e-3),
        torch_batch_norm(0.7, 1e-3, training=True),
        training=True,
    ),
    LayerCase("layer norm", nn.LayerNorm, torch_layer_norm),
    LayerCase("standardize", nn.Standardize, lambda a, x: (x - a["mean"]) / a["std"]),
    LayerCase(
        "standardize, of a table",
        nn.Standardize,
        lambda a, x: (x - a["mean"]) / a["std"],
        ((2, 3),),
    ),
    LayerCase("flatten", nn.Flatten, lambda _, x: x.flatten(1), ((2, 3),)),
]


# ---- MERGES --------------------------------------------------------------------------------------

MERGES = [
    LayerCase("add", nn.Add, lambda _, x1, x2: x1 + x2, ((3,), (3,))),
    LayerCase("add, of three", nn.Add, lambda _, *xs: sum(xs), ((3,), (3,), (3,))),
    LayerCase("concatenate", nn.Concatenate, torch_concatenate, ((3,), (1,), (2,))),
    LayerCase("concatenate, of tables", nn.Concatenate, torch_concatenate, ((2, 3), (2, 1))),
]


# ---- LOSSES --------------------------------------------------------------------------------------


def class_indices(rng: Generator, shape: Shape) -> Array:
    return rng.integers(shape[1], size=shape[0])


def one_hot(rng: Generator, shape: Shape) -> Array:
    return np.eye(shape[1])[class_indices(rng, shape)]


def shares(rng: Generator, shape: Shape) -> Array:
    return rng.dirichlet(np.ones(shape[1]), shape[0])


def zero_to_one(rng: Generator, shape: Shape) -> Array:
    return rng.uniform(size=shape)


def near(rng: Generator, t: Array) -> Array:
    """Draw outputs at ±0.1 to ±0.9 or ±1.1 to ±2.9 from t: not at it, nor 1 away from it."""
    size = rng.uniform(0.1, 0.9, t.shape) + rng.choice([0, 1, 2], t.shape)
    y: Array = t + rng.choice([-1.0, 1.0], t.shape) * size
    return y


def torch_half_squared(y: Any, t: Any) -> Any:
    return ((y - t) ** 2).sum(1) / 2


def rowwise(name: str, reduction: str, **settings: Any) -> Twin:
    """Return the twin: a loss of torch.nn.functional for each number, reduced to one for a row."""

    def twin(y: Any, t: Any) -> Any:
        import torch.nn.functional

        each = getattr(torch.nn.functional, name)(y, t, reduction="none", **settings)
        return getattr(each, reduction)(1)

    return twin


def torch_softmax_cross_entropy(y: Any, t: Any) -> Any:
    import torch.nn.functional

    return torch.nn.functional.cross_entropy(y, t, reduction="none")


@dataclass(frozen=True)
class LossCase(Case[nn.Loss]):
    """A loss with one kind of targets.

    torch       the same in PyTorch, called with outputs and targets: one number a row
    native      whether compiled code knows it
    story       whether explanations have its formula; else its numbers stand alone
    targets     draws them for outputs of a shape, rows included
    compares    whether it has kinks where an output is at its target, or 1 away from it
    columns     the number of outputs
    kinks       slopes that are taken where there is none: {y - t: dy for dl = 1 and one output}
    analytic    whether it is so everywhere, and the complex step can measure it
    """

    torch: Twin
    targets: Draw
    compares: bool = False
    columns: int = 3
    kinks: dict[float, float] = field(default_factory=dict)
    analytic: bool = True
    native: Known = True
    story: Known = True

    def draw(self, rng: Generator, rows: int) -> tuple[Array, Array]:
        """Draw outputs (N, M) at which the loss has a slope, and targets."""
        shape = (rows, self.columns)
        t = self.targets(rng, shape)
        return (near(rng, t) if self.compares else rng.normal(0, 2, shape)), t


LOSSES = [
    LossCase("mean squared error", nn.MeanSquaredError, rowwise("mse_loss", "mean"), normal),
    LossCase("half squared error", nn.HalfSquaredError, torch_half_squared, normal),
    LossCase(
        "mean absolute error",
        nn.MeanAbsoluteError,
        rowwise("l1_loss", "mean"),
        normal,
        compares=True,
        analytic=False,
        kinks={0.0: 0.0},
    ),
    LossCase(
        "huber", nn.Huber, rowwise("huber_loss", "mean"), normal, compares=True, analytic=False
    ),
    LossCase(
        "huber, delta",
        lambda: nn.Huber(delta=2.0),
        rowwise("huber_loss", "mean", delta=2.0),
        normal,
        compares=True,
        analytic=False,
    ),
    LossCase(
        "sigmoid cross-entropy",
        nn.SigmoidCrossEntropy,
        rowwise("binary_cross_entropy_with_logits", "sum"),
        zero_to_one,
    ),
    LossCase(
        "sigmoid cross-entropy, one column",
        nn.SigmoidCrossEntropy,
        rowwise("binary_cross_entropy_with_logits", "sum"),
        zero_to_one,
        columns=1,
    ),
    LossCase(
        "softmax cross-entropy, indices",
        nn.SoftmaxCrossEntropy,
        torch_softmax_cross_entropy,
        class_indices,
    ),
    LossCase(
        "softmax cross-entropy, one-hot",
        nn.SoftmaxCrossEntropy,
        torch_softmax_cross_entropy,
        one_hot,
    ),
    LossCase(
        "softmax cross-entropy, shares", nn.SoftmaxCrossEntropy, torch_softmax_cross_entropy, shares
    ),
    LossCase(
        "softmax cross-entropy, nearly shares",
        nn.SoftmaxCrossEntropy,
        torch_softmax_cross_entropy,
        lambda rng, shape: shares(rng, shape) * rng.uniform(0.9995, 1.0005, (shape[0], 1)),
    ),
]


# ---- OPTIMIZERS ----------------------------------------------------------------------------------


Step: TypeAlias = Callable[[], None]


def torch_optim(name: str, **settings: Any) -> Callable[[list[Any], float], Step]:
    """Return the twin that is a class of torch.optim, which is imported when it runs."""

    def twin(parameters: list[Any], rate: float) -> Step:
        import torch.optim

        step: Step = getattr(torch.optim, name)(parameters, lr=rate, **settings).step
        return step

    return twin


def torch_lion(parameters: list[Any], rate: float) -> Step:
    """Return the twin of Lion with λ = 0.5, which PyTorch lacks: its three lines, on tensors."""
    import torch

    means = [torch.zeros_like(w) for w in parameters]

    def step() -> None:
        with torch.no_grad():
            for w, m in zip(parameters, means, strict=True):
                way = torch.lerp(w.grad, m, 0.9).sign()
                w.mul_(1 - rate * 0.5).sub_(way, alpha=rate)
                m.lerp_(w.grad, 1 - 0.99)

    return step


@dataclass(frozen=True)
class OptimizerCase(Case[optim.Optimizer]):
    """An optimiser with a rate of 0.1.

    by_hand     w after each step from w = 1 with dw = 2
    torch       the same in PyTorch, called with parameters and a rate: a function that makes a step
    refuses     of a setting, a value outside of what it may be, and the interval of that
    native      True, or the words in which the compiled engine refuses it
    rests       whether it comes to rest at the lowest point, from which weight decay may pull it
    """

    by_hand: tuple[float, ...]
    torch: Callable[[list[Any], float], Step]
    refuses: dict[str, tuple[Any, str]] = field(default_factory=dict)
    native: bool | str = True
    rests: bool = True


OPTIMIZERS = [
    OptimizerCase(
        "sgd", lambda: optim.SGD(0.1), (0.8, 0.6), torch_optim("SGD"), {"momentum": (1.0, "[0, 1)")}
    ),
    OptimizerCase(
        "momentum",
        lambda: optim.SGD(0.1, momentum=0.9),
        (0.8, 0.42),
        torch_optim("SGD", momentum=0.9),
    ),
    OptimizerCase(
        "nesterov",
        lambda: optim.SGD(0.1, momentum=0.9, nesterov=True),
        (0.62, 0.078),
        torch_optim("SGD", momentum=0.9, nesterov=True),
    ),
    OptimizerCase(
        "rmsprop",
        lambda: optim.RMSprop(0.1, decay=0.75),
        (0.8,),
        torch_optim("RMSprop", alpha=0.75),
        {"decay": (1, "[0, 1)"), "epsilon": (0, "(0, inf)")},
    ),
    OptimizerCase(
        "adagrad",
        lambda: optim.Adagrad(0.1),
        (0.9, 0.829289),
        torch_optim("Adagrad"),
        {"epsilon": (-1, "(0, inf)")},
    ),
    OptimizerCase(
        "adam",
        lambda: optim.Adam(0.1),
        (0.9, 0.8),
        torch_optim("Adam"),
        {"beta1": (1.5, "[0, 1)"), "beta2": (-0.1, "[0, 1)"), "epsilon": (None, "(0, inf)")},
    ),
    OptimizerCase(
        "adamw",
        lambda: optim.AdamW(0.1, weight_decay=0.5),
        (0.85,),
        torch_optim("AdamW", weight_decay=0.5),
        {"beta1": (2, "[0, 1)"), "weight_decay": (-1, "[0, inf)")},
        rests=False,
    ),
    OptimizerCase(
        "lion",
        lambda: optim.Lion(0.1, weight_decay=0.5),
        (0.85, 0.7075),
        torch_lion,
        {"beta1": (1.5, "[0, 1)"), "beta2": (1, "[0, 1)"), "weight_decay": (-1, "[0, inf)")},
        native="it does not know the optimiser Lion",
    ),
]


# ---- SCHEDULES -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class ScheduleCase(Case[optim.Schedule]):
    """`by_hand`: the rates at some steps."""

    by_hand: dict[int, float]


SCHEDULES = [
    ScheduleCase(
        "step decay",
        lambda: optim.StepDecay(0.1, factor=0.5, every=10),
        {0: 0.1, 9: 0.1, 10: 0.05, 20: 0.025},
    ),
    ScheduleCase(
        "exponential decay",
        lambda: optim.ExponentialDecay(0.1, factor=0.25, every=10),
        {0: 0.1, 5: 0.05, 10: 0.025, 20: 0.00625},
    ),
    ScheduleCase(
        "cosine decay",
        lambda: optim.CosineDecay(0.5, steps=10, final=0.1),
        {0: 0.5, 5: 0.3, 10: 0.1, 99: 0.1},
    ),
    ScheduleCase(
        "one cycle",
        lambda: optim.OneCycle(1.0, steps=20, rise=0.25, start_divisor=10, final_divisor=100),
        {0: 0.1, 2: 0.55, 4: 1.0, 19: 0.001, 99: 0.001},
    ),
    ScheduleCase(
        "one cycle, no rise",
        lambda: optim.OneCycle(1.0, steps=1, rise=0.0, start_divisor=10, final_divisor=10),
        {0: 0.01},
    ),
    ScheduleCase(
        "warm-up, level",
        lambda: optim.WarmUp(4, then=0.1),
        {0: 0.02, 1: 0.04, 3: 0.08, 4: 0.1, 99: 0.1},
    ),
    ScheduleCase(
        "warm-up, then decay",
        lambda: optim.WarmUp(4, optim.StepDecay(0.1, factor=0.5, every=10)),
        {0: 0.02, 4: 0.1, 13: 0.1, 14: 0.05},
    ),
]


# ---- PENALTIES -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class PenaltyCase(Case[optim.Penalty]):
    """By hand for W = [[3, -1], [-4, 0]]: the value, and W after the projection."""

    value: float
    projected: list[list[float]]


PENALTIES = [
    PenaltyCase("l1", lambda: optim.L1(0.5), 4.0, [[3, -1], [-4, 0]]),
    PenaltyCase("l2", lambda: optim.L2(0.5), 6.5, [[3, -1], [-4, 0]]),
    PenaltyCase("max norm", lambda: optim.MaxNorm(2.5), 0.0, [[1.5, -1], [-2, 0]]),
]


# ---- CLIPPINGS -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class ClippingCase(Case[optim.Clipping]):
    """By hand for a = [3, -1] and b = [[-4, 0]]: what comes out."""

    a: list[float]
    b: list[list[float]]


CLIPPINGS = [
    ClippingCase("clip value", lambda: optim.ClipValue(2.0), [2, -1], [[-2, 0]]),
    ClippingCase(
        "clip norm",
        lambda: optim.ClipNorm(26**0.5 / 2),
        [1.5, -0.5],
        [[-2, 0]],
    ),
    ClippingCase("clip norm, short enough", lambda: optim.ClipNorm(6.0), [3, -1], [[-4, 0]]),
]
