"""TensorBoard: the event files, read back as TensorBoard reads them."""

from __future__ import annotations

import struct
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

import glassnet as gn
from tests.training.setups import classifier, quiet, rows


def events(folder: Path) -> list[Any]:
    """Read all events: each record is its length (8 bytes), a checksum (4), itself, another (4)."""
    from tensorboardX.proto.event_pb2 import Event

    (path,) = folder.glob("events.*")
    data, found = path.read_bytes(), []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        found.append(Event.FromString(data[12 : 12 + length]))
        data = data[16 + length :]
    return found


def test_figures_come_back(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    trainer = classifier(metrics="accuracy")
    history = quiet(
        trainer,
        rows(),
        validation=rows(),
        epochs=2,
        batch_size=7,
        callbacks=[gn.TensorBoard(tmp_path, histograms=True)],
    )
    scalars: dict[str, dict[int, float]] = defaultdict(dict)
    drawn: dict[str, list[int]] = defaultdict(list)
    for event in events(tmp_path):
        for value in event.summary.value:
            if value.HasField("histo"):
                drawn[value.tag].append(event.step)
            else:
                scalars[value.tag][event.step] = value.simple_value
    for name in ("loss", "accuracy", "validation_loss", "learning_rate"):
        assert scalars[f"epoch/{name}"] == {
            epoch: pytest.approx(value) for epoch, value in enumerate(history[name], 1)
        }
    steps = scalars["step/loss"]
    assert list(steps) == [1, 2, 3, 4, 5, 6]
    assert sum(steps.values()) / 6 == pytest.approx(sum(history["loss"]) / 2)
    assert drawn.keys() == trainer.network.parameters().keys()
    assert drawn["dense_1.W"] == [1, 2]


def test_without_the_library_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(gn.MissingExtraError, match=r"pip install 'glassnet\[tensorboard\]'"):
        quiet(classifier(), rows(), callbacks=[gn.TensorBoard(tmp_path)])


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    (tmp_path / "file").write_text("")
    with pytest.raises(gn.FileError, match=r"Cannot write .*file"):
        quiet(classifier(), rows(), callbacks=[gn.TensorBoard(tmp_path / "file")])
