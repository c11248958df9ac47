import re
import shlex
from pathlib import Path

import pytest

import glassnet as gn
from glassnet.cli.demo import next_steps
from glassnet.cli.printing import program

from .conftest import Run

pytest.importorskip("matplotlib")


def test_goes_all_the_way(run: Run, tmp_path: Path) -> None:
    status, out, err = run("demo")
    assert status == 0
    model = gn.load(tmp_path / "demo/digits.safetensors")
    assert model.provenance["figures"]["test"]["accuracy"] >= 0.97
    assert (tmp_path / "demo/demo.png").read_bytes().startswith(b"\x89PNG")
    assert "40/40" in err
    right = round(model.evaluate(gn.datasets.load("digits").test)["accuracy"] * 359)
    assert f"It answers {right} of 359 rightly." in out
    assert "(the truth)" in out
    assert re.search(r"^ +the image +\.\+# for \d   ,-= for \d$", out, re.MULTILINE)
    shown = out.replace(program(), ".venv/bin/glassnet").splitlines()  # as `make demo` calls it
    assert max(map(len, shown)) <= 80
    told = out.split("Try next:\n")[1].splitlines()
    steps = [shlex.split(line)[-len(step) :] for line, step in zip(told, next_steps(Path("demo")))]  # noqa: B905
    assert steps == next_steps(Path("demo"))
    for step in steps:
        assert run(*step).status == 0
    table = re.findall(r"^\d( +[\d.]+){10}$", out, re.MULTILINE)
    assert len(table) == 10


def test_another_folder_that_cannot_be(fails: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "Cannot write file/digits.safetensors" in fails("demo", "--folder", "file")
