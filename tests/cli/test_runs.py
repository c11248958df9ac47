import json
from collections.abc import Callable
from pathlib import Path

import pytest

import glassnet as gn

from .conftest import Run


def test_training_is_recorded(run: Run, tmp_path: Path) -> None:
    said = run("train", "iris", "--epochs", "2", "--record", "runs/iris", "--quiet")
    assert said == (0, "", "")
    recorded = gn.runs.open(tmp_path / "runs/iris")
    assert (recorded.data, recorded.settings["epochs"]) == ("iris", 2)
    assert recorded.outputs == gn.datasets.load("iris").outputs
    assert set(recorded.layers) == set(recorded.moments)


def test_a_folder_that_cannot_be_made_is_told_before_training(fails: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "Cannot write" in fails("train", "iris", "--record", "file/run")


@pytest.mark.usefixtures("runs")
def test_a_run_that_is_there_is_moved_and_named(run: Run) -> None:
    again = ["train", "moons", "--epochs", "1", "--record", "runs/moons"]
    said = "The run of 3 epochs in runs/moons is moved to runs/moons/earlier-1.\n"
    assert said in run(*again).err
    assert len(gn.runs.open("runs/moons/earlier-1").epochs) == 3
    assert "moved" not in run(*again, "--quiet").err
    assert len(gn.runs.open("runs/moons/earlier-2").epochs) == 1
    assert "moved" not in run(*again[:-1], "runs/fresh").err


@pytest.mark.usefixtures("runs")
def test_list(run: Run) -> None:
    head, line, moons = run("runs", "list").out.splitlines()
    assert head.split() == ["run", "data", "ended", "epochs", "steps", "moments"]
    assert line.split()[:4] == ["runs/line", "line", "finished", "3"]
    assert moons.split()[:3] == ["runs/moons", "moons", "finished"]


@pytest.mark.usefixtures("runs")
def test_one_that_is_damaged_does_not_hide_the_others(run: Run, tmp_path: Path) -> None:
    (tmp_path / "runs/line/run.json").write_text("{")
    listed = run("runs", "list")
    _, line, moons = listed.out.splitlines()
    assert line.split() == ["runs/line", "damaged"]
    assert moons.split()[:3] == ["runs/moons", "moons", "finished"]
    assert listed.status == 0
    assert "runs/line" in listed.err


def test_list_of_an_empty_folder(fails: Run) -> None:
    assert "no recorded runs in runs" in fails("runs", "list")


@pytest.mark.usefixtures("runs")
def test_show(run: Run) -> None:
    out = run("runs", "show", "runs/moons").out
    assert "data        moons" in out
    assert "outputs     2 classes: upper, lower" in out
    assert "Adam(learning_rate 0.01" in out
    assert "moments     0, 1, 2, 5, 10, 20, 30" in out
    assert "planned     3\n" in out
    assert "epochs      3 recorded" in out
    assert "ended       finished" in out


def test_settings_that_lie_deep(run: Run, runs: Path, fails: Callable[..., str]) -> None:
    path = runs / "runs/moons/run.json"
    document = json.loads(path.read_text())

    def deepen(depth: int) -> None:
        deep: object = "end"
        for _ in range(depth):
            deep = [deep]
        path.write_text(json.dumps(document | {"settings": {"seed": 7, "deep": deep}}))

    deepen(20)
    assert "deep        …" in run("runs", "show", "runs/moons").out
    deepen(400)
    assert "run.json is damaged: it holds what Glassnet never writes" in fails(
        "runs", "show", "runs/moons"
    )


def test_compare(run: Run, runs: Path) -> None:
    run("train", "moons", "--epochs", "2", "--seed", "1", "--record", "runs/other", "--quiet")
    out = run("runs", "compare", "runs/moons", "runs/other").out
    assert [line.split()[:3] for line in out.splitlines()[1:]] == [
        ["moons", "3", "30"],
        ["other", "2", "20"],
    ]
    assert "seed" in out.splitlines()[0]
    pytest.importorskip("matplotlib")
    out = run("runs", "compare", "runs/moons", "runs/other", "--out", "both.png").out
    assert "Wrote both.png" in out
    assert (runs / "both.png").exists()


@pytest.mark.usefixtures("runs", "models")
@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["show", "iris.safetensors"], "no recorded run"),
        (["compare", "runs/moons"], "two runs or more"),
        (["compare", "runs/moons", "runs/none"], "no recorded run"),
    ],
)
def test_what_is_no_run(fails: Run, args: list[str], message: str) -> None:
    assert message in fails("runs", *args)
