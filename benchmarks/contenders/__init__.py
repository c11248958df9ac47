"""The contenders: each has a function for the kinds of workload that it can do.

    learner(w, x, t, seed=0)   a Learner that has made its network, from the weights of
                               `benchmarks.weights`, and brought the rows to the form it likes best
    answer(w, x, t)            a function of no arguments that does the work once
    gradient(w, x, t)          the same

x: (N, D) bytes or floats, t: what the loss compares. What these functions do themselves is not
timed. PART is the share of the work that is done, where that is not all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Protocol

from benchmarks.arrays import Array
from glassnet.engines import library


class Learner(Protocol):
    """A network that learns. note: what was done before, at which cost, if that is worth saying."""

    note: str

    def learn(self) -> object:
        """Do the work: `w.passes` times over the rows."""
        ...

    def answers(self, rows: Array) -> Array:
        """Return the outputs for rows of floats: (N, D) to (N, M)."""
        ...


@dataclass(frozen=True)
class Contender:
    """Who takes part in what.

    module      of `benchmarks.contenders`
    needs       modules that must be installed
    engine      of Glassnet, which must be there
    serial      works on products so small that a second thread does not help
    """

    module: str
    label: str
    workloads: tuple[str, ...]
    needs: tuple[str, ...] = ()
    engine: str = ""
    serial: bool = False

    def absence(self) -> str | None:
        """Say why this contender cannot take part here, if it cannot."""
        if self.engine == "native" and (report := library.report()).used is None:
            return report.why
        missing = [name for name in self.needs if find_spec(name) is None]
        return f"not installed: {', '.join(missing)}" if missing else None


CONTENDERS = (
    Contender("glassnet_native", "Glassnet, native engine",
              ("W1", "W2", "W3", "W4", "W5", "W7a", "W7b", "W8"), engine="native"),
    Contender("glassnet_numpy", "Glassnet, NumPy engine",
              ("W1", "W2", "W3", "W4", "W5", "W6", "W7a", "W7b", "W8"),
              engine="numpy"),
    Contender("tutorial", "one sample at a time, NumPy", ("W1", "W2", "W7a", "W7b"), serial=True),
    Contender("layer_graph", "graph of layer objects, NumPy", ("W4",), serial=True),
    Contender("eleven_lines", "eleven lines, NumPy", ("W5",), serial=True),
    Contender("nudging", "nudging, 1 in 40 timed, x 40", ("W6",), serial=True),
    Contender("scikit_learn", "scikit-learn MLP",
              ("W1", "W2", "W3", "W4", "W7a", "W7b", "W8"), ("sklearn",)),
    Contender("pytorch", "PyTorch eager",
              ("W1", "W2", "W3", "W4", "W5", "W7a", "W7b", "W8"), ("torch",)),
    Contender("jax_scan", "JAX, one jitted scan",
              ("W1", "W2", "W3", "W4", "W5", "W7a", "W7b", "W8"), ("jax",)),
    Contender("onnx_runtime", "ONNX Runtime", ("W7a", "W7b"), ("onnx", "onnxruntime")),
)  # fmt: skip
