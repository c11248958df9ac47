from collections.abc import Callable
from pathlib import Path

import pytest

import glassnet as gn
from glassnet.export import node, web_page

from .conftest import Run

IRIS = "iris.safetensors"


@pytest.fixture(autouse=True)
def parts(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of a page that compute nothing, and no Node that would run them."""
    folder = tmp_path_factory.mktemp("parts")
    for name in (web_page.NETWORK, web_page.PAGE, web_page.STYLE):
        (folder / name).write_text("/**/")
    monkeypatch.setattr(web_page, "FOLDER", folder)
    monkeypatch.setenv(node.VARIABLE, "")


@pytest.mark.parametrize("name", ["iris", "diabetes", "digits"])
def test_a_page_named_like_the_model(run: Run, models: Path, name: str) -> None:
    status, out, err = run("export", f"{name}.safetensors", "--to", "html")
    assert (status, err) == (0, "")
    assert out.startswith(f"{name}.html: ")
    assert f"the test part of {name}." in out
    text = (models / f"{name}.html").read_text("utf-8")
    assert f"<title>{name}</title>" in text


def test_out_says_where_to_and_makes_the_folder(run: Run, models: Path) -> None:
    assert run("export", IRIS, "--to", "html", "--out", "site/index.html").status == 0
    assert "<title>iris</title>" in (models / "site/index.html").read_text("utf-8")


def test_a_layer_that_the_page_does_not_know_is_refused_by_name(
    fails: Callable[..., str], models: Path
) -> None:
    iris = gn.load(models / IRIS)
    net = gn.Sequential([gn.Maxout(5), gn.Dense(3)], input_shape=4, seed=0)
    gn.Model(net, iris.inputs, iris.outputs).save(models / "maxout.safetensors")
    before = sorted(models.rglob("*"))
    said = fails("export", "maxout.safetensors", "--to", "html")
    assert f"does not compute maxout_1, Maxout(5): {gn.Maxout.not_in['page']}." in said
    assert sorted(models.rglob("*")) == before


@pytest.mark.usefixtures("models")
def test_what_to_make_must_be_said(fails: Callable[..., str]) -> None:
    assert "--to" in fails("export", IRIS)
    assert "'pdf' is not" in fails("export", IRIS, "--to", "pdf")


def test_never_over_the_model(fails: Callable[..., str], models: Path) -> None:
    before = (models / IRIS).read_bytes()
    assert "is the model itself" in fails("export", IRIS, "--to", "html", "--out", IRIS)
    assert (models / IRIS).read_bytes() == before


def test_a_folder_that_cannot_be_written(fails: Callable[..., str], models: Path) -> None:
    (models / "file").write_text("")
    assert "Cannot write" in fails("export", IRIS, "--to", "html", "--out", "file/page.html")


def test_without_the_page_it_says_how_to_get_it(
    fails: Callable[..., str], models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_page, "FOLDER", models / "nowhere")
    assert "make page" in fails("export", IRIS, "--to", "html")
    assert not (models / "iris.html").exists()
