"""gn.Doctor: says each thing once, changes nothing, and does not keep training waiting."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import glassnet as gn
from tests.training.setups import bits, quiet, restless, rows


def trained(*callbacks: gn.Callback, network: gn.Network | None = None, **plan: Any) -> gn.Network:
    net = network or restless()
    trainer = gn.Trainer(net, gn.SoftmaxCrossEntropy())
    quiet(trainer, rows(90), callbacks=callbacks, **plan)
    return net


def squeezed() -> gn.Network:
    layers = [gn.Dense(8), gn.Tanh(), gn.Dense(3), gn.Softmax()]
    return gn.Sequential(layers, input_shape=2, seed=0)


def test_a_healthy_training_hears_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    doctor = gn.Doctor(every=1)
    trained(doctor, epochs=5)
    assert capsys.readouterr().err == ""
    assert doctor.diagnosis.problems == ()


def test_each_finding_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    trained(gn.Doctor(every=1), network=squeezed(), epochs=6)
    said = capsys.readouterr().err
    assert said.count("softmax-twice") == 1
    assert said.startswith("Doctor, epoch 0: PROBLEM  softmax-twice  softmax_1")


def test_what_comes_up_later_is_said_when_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    net = gn.Sequential([gn.Dense(8), gn.ReLU(), gn.Dense(3)], input_shape=2, seed=0)

    class Kill(gn.Callback):
        def on_epoch(self, fit: Any, figures: Any) -> None:  # noqa: ARG002
            if len(fit.history) == 2:
                fit.network.parameters()["dense_1.b"][...] = -50

    doctor = gn.Doctor(every=1)
    trained(Kill(), doctor, network=net, epochs=4)
    assert "dead-relu" in capsys.readouterr().err
    assert "dead-relu" in doctor.diagnosis.names


class Kill(gn.Callback):
    """Makes some units of the first layer die after an epoch; the others live."""

    def __init__(self, units: dict[int, int]) -> None:
        self.units = units

    def on_epoch(self, fit: Any, figures: Any) -> None:  # noqa: ARG002
        if (count := self.units.get(len(fit.history))) is not None:
            bias = fit.network.parameters()["dense_1.b"]
            bias[...] = 5
            bias[:count] = -50


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every look be taken, however long it takes."""
    monkeypatch.setattr("glassnet.doctor.callback.SHARE", np.inf)


@pytest.mark.usefixtures("unhurried")
def test_what_becomes_graver_is_said_again(capsys: pytest.CaptureFixture[str]) -> None:
    net = gn.Sequential([gn.Dense(20), gn.ReLU(), gn.Dense(3)], input_shape=2, seed=0)
    doctor = gn.Doctor(every=1)
    trained(Kill({1: 1, 2: 3, 3: 20}), doctor, network=net, epochs=4)
    said = capsys.readouterr().err
    assert "epoch 2: WARNING  dead-relu" in said
    assert "epoch 3: PROBLEM  dead-relu" in said
    assert said.count("dead-relu") == 2
    (finding,) = [one for one in doctor.diagnosis if one.name == "dead-relu"]
    assert finding.severity == "problem"
    assert finding.numbers["dead"] == 20


@pytest.mark.usefixtures("unhurried")
def test_what_has_passed_is_forgotten() -> None:
    net = gn.Sequential([gn.Dense(20), gn.ReLU(), gn.Dense(3)], input_shape=2, seed=0)
    doctor = gn.Doctor(every=1, quiet=True)
    trained(Kill({1: 20, 2: 0}), doctor, network=net, epochs=2)
    assert "dead-relu" not in doctor.diagnosis.names


def test_training_that_diverges(capsys: pytest.CaptureFixture[str]) -> None:
    x, t = rows(90)
    net = gn.Sequential([gn.Dense(8), gn.ReLU(), gn.Dense(1)], input_shape=2, seed=0)
    trainer = gn.Trainer(net, gn.MeanSquaredError(), gn.SGD(1e3))
    with pytest.raises(gn.DivergenceError):
        quiet(trainer, (x, t[:, None].astype(float)), epochs=50, callbacks=[gn.Doctor()])
    assert "learning-rate-too-high" in capsys.readouterr().err


def test_validation_rows_are_looked_at() -> None:
    doctor = gn.Doctor(quiet=True)
    x, t = rows(90)
    trained(doctor, epochs=1, validation=(x[:40], t[:40]))
    assert "validation-leak" in doctor.diagnosis.names


def test_training_is_not_changed_and_quiet_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    doctor = gn.Doctor(every=1, quiet=True)
    assert bits(trained(doctor, network=squeezed(), epochs=3)) == bits(
        trained(network=squeezed(), epochs=3)
    )
    assert capsys.readouterr().err == ""
    assert doctor.diagnosis.names == ("softmax-twice",)


def test_it_begins_anew_with_each_training() -> None:
    doctor = gn.Doctor(quiet=True)
    trained(doctor, network=squeezed(), epochs=1)
    trained(doctor, epochs=1)
    assert "softmax-twice" not in doctor.diagnosis.names


def test_looks_are_left_out_where_they_would_take_too_long(monkeypatch: Any) -> None:
    looks: list[gn.Finding] = []
    finding = gn.Finding("look", "note", "", "It looked.", "Count it.")

    def examine(*_: Any) -> list[gn.Finding]:
        looks.append(finding)
        return []

    clock = iter(np.arange(0.0, 1e4))
    monkeypatch.setattr("glassnet.doctor.callback.examine", examine)
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    fit: Any = type("Fit", (), {})()
    for name in ("network", "losses", "examples", "held_out"):
        setattr(fit, name, None)
    fit.history = gn.History()
    doctor = gn.Doctor(every=1)
    doctor.on_start(fit)
    for _ in range(40):
        fit.history.epochs.append({"loss": 1.0})
        doctor.on_epoch(fit, {})
    assert 2 <= len(looks) <= 10


@pytest.mark.parametrize("every", [0, -1, 1.5, "often"])
def test_a_setting_that_is_none(every: Any) -> None:
    with pytest.raises(gn.SettingError, match="Doctor expects every"):
        gn.Doctor(every)
