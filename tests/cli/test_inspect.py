import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from glassnet.engines import library

from .conftest import Run


@pytest.mark.usefixtures("models")
def test_shows_layers_meanings_and_provenance(run: Run) -> None:
    status, out, _ = run("inspect", "iris.safetensors")
    assert status == 0
    for part in (
        "dense_1",
        "total",
        "515",
        "petal width",
        "virginica",
        "Fisher",
        "Adam",
        "60 epochs",
    ):
        assert part in out
    assert "σ outside its range, a probability below" in " ".join(out.split())
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.usefixtures("models")
def test_json_holds_it_all(run: Run) -> None:
    said = json.loads(run("inspect", "digits.safetensors", "--json").out)
    images = {"kind": "images", "height": 8, "width": 8, "maximum": 16, "framing": "blocks"}
    assert said["inputs"] == images
    assert [node["name"] for node in said["nodes"]] == ["dense_1", "relu_1", "dense_2"]
    assert said["nodes"][0]["parameters"] == 65 * 64
    assert len(said["provenance"]["history"]) == 5
    assert said["provenance"]["machine"]["blas"]
    assert said["experience"]["most_unlike"] > 0


def test_a_model_that_does_not_know_what_it_learnt_from(run: Run, tmp_path: Path) -> None:
    net = gn.Sequential([gn.Dense(1)], input_shape=(1,), seed=0)
    features, values = gn.Features(("x",)), gn.Values(("y",))
    gn.Model(net, inputs=features, outputs=values).save(tmp_path / "line.safetensors")
    assert "it does not know what it learnt from" in run("inspect", "line.safetensors").out
    assert json.loads(run("inspect", "line.safetensors", "--json").out)["experience"] is None


def test_shows_the_engines(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(library.VARIABLE, raising=False)
    status, out, _ = run("inspect", "--engines")
    assert status == 0
    assert re.search(
        rf"^numpy +yes +NumPy {re.escape(np.__version__)}, .*threads: \d", out, re.MULTILINE
    )
    if used := library.report().used:
        assert re.search(rf"^native +yes +{used}, (GCC|.*[Cc]lang|.*LLVM)", out, re.MULTILINE)
    else:
        assert re.search(r"^native +no", out, re.MULTILINE)


@pytest.mark.usefixtures("no_modules")
def test_says_why_an_engine_is_missing_and_what_to_do(run: Run) -> None:
    out = run("inspect", "--engines").out
    assert re.search(r"^native +no$", out, re.MULTILINE)
    told = " ".join(out.split())
    assert "There was no C++ compiler. With a C++ compiler" in told
    assert "pip install" in told
    assert max(map(len, out.partition("\n\n")[2].splitlines())) <= 80


@pytest.mark.usefixtures("no_modules")
def test_engines_as_json(run: Run) -> None:
    said = json.loads(run("inspect", "--engines", "--json").out)
    assert said["numpy"]["version"] == np.__version__
    assert "num_threads" in said["numpy"]["blas"][0]
    native = said["native"]
    assert (native["used"], native["built"]) == (None, [])
    assert "There was no C++ compiler." in native["why"]


@pytest.fixture
def no_modules(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(library.FOLDER, str(tmp_path))
    monkeypatch.delenv(library.VARIABLE, raising=False)
    (tmp_path / library.MISSING).write_text("There was no C++ compiler.\n")


@pytest.mark.parametrize("args", [[], ["iris.safetensors", "--engines"], ["--json"]])
def test_a_model_or_the_engines(fails: Callable[..., str], args: list[str]) -> None:
    assert "Give a model file or --engines, one of them." in fails("inspect", *args)
