"""Evil texts and settings in a sealed file: no command trips over them, none passes them on."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn

from .conftest import Run

EVIL = "\x1b[2J\x9b1m\nb"
COMMANDS = [
    ["evaluate", "evil", "iris.csv"],
    ["predict", "evil", "1", "2", "3", "4", "--all"],
    ["inspect", "evil"],
    ["explain", "evil", "iris.csv"],
    ["explain", "evil", "iris.csv", "--unit", f"{EVIL}:0"],
    ["explain", "evil", "iris.csv", "--markdown"],
    ["check", "evil", "iris.csv"],
    ["doctor", "evil", "iris.csv"],
    ["plot", "confusion", "evil", "iris.csv", "--terminal"],
]


def keep(folder: Path, provenance: Any, evil: str = EVIL) -> None:
    """Keep a model, all of whose names are evil, and rows for it."""
    net = gn.Sequential([gn.Dense(4), gn.ReLU(), gn.Dense(3, name=evil)], 4, seed=0)
    inputs = gn.Features(tuple(f"{k}{evil}" for k in range(4)), (evil,) * 4)
    outputs = gn.Classes(tuple(f"{k}{evil}" for k in range(3)))
    rows = [[k, k % 3, k % 5, 2, k % 3] for k in range(9)]
    learnt = np.array(rows)[:, :4] + 1000  # which the rows asked are outside of
    experience = gn.Experience.of(learnt, learnt)
    gn.Model(net, inputs, outputs, provenance, experience).save(folder / "evil")
    (folder / "iris.csv").write_text("\n".join(",".join(map(str, row)) for row in rows))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_text_commands_the_terminal(run: Run, tmp_path: Path, command: list[str]) -> None:
    keep(tmp_path, {EVIL: EVIL, "nested": {EVIL: [EVIL]}})
    if "plot" in command:
        pytest.importorskip("plotext")
    status, out, err = run(*command)
    assert status in (0, 1)
    assert not {"\x1b", "\x9b"} & set(out + err)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    "settings",
    ["x", ["x"], {"losses": "x", "optimizer": "x"}, {"losses": {"b": "x"}, "optimizer": ["x"]},
     {"losses": {"b": 7, "c": None}, "optimizer": {"class": {}}}, None],
    ids=str,
)  # fmt: skip
def test_settings_that_mean_nothing(
    run: Run, tmp_path: Path, command: list[str], settings: Any
) -> None:
    if "plot" in command:
        pytest.importorskip("plotext")
    keep(tmp_path, {"settings": settings, "data": settings, "ended": settings})
    assert run(*command).status in (0, 1)
