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

from glassnet.errors import FileError
from glassnet.files import write_atomically
from glassnet.training.json_lines import cut_lines, read_object

FORMAT, VERSION = "glassnet-run", 1
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
    """Read what describes a run. Raises FileError if it is none, damaged or of another version."""
    path = folder / RUN
    try:
        text = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise FileError(
            f"{folder} is no recorded run: it has no {RUN}. Record one with gn.Recorder(folder)."
        ) from None
    except OSError as error:
        raise FileError(f"Cannot read {path}: {error.strerror or error}.") from error
    document = read_object(text, str(path))
    found = document.get("format"), document.get("version")
    if found != (FORMAT, VERSION):
        raise FileError(
            f"{folder} is no run of this version: expected {FORMAT} {VERSION}, got "
            f"{found[0]} {found[1]}. Open it with the Glassnet that recorded it."
        )
    for part in ("network", "settings", "meaning"):
        if not isinstance(document.get(part), dict):
            raise FileError(f"{path} is damaged: it lacks the {part}.")
    return document


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
