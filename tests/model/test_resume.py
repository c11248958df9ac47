"""Going on with `gn.train`, and checkpoints as models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.files import read_sealed, write_sealed
from tests.training.setups import Moments, bits, classifier, quiet, rows

ASKED: dict[str, Any] = {
    "layers": [7], "activation": "tanh", "dropout": 0.1, "optimizer": gn.SGD(0.1, momentum=0.5),
    "schedule": "cosine", "l2": 1e-3, "clip_norm": 2.0, "epochs": 6, "batch_size": 20,
    "patience": 3, "seed": 5, "dtype": "float64", "engine": "numpy",
}  # fmt: skip

GO_ON: dict[str, Any] = {"resume": True, "progress": False}


def train(data: Any, folder: Path, **asked: Any) -> gn.Model:
    return gn.train(data, checkpoint=folder, progress=False, **asked)


def break_off(folder: Path, data: Any = "iris", **asked: Any) -> None:
    """Train for two epochs and a batch, until an error."""

    def act(fit: Any) -> None:
        if len(fit.history) == 2:
            raise RuntimeError("mine")

    each_batch = Moments("start", lambda fit: fit.pauses.update(range(100)))
    with pytest.raises(RuntimeError):
        train(data, folder, callbacks=[each_batch, Moments("chunk", act)], **asked)


def same(one: gn.Model, other: gn.Model) -> None:
    assert bits(one.network) == bits(other.network)
    told, expected = (
        model.provenance
        | {"created": ""}
        | {"history": [epoch | {"seconds": 0} for epoch in model.provenance["history"]]}
        for model in (one, other)
    )
    assert told == expected
    assert one.experience is not None
    assert other.experience is not None
    assert one.experience.to_file()[0] == other.experience.to_file()[0]


@pytest.mark.parametrize("asked", [{"epochs": 4}, ASKED, {"layers": 5, "epochs": 9}])
def test_all_that_was_asked_comes_from_the_checkpoint(tmp_path: Path, asked: Any) -> None:
    whole = train("iris", tmp_path / "whole", **asked)
    break_off(tmp_path / "kept", **asked)
    same(gn.train(checkpoint=tmp_path / "kept", resume=True, progress=False), whole)
    # what is done is done again in no time, and what was asked may be said again
    same(train("iris", tmp_path / "kept", resume=True, **asked), whole)


def test_pictures_drawn_otherwise_go_on_too(tmp_path: Path) -> None:
    asked: dict[str, Any] = {"augment": gn.Augment(turn=5), "epochs": 3, "layers": [6]}
    whole = train("digits", tmp_path / "whole", **asked)
    break_off(tmp_path / "kept", data="digits", **asked)
    same(gn.train(checkpoint=gn.Checkpoint(tmp_path / "kept"), resume=True, progress=False), whole)


def test_data_of_ones_own_is_given_again(tmp_path: Path) -> None:
    def make(shift: float = 0.0) -> gn.Dataset:
        x, t = rows(60)
        return gn.Dataset.split(
            "mine",
            x + shift,
            t,
            inputs=gn.Features(("a", "b")),
            outputs=gn.Classes(("u", "v", "w")),
        )

    asked: dict[str, Any] = {"epochs": 5, "batch_size": 9}
    break_off(tmp_path, data=make(), **asked)
    with pytest.raises(gn.DataError, match="data of your own, 'mine': give it again"):
        gn.train(checkpoint=tmp_path, resume=True)
    with pytest.raises(gn.DataError, match="on 'mine', whose rows are not those of mine"):
        train(make(0.5), tmp_path, resume=True)
    same(
        train(make(), tmp_path, resume=True), train(make(), tmp_path / "x", epochs=5, batch_size=9)
    )


def test_where_there_is_no_checkpoint_yet_it_begins(tmp_path: Path) -> None:
    model = train("iris", tmp_path, epochs=2, resume=True)
    assert len(model.provenance["history"]) == 2
    with pytest.raises(gn.DataError, match=r"no checkpoint in .*none yet: say what data is learnt"):
        gn.train(checkpoint=tmp_path / "none", resume=True)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"checkpoint": None}, gn.SettingError, "say where, checkpoint=FOLDER"),
        ({"epochs": 9}, gn.SettingError, "has epochs=6, got 9. Leave it out, or begin another"),
        ({"layers": [8]}, gn.SettingError, r"has layers=\[7\], got \[8\]"),
        ({"optimizer": "adam", "seed": 6}, gn.SettingError, "has seed=5, got 6"),
        ({"engine": "native"}, gn.SettingError, "has engine='numpy', got 'native'"),
        ({"data": "wine"}, gn.DataError, "on 'iris', whose rows are not those of wine"),
    ],
)
def test_what_is_asked_otherwise_is_refused(
    tmp_path: Path, given: dict[str, Any], error: type[Exception], message: str
) -> None:
    break_off(tmp_path, **ASKED)
    before = (tmp_path / "last.safetensors").read_bytes()
    with pytest.raises(error, match=message):
        gn.train(**GO_ON | {"checkpoint": tmp_path} | given)
    assert (tmp_path / "last.safetensors").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 2


def test_an_engine_that_is_not_there_any_more(tmp_path: Path) -> None:
    break_off(tmp_path, epochs=4)
    path = tmp_path / "last.safetensors"
    document, arrays = read_sealed(path)
    document["settings"]["engine"] = "abacus"
    write_sealed(path, document, arrays)
    with pytest.raises(gn.SettingError, match="by the engine 'abacus', which is not to be had"):
        gn.train(checkpoint=tmp_path, resume=True)


def test_a_checkpoint_of_a_trainer_is_gone_on_with_by_one(tmp_path: Path) -> None:
    quiet(classifier(), rows(), epochs=1, callbacks=[gn.Checkpoint(tmp_path)])
    with pytest.raises(gn.ModelFileError, match=r"not of a training that gn\.train began"):
        gn.train(checkpoint=tmp_path, resume=True)
    with pytest.raises(gn.ModelFileError, match="does not say what rows and answers mean"):
        gn.load(tmp_path / "last.safetensors")


def test_a_checkpoint_is_a_model(tmp_path: Path) -> None:
    data = gn.datasets.load("iris")
    made = train("iris", tmp_path, epochs=4, patience=0)
    model = gn.load(tmp_path / "last.safetensors")
    assert bits(model.network) == bits(made.network)
    np.testing.assert_array_equal(model.predict(data.test.x), made.predict(data.test.x))
    assert model.evaluate(data.test) == made.evaluate(data.test)
    assert model.provenance["data"] == made.provenance["data"]
    assert model.provenance["ended"] == "a checkpoint after epoch 4"
    assert model.digest.startswith("sha256:")
    model.save(tmp_path / "m.safetensors")
    assert bits(gn.load(tmp_path / "m.safetensors").network) == bits(made.network)


def test_values_come_back_in_their_units(tmp_path: Path) -> None:
    data = gn.datasets.load("diabetes")
    made = train("diabetes", tmp_path, epochs=2, patience=0)
    model = gn.load(tmp_path / "last.safetensors")
    np.testing.assert_array_equal(model.predict(data.test.x), made.predict(data.test.x))


@pytest.mark.parametrize("at", ["chunk", "epoch", "end"])
@pytest.mark.parametrize("error", [RuntimeError("mine"), gn.FileError("full"), KeyboardInterrupt()])
def test_whatever_ends_training_the_error_has_the_model(at: str, error: BaseException) -> None:
    def act(fit: Any) -> None:
        if len(fit.history) == 2:
            raise error

    with pytest.raises(type(error)) as caught:
        gn.train(
            "iris", epochs=3 if at != "end" else 2, progress=False, callbacks=[Moments(at, act)]
        )
    model = vars(caught.value)["model"]
    assert model.provenance["ended"] == ("finished" if at == "end" else "error")
    assert len(model.provenance["history"]) == 2
    assert model.evaluate(gn.datasets.load("iris").test)["accuracy"] > 0


def test_an_error_after_training_has_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(gn.Model, "evaluate", fail)
    with pytest.raises(MemoryError) as caught:
        gn.train("iris", epochs=2, progress=False)
    assert vars(caught.value)["model"].provenance["ended"] == "finished"


def test_an_error_before_training_has_none() -> None:
    def fail(_: Any) -> Any:
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError) as caught:
        gn.train("iris", epochs=2, progress=False, callbacks=[Moments("start", fail)])
    assert "model" not in vars(caught.value)
