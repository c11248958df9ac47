"""Each metric: by hand, against scikit-learn on drawn cases, and with what it refuses."""

from __future__ import annotations

import warnings
from inspect import isabstract
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from glassnet.errors import DataError, GlassnetError, SettingError, ShapeError
from glassnet.training import metrics
from glassnet.training.metrics import (
    F1,
    MAE,
    METRICS,
    R2,
    RMSE,
    Accuracy,
    ClassScore,
    Metric,
    Precision,
    Recall,
    TopK,
    confusion_table,
    metric,
)
from glassnet.types import Array

Drawn = tuple[Array, Array, Array | None]


@st.composite
def drawn(draw: st.DrawFn, values: bool = False) -> Drawn:
    """Outputs y (N, M), targets t, weights w: with ties, absent classes, rows that weigh 0."""
    N, M = draw(st.integers(1, 12)), draw(st.integers(1, 4))
    whole = st.integers(-3, 3)

    def array(elements: st.SearchStrategy[int], *shape: int) -> Array:
        numbers = st.lists(elements, min_size=(size := int(np.prod(shape))), max_size=size)
        return np.array(draw(numbers), dtype=np.float64).reshape(shape)

    y = array(whole, N, M)
    t = array(whole, N, M) if values else array(st.integers(0, max(M - 1, 1)), N).astype(int)
    w = array(st.integers(0, 3), N) if draw(st.booleans()) else None
    if w is not None:
        w[draw(st.integers(0, N - 1))] = 2.5
    return y, t, w


def answers(y: Array) -> Array:
    return np.argmax(y, axis=1) if y.shape[1] > 1 else (y[:, 0] > 0).astype(int)


SCORES = {Precision: sk.precision_score, Recall: sk.recall_score, F1: sk.f1_score}


@given(drawn())
def test_accuracy_agrees_with_scikit_learn(case: Drawn) -> None:
    y, t, w = case
    assert Accuracy()(y, t, w) == pytest.approx(sk.accuracy_score(t, answers(y), sample_weight=w))


@given(drawn(), st.sampled_from(list(SCORES)), st.sampled_from(["macro", "micro", "weighted"]))
def test_class_scores_agree_with_scikit_learn(
    case: Drawn, score: type[ClassScore], average: Literal["macro", "micro", "weighted"]
) -> None:
    y, t, w = case
    theirs = SCORES[score]
    shared = {"sample_weight": w, "zero_division": 0.0}
    expected = theirs(t, answers(y), average=average, **shared)
    assert score(average)(y, t, w) == pytest.approx(expected)
    classes = range(max(y.shape[1], 2))
    each = theirs(t, answers(y), average=None, labels=classes, **shared)
    np.testing.assert_allclose(score().per_class(y, t, w), each)


@given(drawn(), st.integers(1, 5))
def test_top_k_agrees_with_scikit_learn(case: Drawn, k: int) -> None:
    """They count ties from the other end, so each tie is broken as we break it before they look."""
    y, t, w = case
    M = y.shape[1]
    assume(M > 2)
    y = y - np.arange(M) * 1e-3
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*will result in a perfect score")
        expected = sk.top_k_accuracy_score(t, y, k=k, sample_weight=w, labels=range(M))
    assert TopK(k)(y, t, w) == pytest.approx(expected)


@given(drawn())
def test_top_1_is_the_accuracy(case: Drawn) -> None:
    y, t, w = case
    if y.shape[1] > 1:
        assert TopK(1)(y, t, w) == Accuracy()(y, t, w)


@given(drawn())
def test_one_hot_targets_mean_the_same_as_classes(case: Drawn) -> None:
    y, t, w = case
    M = y.shape[1]
    other = np.eye(M)[t] if M > 1 else t[:, np.newaxis].astype(float)
    for each in (Accuracy(), Precision(), Recall(), F1(), *([TopK(2)] if M > 1 else [])):
        assert each(y, other, w) == each(y, t, w)
    np.testing.assert_array_equal(confusion_table(y, other), confusion_table(y, t))


@given(drawn(), st.permutations(range(2)))
def test_confusion_table_agrees_with_scikit_learn(case: Drawn, classes: list[int]) -> None:
    y, t, _ = case
    table = confusion_table(y, t)
    expected = sk.confusion_matrix(t, answers(y), labels=range(max(y.shape[1], 2)))
    np.testing.assert_array_equal(table, expected)
    assert table.dtype.kind == "i"
    np.testing.assert_array_equal(
        confusion_table(y, t, classes), expected[np.ix_(classes, classes)]
    )


@given(drawn(values=True))
def test_errors_of_values_agree_with_scikit_learn(case: Drawn) -> None:
    y, t, w = case
    assert MAE()(y, t, w) == pytest.approx(sk.mean_absolute_error(t, y, sample_weight=w))
    assert RMSE()(y, t, w) == pytest.approx(sk.root_mean_squared_error(t, y, sample_weight=w))


@given(drawn(values=True))
def test_r2_agrees_with_scikit_learn(case: Drawn) -> None:
    y, t, w = case
    if len(y) > 1:
        assert R2()(y, t, w) == pytest.approx(sk.r2_score(t, y, sample_weight=w))
    else:
        assert np.isnan(R2()(y, t, w))


@settings(max_examples=30)
@given(drawn(), drawn(values=True))
def test_a_row_of_weight_2_counts_as_two_rows(labels: Drawn, values: Drawn) -> None:
    for case, each in ((labels, F1()), (labels, Accuracy()), (values, RMSE()), (values, R2())):
        y, t, _ = case
        assume(len(y) > 1)
        w = np.ones(len(y))
        w[0] = 2
        twice = each(np.vstack([y[:1], y]), np.concatenate([t[:1], t]))
        assert each(y, t, w) == pytest.approx(twice)


def test_metrics_by_hand() -> None:
    y = np.array([[2.0, 1, 0], [0, 1, 2], [0, 3, 1], [1, 0, 0]])
    t = np.array([0, 1, 1, 2])
    assert Accuracy()(y, t) == 2 / 4
    assert Accuracy()(y, t, np.array([1.0, 0, 2, 1])) == 3 / 4
    assert TopK(2)(y, t) == 3 / 4
    np.testing.assert_array_equal(confusion_table(y, t), [[1, 0, 0], [0, 1, 1], [1, 0, 0]])
    np.testing.assert_array_equal(Precision().per_class(y, t), [1 / 2, 1, 0])
    np.testing.assert_array_equal(Recall().per_class(y, t), [1, 1 / 2, 0])
    np.testing.assert_allclose(F1().per_class(y, t), [2 / 3, 2 / 3, 0])
    values, targets = np.array([1.0, 2, 3]), np.array([1.0, 4, 4])
    assert MAE()(values, targets) == 1
    assert RMSE()(values, targets) == pytest.approx((5 / 3) ** 0.5)
    assert R2()(values, targets) == pytest.approx(1 - 5 / 6)


def test_a_single_output_answers_by_its_threshold() -> None:
    y, t = np.array([[-1.0], [0.2], [0.0], [3.0]]), np.array([0, 0, 0, 1])
    assert Accuracy()(y, t) == 3 / 4
    assert Accuracy(threshold=0.5)(y, t) == 1
    assert Accuracy()(y[:, 0], np.array([0.1, 0.9, 0.5, 1.0])) == 1
    assert Recall(threshold=0.5)(y, t) == 1
    np.testing.assert_array_equal(confusion_table(y, t, threshold=0.5), [[3, 0], [0, 1]])


@pytest.mark.parametrize("constant", [0.1, 3.0])
def test_r2_of_constant_targets(constant: float) -> None:
    """The mean of three times 0.1 is not quite 0.1, and no variance must come of that."""
    t = np.full(3, constant)
    assert R2()(t, t) == 1
    assert R2()(t + 1, t) == 0
    assert R2()(t + 1, np.array([7, constant, constant]), np.array([0, 1, 2])) == 0


def test_values_are_computed_in_float64() -> None:
    assert RMSE()(np.array([1e30], np.float32), np.zeros(1, np.float32)) == pytest.approx(1e30)
    assert MAE()(np.array([1], np.uint8), np.array([3], np.uint8)) == 2


@pytest.mark.parametrize("name", METRICS)
def test_metrics_by_name(name: str) -> None:
    made = metric(name)
    assert made.name == name
    assert metric(made) is made
    y, t = np.eye(6), np.arange(6) if name not in ("mae", "rmse", "r2") else np.eye(6)
    perfect, wrong = made(y, t), made(-y, t)
    assert perfect > wrong if made.better == "higher" else perfect < wrong
    assert type(perfect) is float


def test_every_metric_has_a_name() -> None:
    written = {
        cls
        for cls in vars(metrics).values()
        if isinstance(cls, type) and issubclass(cls, Metric) and not isabstract(cls)
    }
    assert written == set(METRICS.values())


def test_any_k_has_a_name() -> None:
    assert metric("top-3") == TopK(3)


N1, N3 = np.zeros((4, 1)), np.zeros((4, 3))
ZEROS = np.zeros(4, int)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: metric("acuracy"), SettingError, "Did you mean 'accuracy'?"),
        (lambda: metric("top-"), SettingError, "There is no metric 'top-'."),
        (lambda: metric("5"), SettingError, "There is no metric '5'."),
        (lambda: metric("top-0"), SettingError, "TopK expects k, a whole number of 1 or more"),
        (lambda: TopK(2.5), SettingError, "TopK expects k, a whole number of 1 or more, got 2.5."),  # type: ignore[arg-type]
        (lambda: F1("mean"), SettingError, "There is no average of f1 'mean'."),  # type: ignore[arg-type]
        (lambda: TopK(1)(N1, ZEROS), ShapeError, "top-1 expects two outputs or more, got one."),
        (lambda: Accuracy()(N3, np.zeros(5, int)), ShapeError, "got (4, 3), (5,) and (4,)."),
        (lambda: Accuracy()(N3, np.zeros((4, 2))), ShapeError, "got (4, 3), (4, 2) and (4,)."),
        (lambda: Accuracy()(N3, ZEROS, np.ones(3)), ShapeError, "got (4, 3), (4,) and (3,)."),
        (lambda: Accuracy()(np.zeros((4, 3, 2)), ZEROS), ShapeError, "got (4, 3, 2)"),
        (lambda: MAE()(N3, ZEROS), ShapeError, "Outputs of shape (4, 3) and targets of shape (4,"),
        (lambda: MAE()(N3[:0], N3[:0]), DataError, "got 0 rows"),
        (lambda: MAE()(N3, N3, np.zeros(4)), DataError, "weights that sum to 0.0."),
        (lambda: MAE()(N3, N3, np.array([2, -1, 0, 0])), DataError, "weights of 0 or more"),
        (lambda: MAE()(N3, N3, np.array([1, np.nan, 0, 0])), DataError, "sum to nan."),
        (
            lambda: Accuracy()(N3, np.array([[0, 1, 0], [0.5, 0.5, 0], [1, 0, 1], [0, 0, 0]])),
            DataError,
            "Targets are expected to be one class a row (for several yes or no, write a metric of "
            "your own), got [1. 0. 1.].",
        ),
        (lambda: Accuracy()(N3, np.zeros((4, 3))), DataError, "one class a row"),
        (lambda: F1()(N3, ZEROS + 3), DataError, "expected to be classes from 0 to 2, got 3."),
        (lambda: F1()(N3, ZEROS - 1), DataError, "expected to be classes from 0 to 2, got -1."),
        (lambda: F1()(N3, ZEROS + 0.5), DataError, "expected to be classes from 0 to 2, got 0.5."),
        (lambda: F1()(N3, ZEROS + np.nan), DataError, "classes from 0 to 2, got nan."),
        (lambda: F1()(N1, ZEROS + 2), DataError, "0 or 1, or the probability of 1, got 2."),
        (lambda: confusion_table(N3, ZEROS, [0, 3]), SettingError, "from 0 to 2, got [0, 3]."),
    ],
)  # fmt: skip
def test_what_metrics_refuse(call: Any, error: type[GlassnetError], message: str) -> None:
    with pytest.raises(error) as raised:
        call()
    assert message in str(raised.value)
