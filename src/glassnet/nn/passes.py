"""Pass: one batch's way through a network and back, every number of it by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from glassnet.errors import ShapeError, one_of
from glassnet.nn.frame import ForgetfulFrame, Frame
from glassnet.nn.graph import Graph
from glassnet.nn.losses import Loss
from glassnet.types import Array, Shape


class Pass:
    """One batch's values, caches and gradients, by node name.

    ``p["dense_1"]`` is the Frame of that node: its output ``.y``, the gradients ``.dy`` and
    ``.dx``, its parameters' ``.gradients``, and by name in brackets what the layer kept. Inputs
    have a frame too. After `backward`, ``p.gradients["dense_1.W"]`` is the loss's gradient with
    respect to a parameter, summed over the nodes that share it; those of frozen layers are in
    their frames alone.

    After `measure`, ``p.dl`` is ∂L/∂l: a column (N, 1), or 1/N where all rows weigh the same.

    Nothing on the way looks at the numbers themselves, so that a library can trace a pass; only
    `loss` makes a plain number, of `L`.

    training    whether dropout drops and batch statistics are used
    step        the count of updates made so far: with the network's seed it fixes the dropout masks
    inputs_too  whether gradients are carried back to the inputs as well
    forget      True for a forward pass only: nothing is kept but the outputs
    xp          the array namespace that the layers and losses compute with
    """

    def __init__(
        self,
        network: Graph,
        *,
        training: bool = False,
        step: int = 0,
        inputs_too: bool = True,
        forget: bool = False,
        xp: Any = np,
    ) -> None:
        self.network = network
        self.training = training
        self.step = step
        self.inputs_too = inputs_too
        self.forget = forget
        self.xp = xp
        self.frames: dict[str, Frame] = {}
        self.loss_frames: dict[str, Frame] = {}
        self.losses: Mapping[str, Loss] = {}
        self.rows: Array = np.zeros(0)
        self._sum: Any = 0.0  # L = _sum / _of
        self._of = 1
        self.gradients: dict[str, Array] = {}
        self.dl: Array | float = 0.0

    def __getitem__(self, node: str) -> Frame:
        if node not in self.frames:
            raise one_of("node", node, list(self.frames))
        return self.frames[node]

    def __iter__(self) -> Iterator[str]:
        return iter(self.frames)

    def forward(self, xs: Mapping[str, Array]) -> None:
        """Compute every node in turn, each from the outputs of its inputs.

        Raises DataError for a network from a file that would take more memory than it may.
        """
        frames, training, inputs_too = self.frames, self.training, self.inputs_too
        seed, step = self.network.seed, self.step
        if not self.forget:
            self.network.expect_room()
        make_frame = ForgetfulFrame if self.forget else Frame
        layers = self.network.layers
        learns_before = None if inputs_too else self.network.learns_before()
        for name, x in xs.items():
            frames[name] = make_frame(training, xp=self.xp)
            frames[name].y = x
        for index, node in enumerate(self.network.nodes):
            layer = node.layer
            frame = frames[node.name] = make_frame(
                training and not layers[node.owner].is_fixed,
                (seed, step, index),
                self.xp,
                learns_before is None or learns_before[index],
            )
            if node.merges:
                frame.y = layer.forward([frames[name].y for name in node.inputs], frame)
            else:
                frame.y = layer.forward(frames[node.inputs[0]].y, frame)
            if self.forget:
                for name in node.finished:
                    del frames[name]

    def measure(
        self, losses: Mapping[str, Loss], targets: Mapping[str, Array], weights: Array | None
    ) -> None:
        """Compute the loss: `rows` holds l for each row, `L` and `loss` their weighted mean.

        With several outputs, each row's l is the sum over their losses.
        """
        self.losses = losses
        rows = None
        for output, loss in losses.items():
            frame = self.loss_frames[output] = Frame(self.training, xp=self.xp)
            l = loss.forward(self.frames[output].y, targets[output], frame)  # noqa: E741
            rows = l if rows is None else rows + l
        assert rows is not None, "a pass is measured by one loss or more"
        self.rows = rows
        if weights is None:
            self._sum, self._of = self.xp.sum(rows), rows.shape[0]
            self.dl = 1 / self._of
        else:
            # Where no row counts, the loss is 0, and so is its gradient.
            count = self.xp.sum(weights)
            share = weights / self.xp.where(count > 0, count, 1)
            self.dl = share[:, None]
            self._sum, self._of = share @ rows, 1

    @property
    def L(self) -> Any:  # noqa: N802 (the letter of the derivations)
        """The loss, of no axes, in the arrays' own namespace."""
        return self._sum / self._of

    @property
    def loss(self) -> float:
        """The loss L, a plain number."""
        return float(self._sum) / self._of

    def backward(self) -> None:
        """Carry the loss's gradient back from the outputs, node by node."""
        frames, gradients, layers = self.frames, self.gradients, self.network.layers
        for output, loss in self.losses.items():
            dy = loss.backward(self.dl, self.loss_frames[output])
            _add_to(frames[output], dy)
        for node in reversed(self.network.nodes):
            frame = frames[node.name]
            trained = layers[node.owner].trainable
            if frame.dy is None or not (trained or frame.wants_dx):
                continue  # nothing that was measured depends on this node, or nobody asks
            frame.dx = node.layer.backward(frame.dy, frame)
            for name, dw in frame.gradients.items() if trained else ():
                key = f"{node.owner}.{name}"
                gradients[key] = gradients[key] + dw if key in gradients else dw
            if frame.wants_dx and node.merges:
                for name, dx in zip(node.inputs, frame.dx, strict=True):
                    _add_to(frames[name], dx)
            elif frame.wants_dx:
                _add_to(frames[node.inputs[0]], frame.dx)

    def expect_sound(self) -> None:
        """Raise ShapeError unless every layer on the way kept the contract of `Layer`.

        A layer of one's own that returns no dx, or forgets a gradient, would stop all learning
        before it without a word. Engines look once, at the first batch.
        """
        for node in self.network.nodes:
            self._expect(self.frames[node.name].y, None, f"{node.layer}.forward: y", "")
        for node in reversed(self.network.nodes):
            frame, layer = self.frames[node.name], self.network.layers[node.owner]
            if frame.dy is None or not (layer.trainable or frame.wants_dx):
                continue
            what = f"{layer}.backward: "
            if frame.wants_dx:
                dxs = frame.dx if node.merges and frame.dx is not None else (frame.dx,)
                for name, dx in zip(node.inputs, dxs, strict=True):
                    self._expect(dx, self.frames[name].y.shape, f"{what}dx", "Return it.")
            for name in layer.params:
                w = getattr(layer, name, None)
                if w is not None:
                    mend = f"Set it by frame.grad({name}=…)."
                    self._expect(frame.gradients.get(name), w.shape, f"{what}d{name}", mend)
            if strangers := set(frame.gradients) - set(layer.params):
                raise ShapeError(
                    f"{what}it sets gradients of {sorted(strangers)}, which are not among its "
                    f"params, {list(layer.params)}."
                )

    def _expect(self, array: Any, shape: Shape | None, what: str, mend: str) -> None:
        """Check one array that a layer gave: its shape, unless that is None, and its precision."""
        found = getattr(array, "shape", None)
        if found is None or (shape is not None and found != shape):
            came = "nothing" if array is None else f"{type(array).__name__} of shape {found}"
            raise ShapeError(f"{what} is expected to have shape {shape}, got {came}. {mend}")
        if array.dtype != self.network.dtype:
            raise ShapeError(
                f"{what}: the network computes in {self.network.dtype}, got {array.dtype}. A NumPy "
                "number such as np.sqrt(2) makes float64: write float(np.sqrt(2))."
            )

    @property
    def updates(self) -> dict[str, Array]:
        """What the layers asked to change in the network's buffers, by name."""
        return {
            f"{node.owner}.{name}": value
            for node in self.network.nodes
            for name, value in self.frames[node.name].updates.items()
        }

    def apply_updates(self) -> None:
        """Write the updates into the network's buffers, such as running statistics."""
        if updates := self.updates:
            buffers = self.network.buffers()
            for name, value in updates.items():
                buffers[name][...] = value


def _add_to(frame: Frame, dy: Array) -> None:
    """A value used in several places gets the sum of the gradients from all of them."""
    frame.dy = dy if frame.dy is None else frame.dy + dy
