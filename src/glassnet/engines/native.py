"""The native engine: a network lowered to a program of compiled kernels, whose sources are native/.

A program computes what the layers compute, in chunks of batches that never return to Python. Its
layers, losses and rules are those of this package as they are; what it does not know, a layer of
one's own for instance, it names, and the reference engine runs the network instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from glassnet.data.batches import Batches
from glassnet.data.pixels import Pixels
from glassnet.engines import library
from glassnet.engines.base import BaseRunner, Examples, Job, State
from glassnet.engines.lowering import Lowering, refusal
from glassnet.errors import SettingError
from glassnet.nn.network import Network
from glassnet.settings import threads as threads
from glassnet.types import Array


class NativeEngine:
    """Runs whole chunks of batches in compiled code."""

    name = "native"

    def prepare(self, job: Job) -> NativeRunner:
        """Lower a job; SettingError says why there is no compiled code, or names what it lacks."""
        _expect_known(job)
        return NativeRunner(job)

    def predictor(self, network: Network) -> NativePredictor:
        """Lower a network; SettingError says the same."""
        return NativePredictor(network)

    def refuses(self, what: Job | Network) -> str | None:
        """Say why this engine cannot run a job, or answer by a network; None if it can."""
        try:
            library.load()
        except SettingError as error:
            if library.is_forced():
                raise
            return str(error).rstrip(".")
        return refusal(what)


class NativeRunner(BaseRunner):
    """A job as a program; the arrays are NumPy's, which the program reads and writes in place."""

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self._native = library.load()
        self._program = self._native.program(*Lowering(job.network, threads(), job, self.slots))

    def __reduce__(self) -> tuple[Callable[..., NativeRunner], tuple[Job, Any]]:
        return _again, (self.job, self.slots)  # a copy has a program of its own

    def run(
        self, examples: Examples, batches: Batches, rates: NDArray[np.float64], step: int
    ) -> NDArray[np.float64]:
        """Train on each batch in turn and return each one's loss before its update."""
        self.expect_current()
        losses, dtype = np.empty(len(batches)), self.job.network.dtype
        done = self._native.train(
            self._program,
            _inputs(self.job.network, examples),
            tuple(_target(examples.ts[name], dtype) for name in self.job.losses),
            None if examples.weights is None else _aligned(examples.weights, dtype),
            np.ascontiguousarray(batches.order, np.int64),
            batches.size,
            np.ascontiguousarray(rates, np.float64),
            step,
            self.job.network.seed,
            losses,
        )
        return losses[:done]

    def outputs(self, examples: Examples) -> dict[str, Array]:
        """Return the outputs of all rows by name, (N, …) each, as the network is now."""
        return _infer(self._native, self._program, self.job.network, examples)


class NativePredictor:
    """A network's forward pass as compiled code, for one row and for many, from any thread.

    It reads the network's arrays at each call, and so answers as the network is. Raises
    SettingError where there is no compiled code, or for a layer that it does not know.
    """

    def __init__(self, network: Network) -> None:
        self._native = _expect_known(network)
        self.network = network
        self._lower()

    def outputs(self, examples: Examples) -> dict[str, Array]:
        """Return the outputs of all rows by name, (N, …) each."""
        self._keep_up()
        return _infer(self._native, self._program, self.network, examples)

    def __call__(self, x: Array) -> Array:
        """Return the output for the rows x of a network of one input and one output: (N, …)."""
        return self.answer(x)[0]

    def answer(self, x: Array | Pixels) -> tuple[Array, bool]:
        """Return the same, also for Pixels, and whether all of it is finite."""
        self._keep_up()
        byte = 0.0
        if not (isinstance(x, np.ndarray) and x.dtype == self._dtype and x.shape[1:] == self._shape
                and x.flags.c_contiguous and x.flags.aligned):  # fmt: skip
            x, byte = _readable(x, self._dtype)
            self.network.expect_inputs(dict.fromkeys(self.network.inputs, x))
        y = np.empty((len(x), *self._out), self._dtype)
        return y, self._native.infer(self._program, ((x, byte),), (y,))

    def __reduce__(self) -> tuple[type[NativePredictor], tuple[Network]]:
        return type(self), (self.network,)  # a copy has a program of its own

    def _lower(self) -> None:
        network = self.network
        arrays = [
            (layer, name, array)
            for layer in network.layers.values()
            for name, array in layer.arrays().items()
        ]
        self._dtype = network.dtype
        self._shape = next(iter(network.inputs.values()))
        self._out = network.output_shapes[network.outputs[0]]
        self._program = self._native.program(*Lowering(network, threads()))
        self._arrays = arrays  # last: what fails is tried again

    def _keep_up(self) -> None:
        """Lower the network again if someone gave a layer another array."""
        for layer, name, array in self._arrays:
            if getattr(layer, name) is not array:
                return self._lower()
        return None


def _expect_known(what: Job | Network) -> library.Native:
    """Return the compiled code, or raise SettingError for what it cannot run, or is not there."""
    native = library.load()
    if reason := refusal(what):
        raise SettingError(f"The native engine cannot run this: {reason}. Use engine='numpy'.")
    return native


def _again(job: Job, slots: dict[str, dict[str, Array]]) -> NativeRunner:
    runner = NativeRunner(job)
    runner.restore(State(job.network.arrays(), slots))
    return runner


def _aligned(array: Array, dtype: DTypeLike) -> Array:
    """Return an array as compiled code reads it, itself if it can be."""
    return np.require(array, dtype, ["C", "A"])


def _target(t: Array, dtype: DTypeLike) -> tuple[Array, bool]:
    """Return a target, and whether it is class indices."""
    classes = t.dtype.kind == "i"
    return _aligned(t, np.int64 if classes else dtype), classes


def _inputs(network: Network, examples: Examples) -> tuple[tuple[Array, float], ...]:
    """Return each input's rows, and what a byte of them is worth."""
    return tuple(_readable(examples.xs[name], network.dtype) for name in network.inputs)


def _readable(x: Array | Pixels, dtype: DTypeLike) -> tuple[Array, float]:
    """Return rows as compiled code reads them, and what a byte is worth; 0 where they are none."""
    if isinstance(x, Pixels):
        return np.ascontiguousarray(x.bytes), 1 / x.maximum
    return _aligned(x, dtype), 0.0


def _infer(
    native: library.Native, program: object, network: Network, examples: Examples
) -> dict[str, Array]:
    ys = {
        name: np.empty((len(examples), *shape), network.dtype)
        for name, shape in network.output_shapes.items()
    }
    native.infer(program, _inputs(network, examples), tuple(ys.values()))
    return ys
