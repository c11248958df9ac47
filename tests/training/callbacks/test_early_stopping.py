"""EarlyStopping: stops when it should, and brings the best weights back."""

from __future__ import annotations

from typing import Any

import pytest

import glassnet as gn
from tests.training.callbacks.figures import scripted
from tests.training.setups import bits, classifier, quiet, restless, rows

NAN = float("nan")


def first_weights(network: gn.Network) -> bytes:
    return network.parameters()["dense_1.W"].tobytes()


@pytest.mark.parametrize(
    ("figures", "better", "settings", "epochs", "best"),
    [
        ([3, 2, 1, 2, 3, 4], "lower", {"patience": 2}, 5, 3),
        ([3, 2, 1, 2, 0, 4, 5], "lower", {"patience": 2}, 7, 5),
        ([1, 2, 3, 2, 2, 9], "higher", {"patience": 2}, 5, 3),
        ([1, 2, 2, 9], "higher", {"patience": 1}, 3, 2),
        ([1, 1.05, 1.1, 9], "higher", {"patience": 2, "by": 0.2}, 3, 1),
        ([NAN, NAN, 1, NAN, NAN, 2], "higher", {"patience": 2}, 5, 3),
        ([NAN, NAN, NAN, NAN], "higher", {"patience": 2}, 3, 1),
    ],
)
def test_it_stops_and_goes_back(
    figures: list[float], better: str, settings: dict[str, float], epochs: int, best: int
) -> None:
    stopping = gn.EarlyStopping(monitor="validation_score", **settings)  # type: ignore[arg-type]
    history, network, weights = scripted(figures, stopping, better=better)
    assert len(history) == epochs
    assert first_weights(network) == weights.after[best - 1]
    assert stopping.best["epoch"] == best
    if epochs < len(figures):
        assert history.ended == f"validation_score was best in epoch {best}"


def test_it_goes_back_to_the_best_even_if_nothing_stopped() -> None:
    stopping = gn.EarlyStopping(monitor="validation_score")
    history, network, weights = scripted([1, 3, 2], stopping)
    assert history.ended == "finished"
    assert first_weights(network) == weights.after[1]


def test_without_restore_the_last_weights_stay() -> None:
    stopping = gn.EarlyStopping(1, "validation_score", restore=False)
    _, network, weights = scripted([3, 2, 1], stopping)
    assert first_weights(network) == weights.after[1]


def test_running_statistics_go_back_too() -> None:
    network, same = restless(), restless()
    trainer = classifier(network, metrics="accuracy")
    quiet(classifier(same), rows(), epochs=1)
    stopping = gn.EarlyStopping(1, by=1e9)  # only the first epoch is ever an improvement
    quiet(trainer, rows(), validation=rows(), epochs=5, callbacks=[stopping])
    assert bits(network) == bits(same)


def test_what_is_not_measured_cannot_be_watched() -> None:
    with pytest.raises(gn.SettingError, match="cannot be watched without validation data"):
        quiet(classifier(), rows(), callbacks=[gn.EarlyStopping()])


def test_weights_of_an_earlier_training_do_not_come_back() -> None:
    stopping = gn.EarlyStopping()
    quiet(classifier(), rows(), validation=rows(), epochs=1, callbacks=[stopping])
    other = restless(seed=5)
    before = bits(other)
    with pytest.raises(gn.SettingError, match="without validation"):
        quiet(classifier(other), rows(), callbacks=[stopping])
    assert bits(other) == before


@pytest.mark.parametrize("patience", [0, "5", 2.5, None])
def test_patience_is_a_count(patience: Any) -> None:
    with pytest.raises(gn.SettingError, match=f"patience, a whole number .* got {patience!r}"):
        gn.EarlyStopping(patience)


@pytest.mark.parametrize("by", [-1, float("nan"), "0.1"])
def test_an_improvement_is_no_step_back(by: Any) -> None:
    with pytest.raises(gn.SettingError, match=r"EarlyStopping expects by in \[0, inf\)"):
        gn.EarlyStopping(by=by)
