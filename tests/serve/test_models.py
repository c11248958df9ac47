"""Which models are served, and how one takes another's place."""

from __future__ import annotations

import asyncio
import shutil
import threading
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import FileError, ModelFileError, SettingError
from glassnet.model.description import description
from glassnet.serve import Models

from .asking import ADDRESS, IRIS_ROW, Asker, make_app


@pytest.fixture
def iris(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(trained / "iris.safetensors", tmp_path))


@pytest.fixture
def other(trained: Path, tmp_path: Path) -> Path:
    """Another model of the same rows."""
    path = tmp_path / "other" / "new.safetensors"
    model = gn.load(trained / "iris.safetensors")
    model.network.parameters()["dense_1.W"][...] *= 0.5
    model.save(path)
    return path


def test_names_are_the_stems(iris: Path, trained: Path) -> None:
    models = Models.load([iris, trained / "digits.safetensors"])
    assert models.names == ("iris", "digits")
    assert models.first.name == "iris"
    assert [served.name for served in models] == ["iris", "digits"]
    assert models["digits"].hash == gn.load(trained / "digits.safetensors").digest
    with pytest.raises(SettingError, match="Did you mean 'digits'"):
        models["digit"]


def test_two_of_one_name_are_an_error(iris: Path, trained: Path) -> None:
    with pytest.raises(SettingError, match="Two models would have the name iris"):
        Models.load([iris, trained / "iris.safetensors"])


def test_no_model_and_no_name_are_errors(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="at least one"):
        Models.load([])
    with pytest.raises(SettingError, match="no name"):
        Models.load([tmp_path / "a\nb.safetensors"])
    with pytest.raises(SettingError, match="no name"):  # it would be a folder's, beside all others
        Models.load([tmp_path / "...safetensors"])
    with pytest.raises(FileError):
        Models.load([tmp_path / "missing.safetensors"])


def test_a_model_that_cannot_answer_is_not_served(tmp_path: Path) -> None:
    network = gn.Sequential([gn.Dense(3), gn.Dense(2)], input_shape=2, seed=0)
    for name in ("dense_1.W", "dense_2.W"):
        network.parameters()[name][...] = 1e38
    network.parameters()["dense_1.b"][...] = 1e38
    path = tmp_path / "large.safetensors"
    gn.Model(network, gn.Features(("a", "b")), gn.Classes(("x", "y"))).save(path)
    with pytest.raises(gn.DataError, match="holds a model that cannot answer"):
        Models.load([path])


def test_the_example_is_typical_and_pixels_stay_whole(trained: Path) -> None:
    iris, digits = Models.load([trained / f"{name}.safetensors" for name in ("iris", "digits")])
    assert iris.model.experience is not None
    assert np.asarray(iris.example)[0].tolist() == iris.model.experience.typical.tolist()
    assert isinstance(digits.example, gn.Pixels)
    assert digits.accuracy.endswith(" % right")


def test_a_replaced_file_is_switched(iris: Path, other: Path) -> None:
    models = Models.load([iris])
    told = []
    models.on_switch(lambda served: told.append((served.name, served.hash)))
    old = models.first
    assert models.reload() == []
    other.replace(iris)
    assert models.reload() == ["iris"]
    assert models.first is not old
    assert told == [("iris", models.first.hash)]
    assert old.answers(old.example)[0]  # whoever holds the old one goes on with it
    assert models.reload() == []


def test_what_did_not_change_is_not_read(
    iris: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = Models.load([iris])
    read = []
    load = gn.load

    def watched(path: Path, **settings: Any) -> gn.Model:
        read.append(path)
        return load(path, **settings)

    monkeypatch.setattr(gn, "load", watched)
    models.reload()
    assert read == []
    other.replace(iris)
    models.reload()
    models.reload()
    assert read == [iris]


def test_the_same_bytes_are_not_switched(iris: Path, tmp_path: Path) -> None:
    models = Models.load([iris])
    old = models.first
    shutil.copy(iris, tmp_path / "copy")
    (tmp_path / "copy").replace(iris)
    assert models.reload() == []
    assert models.first is old


@pytest.mark.parametrize("wrong", ["gone", "empty", "cut", "changed", "foreign"])
def test_a_bad_file_leaves_the_old_model(iris: Path, other: Path, wrong: str) -> None:
    models = Models.load([iris])
    refused: list[tuple[str, Exception]] = []
    models.on_refusal(lambda name, error: refused.append((name, error)))
    old = models.first
    data = iris.read_bytes()
    if wrong == "gone":
        iris.unlink()
    else:
        damaged = bytearray(data)
        damaged[-3] ^= 1
        iris.write_bytes(
            {
                "empty": b"",
                "cut": data[:-100],
                "changed": bytes(damaged),
                "foreign": b"{}",
            }[wrong]
        )
    assert models.reload() == []
    assert models.first is old
    ((name, error),) = refused
    assert name == "iris"
    assert isinstance(error, FileError if wrong == "gone" else ModelFileError)
    other.replace(iris)
    assert models.reload() == ["iris"]


def test_what_may_pass_is_tried_again_and_told_once(
    iris: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = Models.load([iris])
    refused: list[str] = []
    models.on_refusal(lambda _, error: refused.append(type(error).__name__))
    load = gn.load
    errors: list[Exception] = [MemoryError(), MemoryError(), FileError("Too many open files.")]

    def failing(path: Path, **settings: Any) -> gn.Model:
        if errors:
            raise errors.pop(0)
        return load(path, **settings)

    monkeypatch.setattr(gn, "load", failing)
    assert models.changed() == []
    other.replace(iris)
    for _ in range(3):
        assert models.changed() == ["iris"]
        assert models.reload() == []
    assert refused == ["MemoryError", "FileError"]
    assert models.changed() == ["iris"]
    assert models.reload() == ["iris"]
    assert models.changed() == []


def test_a_file_that_asks_for_more_than_it_may_is_not_served(iris: Path) -> None:
    with pytest.raises(ModelFileError, match=r"--max-memory 8G for glassnet serve"):
        Models.load([iris], max_memory="1K")
    models = Models.load([iris], max_memory="100K")
    told: list[str] = []
    models.on_refusal(lambda _, error: told.append(str(error)))
    hungry = gn.Sequential([gn.ReLU(), gn.Dense(3)], input_shape=20_000, seed=0)
    features = gn.Features(tuple(map(str, range(20_000))))
    gn.Model(hungry, features, gn.Classes(("a", "b", "c"))).save(iris)
    assert models.reload() == []
    assert "holds 4" in told[0]
    assert "100 KiB are allowed" in told[0]
    assert models.changed() == []  # it is judged once
    assert models.first.model.inputs.size == 4


def test_what_a_row_costs_counts_layers_without_weights(tmp_path: Path) -> None:
    network = gn.Sequential([*(gn.ReLU() for _ in range(9)), gn.Dense(2)], input_shape=50, seed=0)
    features = gn.Features(tuple(map(str, range(50))))
    gn.Model(network, features, gn.Classes(("a", "b"))).save(tmp_path / "deep.safetensors")
    served = Models.load([tmp_path / "deep.safetensors"]).first
    assert served.cost > network.size() + 9 * 50


@pytest.mark.parametrize("bad", ["foreign", "gone"])
def test_what_cannot_pass_is_judged_once(
    iris: Path, other: Path, monkeypatch: pytest.MonkeyPatch, bad: str
) -> None:
    models = Models.load([iris])
    if bad == "gone":
        iris.unlink()
    else:
        iris.write_bytes(b"{}")
    assert models.changed() == ["iris"]
    models.reload()
    assert models.changed() == []
    with monkeypatch.context() as patched:
        patched.setattr(gn, "load", None)
        assert models.reload() == []
    other.replace(iris)
    assert models.reload() == ["iris"]


def test_a_switch_reaches_the_metrics_the_documents_and_the_answers(
    iris: Path, other: Path
) -> None:
    app = make_app([iris])
    asker = Asker(app)
    before = asker.post("/predict", {"rows": IRIS_ROW}).json()
    first = asker.get("/openapi.json").json()
    other.replace(iris)
    assert app.state.models.reload() == ["iris"]
    after = asker.post("/predict", {"rows": IRIS_ROW}).json()
    assert before["model"]["hash"] != after["model"]["hash"]
    assert before["answers"] != after["answers"]
    assert after["model"]["hash"] in asker.get("/metrics").text
    assert before["model"]["hash"] not in asker.get("/metrics").text
    assert asker.get("/models").json()["models"][0]["hash"] == after["model"]["hash"]
    assert asker.get("/v2/models/iris").json()["parameters"]["hash"] == after["model"]["hash"]
    assert asker.get("/openapi.json").json() != first


def test_answers_and_hashes_belong_together_while_models_are_switched(
    iris: Path, other: Path, tmp_path: Path
) -> None:
    """Every answer is that of the model whose hash it carries, however often they change."""
    files = [iris.read_bytes(), other.read_bytes()]
    expected = {}
    for k, data in enumerate(files):
        path = tmp_path / f"{k}.safetensors"
        path.write_bytes(data)
        model = gn.load(path)
        expected[model.digest] = [answer.to_json() for answer in model.answers([IRIS_ROW])]
    app = make_app([iris])
    done = threading.Event()

    def switch() -> None:
        for k in range(30):
            (tmp_path / "next").write_bytes(files[k % 2])
            (tmp_path / "next").replace(iris)
            app.state.models.reload()
        done.set()

    async def ask_on() -> set[str]:
        seen = set()
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as client:
            while not done.is_set():
                said = (await client.post("/predict", json={"rows": IRIS_ROW})).json()
                assert said["answers"] == expected[said["model"]["hash"]]
                seen.add(said["model"]["hash"])
        return seen

    thread = threading.Thread(target=switch)
    thread.start()
    seen = asyncio.run(ask_on())
    thread.join()
    assert seen == expected.keys()


def test_what_a_model_says_of_itself(trained: Path) -> None:
    iris, digits = Models.load([trained / f"{name}.safetensors" for name in ("iris", "digits")])
    told = iris.about()
    assert told == description(iris.model, "iris")
    assert set(told) == {"name", "hash", "inputs", "outputs", "provenance", "experience"}
    feature = told["inputs"]["features"][0]
    assert set(feature) == {"name", "unit", "low", "high", "typical", "choices"}
    assert feature["low"] <= feature["typical"] <= feature["high"]
    assert told["provenance"]["data"] == "iris"
    assert 0 < told["provenance"]["accuracy"] <= 1
    inputs = digits.about()["inputs"]
    assert inputs == {
        "kind": "images",
        "height": 8,
        "width": 8,
        "maximum": 16,
        "framing": "blocks",
    }


def test_a_model_without_experience_or_provenance_is_served_too(tmp_path: Path) -> None:
    network = gn.Sequential([gn.Dense(2)], input_shape=2, seed=0)
    path = tmp_path / "plain.safetensors"
    gn.Model(network, gn.Features(("a", "b"), ("m", "")), gn.Values(("y", "z"))).save(path)
    served = Models.load([path]).first
    told = served.about()
    assert told["inputs"]["features"][0] == {
        "name": "a",
        "unit": "m",
        "low": None,
        "high": None,
        "typical": None,
        "choices": [],
    }
    assert (told["provenance"], told["experience"], served.accuracy) == ({}, False, "")
    asker = Asker(make_app([path]))
    (answer,) = asker.post("/predict", {"rows": [1, 2]}).json()["answers"]
    assert answer["sure"] is None
    assert set(answer["values"]) == {"y", "z"}
    outputs = asker.get("/v2/models/plain").json()["outputs"]
    assert [one["name"] for one in outputs] == ["values"]
