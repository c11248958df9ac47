"""Checkpoints: training that goes on elsewhere gives the same bits as if it had never stopped."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.files import read_sealed, write_sealed
from glassnet.training.checkpoint import PARTS
from glassnet.types import Array
from tests.training.setups import KeepAt, bits, classifier, plain, quiet, restless, rows

PLAN: dict[str, Any] = {"batch_size": 4}
OPTIMIZER = gn.AdamW(gn.CosineDecay(0.05, steps=40))


@pytest.fixture
def never_stopped() -> gn.Network:
    network = restless()
    quiet(classifier(network, optimizer=OPTIMIZER), rows(), epochs=5, **PLAN)
    return network


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A checkpoint after three of five epochs."""
    trainer = classifier(optimizer=OPTIMIZER)
    quiet(trainer, rows(), epochs=3, **PLAN)
    trainer.save(tmp_path / "kept.safetensors")
    return tmp_path / "kept.safetensors"


def test_a_new_trainer_goes_on(file: Path, never_stopped: gn.Network) -> None:
    network = restless(seed=99)  # its seed becomes that of the checkpoint
    trainer = classifier(network, optimizer=OPTIMIZER)
    past = trainer.resume(file)
    assert past["epoch"] == [1, 2, 3]
    assert (trainer.epoch, trainer.step) == (3, 18)
    history = quiet(trainer, rows(), epochs=2, **PLAN)
    assert bits(network) == bits(never_stopped)
    assert history["epoch"] == [4, 5]
    assert trainer.history["epoch"] == [1, 2, 3, 4, 5]


GO_ON = """
import sys
from tests.training.test_checkpoint import OPTIMIZER, PLAN, digest
from tests.training.setups import classifier, quiet, restless, rows

network = restless(seed=99)
trainer = classifier(network, optimizer=OPTIMIZER)
trainer.resume(sys.argv[1])
quiet(trainer, rows(), epochs=2, **PLAN)
print(digest(network))
"""


def digest(network: gn.Network) -> str:
    return hashlib.sha256(b"".join(bits(network).values())).hexdigest()


def test_a_new_process_goes_on(file: Path, never_stopped: gn.Network) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", GO_ON, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root, check=True)
    assert done.stdout.strip() == digest(never_stopped)


def test_within_an_epoch_training_goes_on_with_the_rest_of_it(
    tmp_path: Path, never_stopped: gn.Network
) -> None:
    file = tmp_path / "kept.safetensors"
    quiet(classifier(optimizer=OPTIMIZER), rows(), epochs=5, callbacks=[KeepAt(10, file)], **PLAN)
    network = restless(seed=99)
    trainer = classifier(network, optimizer=OPTIMIZER)
    trainer.resume(file)
    assert (trainer.epoch, trainer.step, trainer.met) == (1, 10, 16)
    quiet(trainer, rows(), epochs=4, **PLAN)
    assert (trainer.epoch, trainer.step, trainer.met) == (5, 30, 0)
    assert bits(network) == bits(never_stopped)


def test_a_seed_of_shuffling_of_its_own_goes_along(tmp_path: Path) -> None:
    trainer = classifier(seed=5)
    trainer.save(tmp_path / "kept.safetensors")
    other = classifier()
    other.resume(tmp_path / "kept.safetensors")
    assert other.seed == 5


def test_a_checkpoint_stays_as_it_was() -> None:
    trainer, same = classifier(), classifier()
    for one in (trainer, same):
        quiet(one, rows(), epochs=1)
    kept = trainer.checkpoint()
    quiet(trainer, rows(), epochs=2)
    assert (kept.epoch, len(kept.history)) == (1, 1)
    for name, array in same.network.arrays().items():
        assert np.array_equal(kept.state.arrays[name], array)


def test_a_history_with_nan_comes_back(tmp_path: Path) -> None:
    trainer = classifier()
    trainer.history.epochs.append({"epoch": 1, "loss": 0.5, "validation_r2": float("nan")})
    trainer.save(tmp_path / "kept.safetensors")
    history = classifier().resume(tmp_path / "kept.safetensors")
    assert history["loss"] == [0.5]
    assert np.isnan(history.last["validation_r2"])


@dataclass(eq=False)
class Scale(gn.Layer):
    """Multiplies by a setting that JSON turns into a list."""

    by: tuple[float, ...] = (2.0, 0.5)

    def forward(self, x: Array, frame: gn.Frame) -> Array:  # noqa: ARG002
        y: Array = x * np.asarray(self.by, x.dtype)
        return y

    def backward(self, dy: Array, frame: gn.Frame) -> Array:
        return self.forward(dy, frame)


def test_names_with_slashes_and_settings_that_are_tuples_come_back(tmp_path: Path) -> None:
    def make() -> gn.Trainer:
        layers = [Scale(), gn.Dense(3, name="block/a/dense")]
        return classifier(gn.Sequential(layers, input_shape=2, seed=0), optimizer=gn.Adam(0.1))

    trainer = make()
    quiet(trainer, rows(), epochs=1)
    trainer.save(tmp_path / "kept.safetensors")
    other = make()
    other.resume(tmp_path / "kept.safetensors")
    quiet(trainer, rows(), epochs=1)
    quiet(other, rows(), epochs=1)
    assert bits(trainer.network) == bits(other.network)


@pytest.mark.parametrize(
    ("trainer", "message"),
    [
        (
            lambda: classifier(plain(outputs=3), optimizer=OPTIMIZER),
            r"another network\. Its layers: ",
        ),
        (lambda: classifier(optimizer="sgd"), "made with 'AdamW', not with SGD"),
    ],
)
def test_it_does_not_go_on_with_something_else(file: Path, trainer: Any, message: str) -> None:
    other = trainer()
    before = bits(other.network)
    with pytest.raises(gn.SettingError, match=message):
        other.resume(file)
    assert bits(other.network) == before
    assert other.epoch == 0


def test_precision_and_memory_of_the_optimizer_have_to_be_the_same(tmp_path: Path) -> None:
    path = tmp_path / "kept.safetensors"
    classifier(plain(outputs=3), optimizer=gn.SGD(0.1)).save(path)
    with pytest.raises(gn.SettingError, match="Its dtype: 'float64'; here: 'float32'"):
        classifier(plain(outputs=3, dtype="float32"), optimizer=gn.SGD(0.1)).resume(path)
    with pytest.raises(gn.SettingError, match=r"remembers other arrays than .*momentum.*0\.9"):
        classifier(plain(outputs=3), optimizer=gn.SGD(0.1, momentum=0.9)).resume(path)


@pytest.mark.parametrize("part", list(PARTS))
def test_a_file_that_lacks_a_part_is_refused(file: Path, part: str) -> None:
    document, arrays = read_sealed(file)
    numbers = (True, 1.0, -5, 2**63, 10**400) if PARTS[part] is int else ()
    for value in (None, "x", *numbers):
        write_sealed(file, document | {part: value}, arrays)
        with pytest.raises(gn.ModelFileError, match=f"lacks a part of a checkpoint: its {part}"):
            classifier(optimizer=OPTIMIZER).resume(file)


def test_a_file_of_another_kind_or_version_is_refused(file: Path) -> None:
    document, arrays = read_sealed(file)
    for other in ({"format": "glassnet-model"}, {"version": 3}):
        write_sealed(file, document | other, arrays)
        with pytest.raises(
            gn.ModelFileError, match=r"expected 'glassnet-checkpoint'|reads version 2"
        ):
            classifier(optimizer=OPTIMIZER).resume(file)


@pytest.mark.parametrize("history", [[1], [None], ["loss"], [{"loss": "0.1"}], [{"loss": True}]])
def test_a_history_that_is_none_is_refused(file: Path, history: Any) -> None:
    document, arrays = read_sealed(file)
    write_sealed(file, document | {"history": history}, arrays)
    with pytest.raises(
        gn.ModelFileError, match=r"damaged history\. Figures are expected as numbers"
    ):
        classifier(optimizer=OPTIMIZER).resume(file)


@pytest.mark.parametrize("key", ["network/dense_1.W", "optimizer/dense_1.W/m"])
def test_arrays_of_another_type_are_noticed_and_nothing_is_changed(file: Path, key: str) -> None:
    document, arrays = read_sealed(file)
    write_sealed(file, document, arrays | {key: arrays[key].astype(np.float64)})
    trainer = classifier(restless(seed=99), optimizer=OPTIMIZER)
    before = bits(trainer.network)
    with pytest.raises(gn.SettingError, match="remembers other arrays"):
        trainer.resume(file)
    assert bits(trainer.network) == before


def test_what_cannot_be_restored_changes_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise MemoryError

    trainer = classifier(restless(seed=99), optimizer=OPTIMIZER)
    monkeypatch.setattr(type(trainer.runner), "restore", fail)
    before = trainer.runner
    with pytest.raises(MemoryError):
        trainer.resume(file)
    assert (trainer.network.seed, trainer.seed, trainer.step) == (99, 99, 0)
    assert trainer.runner is before


def test_arrays_that_are_missing_are_noticed(file: Path) -> None:
    document, arrays = read_sealed(file)
    del arrays["optimizer/dense_1.W/m"]
    write_sealed(file, document, arrays)
    with pytest.raises(gn.SettingError, match="remembers other arrays"):
        classifier(optimizer=OPTIMIZER).resume(file)


FIRST = Path(__file__).parent / "kept" / "version-1.safetensors"
"""Written by the Glassnet that wrote version 1, after 9 updates, three of them in epoch 2."""


def test_a_checkpoint_of_version_1_is_gone_on_from() -> None:
    def make(seed: int) -> gn.Trainer:
        layers = [gn.Dense(4), gn.Tanh(), gn.Dropout(0.2), gn.Dense(3)]
        network = gn.Sequential(layers, input_shape=2, seed=seed)
        return classifier(network, optimizer=gn.Adam(0.05), metrics="accuracy")

    trainer, never_stopped = make(99), make(3)
    past = trainer.resume(FIRST)
    assert (len(past), trainer.epoch, trainer.step, trainer.met) == (1, 1, 9, 12)
    for one in (trainer, never_stopped):
        quiet(one, rows(), until=3, validation=rows(12), **PLAN)
    assert bits(trainer.network) == bits(never_stopped.network)
    with pytest.raises(gn.ModelFileError, match="does not say what rows and answers mean"):
        gn.load(FIRST)


def test_the_loss_of_an_epoch_within_which_it_goes_on_is_that_of_all_its_rows(
    tmp_path: Path,
) -> None:
    file, weight = tmp_path / "kept.safetensors", np.linspace(0.2, 3, 21)
    plan: dict[str, Any] = {"until": 3, "batch_size": 4, "sample_weight": weight}
    whole = quiet(classifier(), rows(), callbacks=[KeepAt(10, file)], **plan)
    other = classifier()
    other.resume(file)
    quiet(other, rows(), **plan)
    assert other.history["loss"] == whole["loss"]


@pytest.mark.parametrize(
    "change",
    [
        {"rate_factor": 0.0}, {"rate_factor": 1}, {"callbacks": {"EarlyStopping": 3}},
        {"training": 7}, {"settings": []}, {"about": None},
    ],
)  # fmt: skip
def test_a_file_whose_newer_parts_are_wrong_is_refused(file: Path, change: dict[str, Any]) -> None:
    document, arrays = read_sealed(file)
    write_sealed(file, document | change, arrays)
    with pytest.raises(gn.ModelFileError, match=r"lacks a part of a checkpoint|is damaged"):
        classifier(optimizer=OPTIMIZER).resume(file)


@pytest.mark.parametrize("losses", [np.zeros(3), np.zeros((0, 2)), np.zeros(0, np.float32)])
def test_an_epoch_whose_losses_do_not_fit_is_refused(file: Path, losses: Array) -> None:
    document, arrays = read_sealed(file)
    write_sealed(file, document, arrays | {"epoch/losses": losses})
    with pytest.raises(gn.ModelFileError, match="the losses of its last epoch do not fit"):
        classifier(optimizer=OPTIMIZER).resume(file)


def test_what_a_callback_cannot_recall_is_said(file: Path) -> None:
    document, arrays = read_sealed(file)
    write_sealed(file, document | {"callbacks": {"EarlyStopping": {}}}, arrays)
    trainer = classifier(optimizer=OPTIMIZER)
    trainer.resume(file)
    with pytest.raises(gn.ModelFileError, match="EarlyStopping cannot recall what it kept"):
        quiet(trainer, rows(), callbacks=[gn.EarlyStopping(monitor="loss")])
