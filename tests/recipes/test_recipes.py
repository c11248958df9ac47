"""Every recipe runs on what is embedded, says so, draws, and leads to commands that work."""

from __future__ import annotations

import pytest

from glassnet.errors import SettingError
from glassnet.recipes import RECIPES, Options, recipe

pytest.importorskip("matplotlib")
STANDS_IN = {
    "house-price": "Boston housing is not on this machine",
    "numerical-mnist": "MNIST is not on this machine",
    "line": "MNIST is not on this machine",
    "gonetwork": "MNIST is not on this machine",
}


@pytest.mark.usefixtures("embedded")
@pytest.mark.parametrize("name", RECIPES)
def test_runs_draws_and_goes_on(
    name: str, quick: Options, capsys: pytest.CaptureFixture[str]
) -> None:
    following = recipe(name).run(quick)
    assert STANDS_IN.get(name, "") in capsys.readouterr().out
    assert (quick.folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert following


@pytest.mark.usefixtures("embedded")
def test_without_matplotlib_it_says_so_and_goes_on(
    quick: Options, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    assert recipe("eleven-lines").run(quick)
    assert "No picture: A picture needs matplotlib" in capsys.readouterr().out
    assert list(quick.folder.iterdir()) == []


def test_an_unknown_recipe() -> None:
    with pytest.raises(SettingError, match=r"no recipe 'lines'\. Did you mean 'line'\?"):
        recipe("lines")
