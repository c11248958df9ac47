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

import json
from pathlib import Path
from typing import Any

from glassnet.errors import FileError
from glassnet.files import open_file, write_atomically
from glassnet.training.json_lines import MOST_LINE, read_lines, read_object

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
            raise FileError(f"{path} is damaged: it lacks the {part}.")
    return document


def clear(folder: Path) -> None:
    """Remove a run that is there, and nothing else. Raises FileError if it cannot be removed."""
    moments = [moment_path(folder, step) for step in kept_moments(folder)]
    _remove(folder / RUN, folder / LOG, folder / LAYERS, *moments)


def cut_back(folder: Path, step: int, epoch: int) -> None:
    """Take out of a run what came after some step and epoch: it goes on from there."""
    _remove(*(moment_path(folder, later) for later in kept_moments(folder) if later > step))
    for path in (folder / LOG, folder / LAYERS):
        lines = read_lines(path) if path.exists() else []
        before = [
            json.dumps(line)
            for line in lines
            if line.get("step", 0) <= step and line.get("epoch", 0) <= epoch
        ]
        write_atomically(path, "".join(f"{line}\n" for line in before).encode())


def _remove(*paths: Path) -> None:
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise FileError(f"Cannot remove {path}: {error.strerror or error}.") from error
