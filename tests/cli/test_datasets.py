from pathlib import Path

import pytest

import glassnet as gn

from .conftest import Run


def test_lists_every_data_set(run: Run) -> None:
    out = run("datasets", "list").out
    assert [line.split()[0] for line in out.splitlines()[1:]] == gn.datasets.names()


def test_shows_a_table(run: Run) -> None:
    out = run("datasets", "show", "iris").out
    for part in ("102 train", "Fisher", "setosa: 34", "petal length  cm      1.1"):
        assert part in out


def test_shows_images_with_a_picture(run: Run) -> None:
    out = run("datasets", "show", "digits").out
    assert "images of 8 x 8 pixels, 0 to 16" in out
    assert "@@" in out


def test_fetch_says_where_it_is(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert run("datasets", "fetch", "iris").out == "iris needs no files: it comes with Glassnet.\n"
    monkeypatch.setattr(gn.datasets, "fetch", lambda _: tmp_path)
    assert run("datasets", "fetch", "mnist").out == f"{tmp_path}\n"


@pytest.mark.parametrize("command", ["show", "fetch"])
def test_an_unknown_name_gets_a_hint(fails: Run, command: str) -> None:
    assert "Did you mean 'digits'" in fails("datasets", command, "digit")
