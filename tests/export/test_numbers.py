"""The page's own program, run by Node, beside the model in Python: over whole test sets."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import FileError
from glassnet.export import export_html, node, packing, web_page
from glassnet.types import Array
from tests.cases import LAYERS, MERGES
from tests.export import golden
from tests.model import models

DATA = ["digits", "iris", "wine", "breast-cancer", "diabetes", "xor", "moons"]


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("name", DATA)
def test_the_same_answers_over_the_whole_test_set(name: str, tmp_path: Path) -> None:
    model = gn.train(name, epochs=10, seed=0, progress=False)
    check = export_html(model, tmp_path / "page.html").check
    test = gn.datasets.load(name).test
    assert (check.by, check.rows) == ("node", len(test))
    assert check.apart <= 1e-6
    assert check.furthest <= 1e-10


@pytest.mark.data("mnist")
@pytest.mark.usefixtures("built")
def test_the_same_answers_over_the_test_set_of_mnist(tmp_path: Path) -> None:
    model = gn.train("mnist", layers=[256], epochs=2, seed=0, progress=False)
    check = export_html(model, tmp_path / "page.html").check
    assert (check.by, check.rows) == ("node", 10_000)
    assert check.furthest <= 1e-10
    assert check.apart <= 3e-6  # float32 alone is up to 1e-6 off: docs/export.md


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("link", ["softmax", "sigmoid", "identity"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_link(link: str, dtype: str, tmp_path: Path) -> None:
    for labels in (models.LABELS, ("no", "yes")):
        model = models.classes(link, labels, dtype=dtype)
        check = export_html(model, tmp_path / "page.html", rows=models.rows(200)).check
        assert check.by == "node"
        assert max(check.apart, check.furthest) <= 1e-6


@pytest.mark.usefixtures("built")
def test_values_in_their_units(tmp_path: Path) -> None:
    for meaning in ({}, {"mean": (1e6, -3e-5), "std": (2e5, 1e-6)}):
        check = export_html(models.values(**meaning), tmp_path / "page.html").check
        assert max(check.apart, check.furthest) <= 1e-6


@pytest.mark.usefixtures("built")
def test_a_feature_far_from_0_is_rounded_as_the_model_rounds_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    years: Array = rng.uniform(2000, 2001, (200, 4))
    layers = [gn.Standardize.of(years), gn.Dense(8), gn.Tanh(), gn.Dense(3)]
    net = gn.Sequential(layers, input_shape=4, seed=0)
    model = gn.Model(net, gn.Features(tuple("abcd")), gn.Classes(models.LABELS))
    check = export_html(model, tmp_path / "page.html", rows=years).check
    assert max(check.apart, check.furthest) <= 1e-6


def wrong(text: str) -> str:
    """A program whose tanh is a little off."""
    assert "Math.tanh" in text
    return text.replace("Math.tanh", "(x=>Math.tanh(x)*1.0001)")


def without(text: str) -> str:
    """A program that lacks a layer."""
    return text.replace("BatchNorm", "BatchNone")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [(wrong, "its answer to row"), (without, "no layer BatchNorm"), (lambda _: "(", "SyntaxError")],
    ids=["wrong", "a layer lacks", "no program"],
)
def test_a_program_that_is_wrong_is_found_out(
    spoil: Any, said: str, built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    for part in (web_page.NETWORK, web_page.PAGE, web_page.STYLE):
        text = (built / part).read_text("utf-8")
        (folder / part).write_text(spoil(text) if part == web_page.NETWORK else text, "utf-8")
    monkeypatch.setattr(web_page, "FOLDER", folder)
    with pytest.raises(FileError, match=f"The page was not kept.*{said}"):
        export_html(models.classes(), tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


def test_node_is_found_where_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found = node.node()
    if found is None:
        pytest.skip("there is no Node")
    monkeypatch.setenv(node.VARIABLE, found)
    assert node.node() == found
    monkeypatch.setenv(node.VARIABLE, "")
    assert node.node() is None


@pytest.mark.usefixtures("built")
def test_the_built_programs_need_no_escape() -> None:
    for part in (web_page.NETWORK, web_page.PAGE, web_page.STYLE):
        assert web_page._part(part) == (web_page.FOLDER / part).read_text("utf-8").strip()


# -- what vitest is held to ------------------------------------------------------------------------


def of_the_page() -> set[str]:
    return {type(case.make()).__name__ for case in (*LAYERS, *MERGES) if case.page is True}


def test_the_rows_say_which_layers_the_page_s_program_knows() -> None:
    source = (golden.FOLDER.parents[2] / "src/network/layers/index.ts").read_text("utf-8")
    table = re.search(r"Object\.entries\({(.*?)}\)", source, re.DOTALL)
    assert table
    assert set(re.findall(r"\w+", table[1])) == of_the_page()


def same(found: Any, expected: Any) -> bool:
    """Whether two JSON values are the same but for the last digits of their numbers."""
    if isinstance(expected, float) and isinstance(found, float | int):
        return bool(abs(found - expected) <= 1e-9 * max(1, abs(expected)))
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(same(found[k], expected[k]) for k in found)
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(same, found, expected))
    return bool(found == expected)


@pytest.mark.parametrize("stem", ["layers", "models"])
def test_the_golden_numbers_are_those_of_python(stem: str) -> None:
    kept = json.loads((golden.FOLDER / f"{stem}.json").read_text("utf-8"))
    made = json.loads(json.dumps(golden.everything()[stem]))
    assert [one["name"] for one in kept] == [one["name"] for one in made]
    for before, now in zip(kept, made, strict=True):
        for one in (
            before,
            now,
        ):  # drawn and packed arrays: the same, but for an eigenvector's sign
            for part in ("experience",):
                one.get("model", {}).pop(part, None)
        assert same(before, now), f"{now['name']}: run python -m tests.export.golden"


def test_every_layer_of_the_page_has_its_golden_numbers() -> None:
    kept = json.loads((golden.FOLDER / "layers.json").read_text("utf-8"))
    assert {one["network"]["layers"]["y"]["class"] for one in kept} == of_the_page()


@pytest.mark.usefixtures("built")
def test_a_graph_of_every_kind_of_layer(tmp_path: Path) -> None:
    for name, model, rows in golden.models():
        check = export_html(model, tmp_path / "page.html", rows=rows).check
        assert max(check.apart, check.furthest) <= 1e-9, name
    assert packing.packed(model, "m")["format"] == packing.FORMAT
