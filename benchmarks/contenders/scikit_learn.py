"""scikit-learn's MLPClassifier and MLPRegressor; where there are classes, the loss is the
cross-entropy in every workload."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from sklearn.neural_network import MLPClassifier, MLPRegressor

from benchmarks.arrays import Array, floats
from benchmarks.weights import weights
from benchmarks.workloads import Workload


def _network(w: Workload, rows: Array, t: Array, seed: int = 0) -> Any:
    """Make a network by a first look at some rows, then give it the common start."""
    classes = w.data == "images"
    kind = MLPClassifier if classes else MLPRegressor
    net = kind(
        hidden_layer_sizes=w.sizes[1:-1],
        activation="logistic" if w.activation == "sigmoid" else "relu",
        solver=w.rule,
        alpha=0.0,
        batch_size=w.batch,
        # The cross-entropy's gradient is larger than the quadratic cost's: 3.0 would diverge.
        learning_rate_init=min(w.rate, 0.1),
        momentum=0.0,
        nesterovs_momentum=False,
        shuffle=w.shuffle,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net.partial_fit(
            rows[: w.batch], t[: w.batch], **({"classes": range(10)} if classes else {})
        )
    for own, other, (W, b) in zip(net.coefs_, net.intercepts_, weights(w, seed), strict=True):
        own[...], other[...] = W, b
    del net._optimizer  # it remembers that look; the next call makes a new one
    return net


class Learner:
    note = ""

    def __init__(self, w: Workload, x: Array, t: Array, seed: int = 0) -> None:
        self.rows = floats(x, w.dtype)
        if w.data == "images":
            self.t = t if t.ndim == 1 else t.argmax(axis=1)
        else:
            self.t = t[:, 0]
        self.net = _network(w, self.rows, self.t, seed)

    def learn(self) -> None:
        self.net.partial_fit(self.rows, self.t)

    def answers(self, rows: Array) -> Array:
        if isinstance(self.net, MLPClassifier):
            # As good as the numbers before the softmax, which is where other outputs come from.
            logits: Array = self.net.predict_log_proba(rows)
            return logits
        y: Array = self.net.predict(rows)
        return y[:, None]


learner = Learner


def answer(w: Workload, x: Array, t: Array) -> Callable[[], object]:
    rows = floats(x)
    net = _network(w, rows, t)
    return lambda: net.predict_proba(rows)
