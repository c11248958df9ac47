"""The file that a page is: what it holds, what it lets a browser do, when it is kept."""

from __future__ import annotations

import base64
import copy
import hashlib
import html.parser
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import FileError, SettingError
from glassnet.export import check, export_html, packing, web_page
from glassnet.export.rows import rows_to_ask
from glassnet.model.description import description
from glassnet.nn import Frame, layers
from glassnet.types import Array
from tests import own_layers as own
from tests.cases import LAYERS, MERGES, LayerCase
from tests.model import models

EVIL = "</script><script>alert(1)</script><!--\u2028\"'&amp;\\"


class Parsed(html.parser.HTMLParser):
    """The elements of a page, each with its attributes and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None], str]] = []
        self.inside = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs), ""))
        self.inside = True

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            tag, attributes, text = self.elements[-1]
            self.elements[-1] = (tag, attributes, text + data)

    def texts(self, tag: str) -> list[str]:
        return [text for name, _, text in self.elements if name == tag]


def kept(model: gn.Model, folder: Path, **options: Any) -> str:
    return export_html(model, folder / "page.html", **options).path.read_text("utf-8")


def document(text: str) -> dict[str, Any]:
    found = re.search(r'id="model">(.*?)</script>', text)
    assert found
    told: dict[str, Any] = json.loads(found[1])
    return told


@pytest.mark.usefixtures("stand_ins")
def test_the_weights_come_back_bit_for_bit(tmp_path: Path) -> None:
    for dtype in ("float32", "float64"):
        model = models.classes(dtype=dtype)
        again = packing.unpacked(document(kept(model, tmp_path)))
        assert again.network.config() == model.network.config()
        for name, array in model.network.arrays().items():
            assert again.network.arrays()[name].tobytes() == array.tobytes()


@pytest.mark.usefixtures("stand_ins")
def test_an_experience_comes_back_bit_for_bit(tmp_path: Path) -> None:
    model = gn.train("iris", epochs=1, progress=False)
    again = packing.unpacked(document(kept(model, tmp_path)))
    assert model.experience
    assert again.experience
    limits, arrays = model.experience.to_file()
    same_limits, same_arrays = again.experience.to_file()
    assert same_limits == limits
    for name, array in arrays.items():
        assert same_arrays[name].tobytes() == array.tobytes()


@pytest.mark.usefixtures("stand_ins")
def test_a_browser_may_run_what_is_in_it_and_load_nothing(tmp_path: Path) -> None:
    page = Parsed(kept(models.images(), tmp_path))
    policies = [a["content"] for tag, a, _ in page.elements if "http-equiv" in a and tag == "meta"]
    (policy,) = policies
    assert policy
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["img-src"] == "data: blob:"

    def sha(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    scripts = [text for tag, a, text in page.elements if tag == "script" and "type" not in a]
    assert rules["script-src"].split() == [sha(text) for text in scripts]
    assert rules["style-src"].split() == [sha(text) for text in page.texts("style")]
    assert {*rules} == {
        "default-src", "script-src", "style-src", "img-src", "base-uri", "form-action"
    }  # fmt: skip


@pytest.mark.usefixtures("stand_ins")
def test_it_asks_for_nothing(tmp_path: Path) -> None:
    page = Parsed(kept(models.images(), tmp_path))
    for _, attributes, _ in page.elements:
        assert "src" not in attributes
        assert attributes.get("href", "data:,") == "data:,"
        assert not [name for name in attributes if name.startswith("on")]


@pytest.mark.usefixtures("stand_ins")
def test_no_text_gets_out_of_its_place(tmp_path: Path) -> None:
    net = gn.Sequential([gn.Dense(2, name=EVIL)], input_shape=1, seed=0)
    model = gn.Model(
        net,
        gn.Features((EVIL,), (EVIL,)),
        gn.Classes((EVIL, "__proto__")),
        {"data": {"name": EVIL}},
    )
    plain, evil = Parsed(kept(models.images(), tmp_path)), kept(model, tmp_path, name=EVIL)
    parsed = Parsed(evil)
    assert [tag for tag, _, _ in parsed.elements] == [tag for tag, _, _ in plain.elements]
    assert parsed.texts("title") == [EVIL]
    (text,) = [text for tag, a, text in parsed.elements if a.get("id") == "model"]
    told = json.loads(text)
    assert told["model"]["outputs"]["labels"] == [EVIL, "__proto__"]
    assert told["description"]["models"][0]["name"] == EVIL
    assert text.isascii()
    assert not {"<", ">", "&"} & set(text)


@pytest.mark.usefixtures("stand_ins")
def test_no_program_ends_its_own_element(tmp_path: Path) -> None:
    page = Parsed(kept(models.images(), tmp_path))
    scripts = page.texts("script")
    assert len(scripts) == 3
    assert scripts[1] == r'globalThis.glassnet = { "\x3c!-- \x3c/ScRiPt>\x3cscript>": 1 };'


@pytest.mark.usefixtures("stand_ins")
def test_it_says_of_the_model_what_a_stranger_may_know(tmp_path: Path) -> None:
    model = gn.train("iris", epochs=1, progress=False)
    model.save(tmp_path / "iris.safetensors")
    model = gn.load(tmp_path / "iris.safetensors")
    told = document(kept(model, tmp_path, name="iris"))["description"]
    assert told["learns"] is False
    (one,) = told["models"]
    assert (one["name"], one["hash"]) == ("iris", model.digest)
    assert one == description(model, "iris")
    told = {"data", "rows", "created"}
    assert {*one["provenance"]} == told | {*model.provenance["figures"]["test"]}
    first = one["inputs"]["features"][0]
    assert first["name"] == "sepal length"
    assert first["low"] < first["typical"] < first["high"]


@dataclass(eq=False)
class Scale(gn.Layer):
    def forward(self, x: Array, frame: Frame) -> Array:  # noqa: ARG002
        return x * 2


@dataclass(eq=False)
class Dense(gn.Dense):
    """Another layer of a name that the package has."""


@pytest.mark.usefixtures("stand_ins")
@pytest.mark.parametrize(
    "layer", [Scale(name="mine"), Dense(4, name="mine")], ids=["new", "named alike"]
)
def test_a_layer_of_ones_own_is_refused_by_name(tmp_path: Path, layer: gn.Layer) -> None:
    net = gn.Sequential([layer, gn.Dense(2)], input_shape=4, seed=0)
    model = gn.Model(net, gn.Features(tuple("abcd")), gn.Classes(("no", "yes")))
    with pytest.raises(SettingError, match=rf"mine is a layer of yours, {type(layer).__name__}\."):
        export_html(model, tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


@pytest.mark.usefixtures("stand_ins")
@pytest.mark.parametrize("case", [*LAYERS, *MERGES], ids=str)
def test_the_rows_say_what_is_exported_and_what_is_refused_by_name(
    tmp_path: Path, case: LayerCase
) -> None:
    layer, x = case.make(), gn.Input(12)
    feeds = [gn.Dense(12)(x) for _ in case.shapes]
    joined = layer(*feeds) if isinstance(layer, gn.Merge) else layer(feeds[0])
    network = gn.Network(x, gn.Dense(2)(joined), seed=0)
    model = gn.Model(network, gn.Images(3, 4, 16), gn.Classes(("no", "yes")))
    page = tmp_path / "page.html"
    if case.page is True:
        export_html(model, page)
        return
    (name,) = (name for name, one in network.layers.items() if one is layer)
    with pytest.raises(SettingError, match=rf"compute {name}, .*: {re.escape(case.page)}\."):
        export_html(model, page)
    assert not page.exists()


@pytest.mark.usefixtures("stand_ins")
def test_a_layer_that_the_page_has_not_learnt_yet_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @dataclass(eq=False)
    class New(Scale):
        not_in = {"page": "its program has no such layer"}  # noqa: RUF012

    monkeypatch.setattr(layers, "New", New, raising=False)
    monkeypatch.setattr(layers, "__all__", [*layers.__all__, "New"])
    net = gn.Sequential([New(name="mine"), gn.Dense(2)], input_shape=4, seed=0)
    model = gn.Model(net, gn.Features(tuple("abcd")), gn.Classes(("no", "yes")))
    (tmp_path / "page.html").write_text("old")
    with pytest.raises(SettingError, match=r"mine, New\(\): its program has no such layer\. Put"):
        export_html(model, tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text() == "old"


def test_without_the_built_page_it_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_page, "FOLDER", tmp_path / "nowhere")
    with pytest.raises(FileError, match=r"The page is not built.*make page"):
        export_html(models.classes(), tmp_path / "page.html")
    (tmp_path / web_page.MISSING).write_text("There was no Node.js.\n")
    with pytest.raises(FileError, match=r"make page.*It could not be built.*no Node\.js"):
        export_html(models.classes(), tmp_path / "page.html")


def changed(pack: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Pack one weight a little off."""

    def packed(model: gn.Model, name: str) -> dict[str, Any]:
        twin = gn.Model(copy.deepcopy(model.network), model.inputs, model.outputs)
        next(iter(twin.network.parameters().values()))[0, 0] += 1e-3
        return pack(twin, name)

    return packed


@pytest.mark.usefixtures("stand_ins")
def test_a_page_that_answers_otherwise_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.html"
    page.write_text("old")
    monkeypatch.setattr(web_page, "packed", changed(packing.packed))
    for model in (models.classes(), models.values(), models.images()):
        with pytest.raises(FileError, match=r"not kept: its answer to row \d+"):
            export_html(model, page, rows=models.rows(columns=model.inputs.size) ** 2 % 1)
    assert page.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["page.html", "parts"]


@pytest.mark.usefixtures("stand_ins")
def test_without_node_the_weights_are_read_back(tmp_path: Path) -> None:
    page = export_html(models.classes(), tmp_path / "page.html", rows=models.rows())
    assert page.check.by == "python"
    assert page.check.furthest == 0
    assert 0 < page.check.apart < 1e-6
    assert page.size == page.path.stat().st_size


@pytest.mark.usefixtures("stand_ins")
def test_rows_are_those_of_the_test_part_or_drawn(tmp_path: Path) -> None:
    iris = gn.train("iris", epochs=1, progress=False)
    known = export_html(iris, tmp_path / "page.html").check
    assert (known.rows, known.which) == (24, "the test part of iris")
    for model in (models.classes(), models.images()):
        drawn = export_html(model, tmp_path / "page.html").check
        assert drawn.rows == 1000
        assert "drawn" in drawn.which


def test_rows_are_drawn_about_what_was_measured() -> None:
    net = gn.Sequential([own.Scaler(10.0, 0.5, name="mine"), gn.Dense(2)], 4, seed=0)
    x, _ = rows_to_ask(gn.Model(net, gn.Features(tuple("abcd")), gn.Classes(("no", "yes"))), None)
    assert 9 <= np.asarray(x).min() < 9.1
    assert 10.9 < np.asarray(x).max() <= 11


def test_a_page_without_a_model_does_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLASSNET_NODE", "")
    with pytest.raises(FileError, match="holds no model"):
        check.check("<html></html>", models.classes(), models.rows())


@pytest.mark.parametrize("part", ["network", "arrays", "inputs", "experience"])
def test_a_document_that_was_not_packed_is_refused(part: str) -> None:
    told = packing.packed(models.classes(), "m")
    del told["model"][part]
    with pytest.raises(gn.ModelFileError, match="not usable"):
        packing.unpacked(told)


def test_what_is_no_node_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GLASSNET_NODE", str(tmp_path / "node"))
    with pytest.raises(SettingError, match="GLASSNET_NODE is expected to name a Node"):
        check.check("", models.classes(), np.zeros((1, 4)))
