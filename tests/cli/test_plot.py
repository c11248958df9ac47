from pathlib import Path

import pytest

from .conftest import Run

pytest.importorskip("matplotlib")
SIGNATURES = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


@pytest.mark.parametrize(
    ("kind", "model"),
    [
        ("overview", "digits"),
        ("overview", "diabetes"),
        ("curves", "iris"),
        ("mistakes", "iris"),
        ("confusion", "digits"),
        ("values", "diabetes"),
        ("weights", "digits"),
        ("weights", "iris"),
        ("regression", "line"),
        ("boundary", "moons"),
    ],
)
@pytest.mark.usefixtures("runs")
def test_draws(run: Run, models: Path, kind: str, model: str) -> None:
    said = run("plot", kind, f"{model}.safetensors")
    assert said.status == 0
    assert said.out.startswith(f"Wrote {kind}.png")
    assert (models / f"{kind}.png").read_bytes().startswith(SIGNATURES["png"])


@pytest.mark.parametrize("form", SIGNATURES)
def test_the_name_says_the_format(run: Run, models: Path, form: str) -> None:
    run("plot", "curves", "iris.safetensors", "--out", f"new/a.{form}")
    assert (models / f"new/a.{form}").read_bytes().startswith(SIGNATURES[form])


@pytest.mark.parametrize("kind", ["curves", "distributions"])
def test_of_a_recorded_run(run: Run, runs: Path, kind: str) -> None:
    assert run("plot", kind, "runs/moons").status == 0
    assert (runs / f"{kind}.png").exists()


def test_of_nothing(run: Run, tmp_path: Path) -> None:
    assert run("plot", "activations").status == 0
    assert (tmp_path / "activations.png").exists()


@pytest.mark.parametrize(
    ("args", "seen"),
    [
        (["curves", "iris.safetensors"], "accuracy   • training   + validation"),
        (["curves", "runs/moons"], "loss   • training   + validation"),
        (["regression", "line.safetensors"], "y   • training   + test   o the model"),
        (["boundary", "moons.safetensors"], "a = upper, b = lower"),
        (["confusion", "iris.safetensors"], "truth \\ answer"),
        (["activations"], "Tanh   • y   + slope"),
    ],
)
@pytest.mark.usefixtures("runs")
def test_in_the_terminal(run: Run, models: Path, args: list[str], seen: str) -> None:
    before = sorted(models.iterdir())
    status, out, err = run("plot", *args, "--terminal")
    assert (status, err) == (0, "")
    assert seen in out
    assert sorted(models.iterdir()) == before


def test_rows_of_a_file(run: Run, models: Path) -> None:
    (models / "flowers.csv").write_text("5.1,3.5,1.4,0.2,virginica\n6.5,3.0,5.8,2.2,virginica\n")
    assert run("plot", "mistakes", "iris.safetensors", "flowers.csv").status == 0


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["curves", "iris.safetensors", "--out", "a.jpg"], "no picture format 'jpg'"),
        (["curves", "iris.safetensors", "--out", "iris.safetensors/a.png"], "Cannot write"),
        (["values", "iris.safetensors"], "plot its mistakes or confusion"),
        (["mistakes", "diabetes.safetensors"], "plot its values"),
        (["regression", "iris.safetensors"], "one feature"),
        (["boundary", "iris.safetensors"], "two features"),
        (["weights"], "Expected: glassnet plot weights MODEL"),
        (["distributions", "runs"], "no recorded run"),
        (["mistakes", "iris.safetensors", "--terminal"], "cannot be shown in a terminal"),
        (["mistakes", "iris.safetensors", "digits"], "digits has images"),
    ],
)
@pytest.mark.usefixtures("runs")
def test_what_cannot_be_drawn(fails: Run, models: Path, args: list[str], message: str) -> None:
    before = sorted(models.iterdir())
    assert message in fails("plot", *args)
    assert sorted(models.iterdir()) == before


@pytest.mark.usefixtures("models")
def test_without_matplotlib(fails: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    assert "pip install 'glassnet[plot]'" in fails("plot", "curves", "iris.safetensors")
