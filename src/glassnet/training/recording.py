"""What a recorded run looks like on the disk, for those who write it and those who read it.

    runs/digits/
      run.json          the format, the network, the settings, and what rows and answers mean
      log.jsonl         what JSONLog writes: each step's loss, each epoch's figures, how it ended
      layers.jsonl      where there is a probe: how activations and gradients were spread, by moment
      moments/
        step-000000042.safetensors      a checkpoint after 42 updates

Lines are only added, and the other files are whole or not there. So a run can be read while it is
in progress, and after a crash.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

from glassnet.data.meaning import meaning_from_json
from glassnet.errors import DataError, FileError, ModelFileError, short
from glassnet.files import open_file, write_atomically
from glassnet.settings import inside
from glassnet.training.history import from_json
from glassnet.training.json_lines import MOST_LINE, cut_lines, damaged, read_lines, read_object
from glassnet.training.spread import QUANTILES

FORMAT, VERSION = "glassnet-run", 1
COUNTED = {"step": ("step", "loss"), "epoch": ("epoch",)}
"""The events of the log that count something, and what a line of them has to have."""

RUN, LOG, LAYERS, MOMENTS = "run.json", "log.jsonl", "layers.jsonl", "moments"


def moment_path(folder: Path, step: int) -> Path:
    """Name the file of everything as it was after so many updates."""
    return folder / MOMENTS / f"step-{step:09d}.safetensors"


def kept_moments(folder: Path) -> list[int]:
    """List the steps whose weights a run has kept, in order."""
    paths = (folder / MOMENTS).glob("step-*.safetensors")
    names = [path.stem.removeprefix("step-") for path in paths]
    return sorted(int(name) for name in names if name.isdecimal())


def write_run(folder: Path, document: dict[str, Any]) -> None:
    """Keep what describes a run. Raises FileError if it cannot be written."""
    whole = {"format": FORMAT, "version": VERSION, **document}
    write_atomically(folder / RUN, json.dumps(whole, indent=1).encode())


def read_run(folder: Path) -> dict[str, Any]:
    """Read what describes a run; what inputs and outputs mean comes as in a Model.

    Raises FileError if it is none, damaged or of another version.
    """
    path = folder / RUN
    if not path.exists():
        raise FileError(
            f"{folder} is no recorded run: it has no {RUN}. Record one with gn.Recorder(folder)."
        )
    with open_file(path) as file:
        text = file.read(MOST_LINE + 1)
    if len(text) > MOST_LINE:
        raise FileError(f"{path} is damaged: it holds more than a description of a run.")
    document = read_object(text, str(path))
    found = document.get("format"), document.get("version")
    if found != (FORMAT, VERSION):
        raise FileError(
            f"{folder} is no run of this version: expected {FORMAT} {VERSION}, got "
            f"{found[0]} {found[1]}. Open it with the Glassnet that recorded it."
        )
    for part in ("network", "settings", "meaning"):
        if not isinstance(document.get(part), dict):
            raise damaged(str(path), f"it lacks the {part}")
    for part in ("inputs", "outputs"):
        try:
            told = document["meaning"].get(part)
            document["meaning"][part] = None if told is None else meaning_from_json(told)
        except ModelFileError as error:
            raise damaged(str(path), f"what its {part} mean cannot be read ({error})") from error
    return document


def read_log(folder: Path) -> list[dict[str, Any]]:
    """Read what JSONLog wrote of a run; figures are numbers, NaN where they were not finite.

    Raises FileError if it is missing, or damaged elsewhere than at its end.
    """
    lines = read_lines(folder / LOG)
    for number, line in enumerate(lines, 1):
        where = f"{folder / LOG}, line {number}"
        event = line.get("event")
        if not isinstance(event, str):
            raise damaged(where, "it lacks its event")
        if event in COUNTED:
            for part in COUNTED[event]:
                if part not in line:
                    raise damaged(where, f"it lacks its {part}")
            if not _counts(line[event]):
                raise damaged(where, f"its {event} is {short(line[event])}")
            try:
                figures = from_json({name: line[name] for name in line if name != "event"})
            except DataError as error:
                raise damaged(where, str(error).rstrip(".")) from error
            line |= figures
    return lines


def read_layers(folder: Path) -> dict[int, dict[str, Any]]:
    """Read how activations and gradients were spread, by step; nothing where there was no probe.

    Raises FileError if the file is damaged elsewhere than at its end.
    """
    path = folder / LAYERS
    lines = read_lines(path) if path.exists() else []
    for number, line in enumerate(lines, 1):
        where = f"{path}, line {number}"
        for part in ("step", "layers"):
            if part not in line:
                raise damaged(where, f"it lacks its {part}")
        layers, first = line["layers"], lines[0]["layers"]
        if not (isinstance(layers, dict) and layers.keys() == first.keys()):
            raise damaged(where, "its layers are not those of the first line")
        if not _counts(line["step"]) or not all(map(_is_spread, layers.values())):
            raise damaged(where, "it is not how layers were spread at a step")
    return {line["step"]: line["layers"] for line in lines}


def _counts(value: object) -> bool:
    """Say whether something is a number of steps or epochs."""
    return type(value) is int and 0 <= value < 2**63


def _is_spread(layer: object) -> bool:
    """Say whether something is what `glassnet.training.spread` says of a layer."""
    return isinstance(layer, dict) and all(
        isinstance(told := layer.get(kind), dict)
        and inside("[0, 1]", told.get("zeros"))
        and _are_quantiles(told.get("quantiles", ()), interval)
        for kind, interval in (("activations", "(-inf, inf)"), ("gradients", "(0, inf)"))
    )


def _are_quantiles(given: object, interval: str) -> bool:
    """Say whether something is a number for each quantile, or None where there were no numbers."""
    return given is None or (
        isinstance(given, list)
        and len(given) == len(QUANTILES)
        and all(inside(interval, one) for one in given)
    )


def set_aside(folder: Path, *names: str) -> Path | None:
    """Move what a folder has of some names into its own folder earlier-1, or the next that is free.

    Returns where they are now, or None if there was nothing. Raises FileError if they cannot be
    moved.
    """
    there = [name for name in names if (folder / name).exists()]
    if not there:
        return None
    place = next_aside(folder, *there)
    try:
        place.mkdir(exist_ok=True)
        for name in there:
            (folder / name).rename(place / name)
    except OSError as error:
        raise FileError(
            f"Cannot move what is in {folder} to {place}: {error.strerror or error}. "
            "Move it yourself, or give another folder."
        ) from error
    return place


def next_aside(folder: Path, *names: str) -> Path:
    """Name the folder into which `set_aside` moves these next: the first that has none of them."""
    places = (folder / f"earlier-{number}" for number in itertools.count(1))
    return next(place for place in places if not any((place / name).exists() for name in names))


def cut_back(folder: Path, step: int, epoch: int) -> None:
    """Take out of a run what came after some step and epoch: it goes on from there."""
    _remove(*(moment_path(folder, later) for later in kept_moments(folder) if later > step))
    for name in (LOG, LAYERS):
        cut_lines(folder / name, step, epoch)


def _remove(*paths: Path) -> None:
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise FileError(f"Cannot remove {path}: {error.strerror or error}.") from error
