"""What every command does with a file that is not a model."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from glassnet.files import read_sealed, write_sealed

from .conftest import Run

COMMANDS = [
    ["evaluate", "{}"],
    ["predict", "{}", "1", "2", "3", "4", "--out", "kept"],
    ["inspect", "{}"],
    ["plot", "curves", "{}", "--out", "kept.png"],
    ["explain", "{}", "--row", "0"],
    ["check", "{}"],
    ["doctor", "{}"],
    ["export", "{}", "--to", "html", "--out", "kept.html"],
]


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def text(path: Path) -> None:
    path.write_text("sepal length,species\n1,setosa\n")


def foreign(path: Path) -> None:
    save_file({"weight": np.zeros(3)}, path)


def tampered(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def unknown_layer(path: Path) -> None:
    document, arrays = read_sealed(path)
    described = json.dumps(document).replace('"ReLU"', '"Secret"')
    write_sealed(path, json.loads(described), arrays)


def strange_experience(path: Path) -> None:
    document, arrays = read_sealed(path)
    document["experience"]["noise"] = 0
    write_sealed(path, document, arrays)


DAMAGES: dict[Callable[[Path], None], str] = {
    truncated: "not a whole safetensors file",
    empty: "not a whole safetensors file",
    text: "not a whole safetensors file",
    foreign: "not one that Glassnet wrote",
    tampered: "was changed after it was saved",
    unknown_layer: "Secret",
    strange_experience: "The experience is not usable",
    Path.unlink: "Cannot read iris.safetensors: No such file",
}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_is_one_line_and_changes_nothing(
    fails: Run, models: Path, damage: Callable[[Path], None], command: list[str]
) -> None:
    damage(models / "iris.safetensors")
    for name in ("kept", "kept.png"):
        (models / name).write_text("old")
    before = {path: path.read_bytes() for path in models.iterdir()}
    line = fails(*(part.format("iris.safetensors") for part in command))
    assert DAMAGES[damage] in line
    assert {path: path.read_bytes() for path in models.iterdir()} == before
