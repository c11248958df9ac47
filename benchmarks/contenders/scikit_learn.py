"""scikit-learn's MLPClassifier; its loss is the cross-entropy in every workload."""

from __future__ import annotations

import warnings
from collections.abc import Callable

from sklearn.neural_network import MLPClassifier

from benchmarks.workloads import Workload
from glassnet.types import Array

LABEL = "scikit-learn MLPClassifier"


def _classifier(w: Workload) -> MLPClassifier:
    return MLPClassifier(
        hidden_layer_sizes=w.sizes[1:-1],
        activation="logistic" if w.activation == "sigmoid" else "relu",
        solver=w.rule,
        alpha=0.0,
        batch_size=w.batch,
        # The cross-entropy's gradient is larger than the quadratic cost's: 3.0 would diverge.
        learning_rate_init=min(w.rate, 0.1),
        momentum=0.0,
        random_state=0,
    )


def epoch(w: Workload, x: Array, t: Array) -> Callable[[], object]:
    net, rows = _classifier(w), x.astype("float32") / 255
    net.partial_fit(rows[: w.batch], t[: w.batch], classes=range(10))
    return lambda: net.partial_fit(rows, t)


def answer(w: Workload, x: Array, _: Array) -> Callable[[], object]:
    net, rows = _classifier(w), x.astype("float32") / 255
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net.partial_fit(rows[:1], [0], classes=range(10))
    return lambda: net.predict_proba(rows)
