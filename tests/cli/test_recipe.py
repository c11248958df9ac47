import shlex
from pathlib import Path

import pytest

from glassnet.data.download import VARIABLE
from glassnet.recipes import RECIPES

from .conftest import Run

pytest.importorskip("matplotlib")


def test_lists_all(run: Run) -> None:
    said = run("recipe")
    assert said.status == 0
    assert [line.split()[0] for line in said.out.splitlines()[1:]] == list(RECIPES)


def test_runs_one_and_leads_on(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    status, out, err = run("recipe", "house-price", "--quick", "--seed", "1")
    assert (status, err) == (0, "")
    assert (tmp_path / "recipes/house-price/house-price.png").exists()
    following = out.split("Go on:\n")[1].splitlines()
    assert len(following) == 3
    for line in following[:2]:
        words = shlex.split(line)
        assert run(*words[words.index("-m") + 2 if "-m" in words else 1 :]).status == 0


def test_another_seed_another_run(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    first, again, other = (
        run("recipe", "house-price", "--quick", "--seed", seed, "--folder", "r").out
        for seed in ("1", "1", "2")
    )
    assert first == again != other


def test_an_unknown_recipe(fails: Run, tmp_path: Path) -> None:
    assert "There is no recipe 'lime'. Did you mean 'line'?" in fails("recipe", "lime")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be(fails: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "Cannot write file/line.png" in fails("recipe", "line", "--folder", "file")


def test_explains_itself_with_examples(run: Run) -> None:
    assert "\n    glassnet recipe eleven-lines\n" in run("recipe", "--help").out
