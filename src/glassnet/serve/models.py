"""Models: those that are served, by name, and how one takes the place of another.

    models = Models.load(["digits.safetensors", "iris.safetensors"])
    models["digits"].model.answers(rows)
    models.reload()                     # the names of those whose files hold another model now

A file that was replaced is read, checked and asked once for an answer before anything changes; then
all that changed are switched in one assignment. Whoever holds a `Served` goes on with it, so that a
request has one model from its beginning to its end.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

import glassnet as gn
from glassnet.data.meaning import Classes, Images
from glassnet.data.pixels import Pixels
from glassnet.errors import (
    DataError,
    GlassnetError,
    ModelFileError,
    SettingError,
    one_of,
    short,
)
from glassnet.files import SUFFIX
from glassnet.model.description import description, reached
from glassnet.model.model import Model
from glassnet.settings import most_memory
from glassnet.types import Array


@dataclass(frozen=True)
class Served:
    """One model as it is served.

    name        the stem of its file
    path        its file
    model       what answers
    hash        of the file: "sha256:…"
    cost        operations on numbers that one row takes, about
    """

    name: str
    path: Path
    model: Model
    hash: str
    cost: int
    _head: bytes = field(default=b"", repr=False)

    @classmethod
    def read(cls, name: str, path: Path, max_memory: int | str | None = None) -> Served:
        """Read a file, and ask its model once.

        max_memory  as `gn.load` takes it

        Raises FileError, or DataError for a model that cannot answer.
        """
        model = gn.load(path, max_memory=max_memory)
        head = msgspec.json.encode({"name": name, "hash": model.digest})
        cost = sum(array.size for array in model.network.arrays().values())
        cost += model.network.need.whole
        served = cls(name, path, model, model.digest, cost, b'{"model":' + head + b',"answers":')
        try:
            model.answers(served.example)
        except GlassnetError as error:
            raise DataError(f"{path} holds a model that cannot answer: {error}") from error
        return served

    @property
    def example(self) -> Array | Pixels:
        """One row, typical of what the model learnt from where it knows: (1, D)."""
        row = np.zeros((1, self.model.inputs.size))
        if self.model.experience is not None:
            row = np.asarray(self.model.experience.typical, np.float64)[None]
        inputs = self.model.inputs
        if isinstance(inputs, Images):
            pixels = np.rint(row * inputs.maximum).astype(np.uint8)
            if not pixels.any():  # an empty drawing is nothing to learn from
                middle = inputs.height // 2 * inputs.width + inputs.width // 2
                pixels[0, middle] = inputs.maximum
            return Pixels(pixels, inputs.maximum)
        return row

    def answers(self, rows: Array | Pixels, explain: bool = False) -> tuple[bytes, int]:
        """Answer rows as the JSON that is sent; and say of how many the model is not sure."""
        answers = self.model.answers(rows, explain)
        unsure = sum(answer.sure is False for answer in answers)
        text = msgspec.json.encode([answer.to_json() for answer in answers])
        return self._head + text + b"}", unsure

    @property
    def accuracy(self) -> str:
        """How good it was on the test part, in words; "" where the model does not say."""
        figures = reached(self.model.provenance)
        if isinstance(self.model.outputs, Classes):
            right = figures.get("accuracy")
            return f"{100 * right:.1f} % right" if isinstance(right, int | float) else ""
        r2 = figures.get("r2")
        return f"r2 {r2:.2f}" if isinstance(r2, int | float) else ""

    def about(self) -> dict[str, Any]:
        """What GET /models says of it."""
        return description(self.model, self.name)


class Models:
    """The models that are served; the first answers where none is named.

    paths       a file each; its stem is the name of its model
    max_memory  that each file may ask for, as `gn.load` takes it

    Raises SettingError for no files, two of one name, or what is no number of bytes.
    """

    def __init__(
        self, paths: Iterable[str | os.PathLike[str]], max_memory: int | str | None = None
    ) -> None:
        self._most_memory = most_memory(max_memory)
        self._paths: dict[str, Path] = {}
        for path in map(Path, paths):
            name = name_of(path)
            if name in self._paths:
                raise SettingError(
                    f"Two models would have the name {name}: {self._paths[name]} and {path}. "
                    "Give one of the files another name."
                )
            self._paths[name] = path
        if not self._paths:
            raise SettingError("Name at least one model file, such as digits.safetensors.")
        self._served: dict[str, Served] = {}
        self._judged: dict[str, object] = {}
        self._failed: dict[str, tuple[object, str]] = {}
        self._listeners: list[Callable[[Served], None]] = []
        self._refused: list[Callable[[str, Exception], None]] = []
        self._lock = threading.Lock()

    @classmethod
    def load(
        cls, paths: Iterable[str | os.PathLike[str]], max_memory: int | str | None = None
    ) -> Models:
        """Make models, and read them."""
        models = cls(paths, max_memory)
        models.read()
        return models

    def read(self) -> None:
        """Read and check all files; until that is done none of them answers.

        Raises the GlassnetError of the first that is bad. May be called from any thread.
        """
        with self._lock:
            found = {}
            for name, path in self._paths.items():
                self._judged[name] = _state(path)
                found[name] = Served.read(name, path, self._most_memory)
            self._served = found

    @property
    def ready(self) -> bool:
        """Whether all of them can answer."""
        return len(self._served) == len(self._paths)

    @property
    def names(self) -> tuple[str, ...]:
        """Their names, in the order in which they were given."""
        return tuple(self._paths)

    @property
    def first(self) -> Served:
        """The one that answers where none is named."""
        return self[self.names[0]]

    def __getitem__(self, name: str) -> Served:
        """The model of a name. Raises SettingError where there is none."""
        served = self._served.get(name)
        if served is None:
            raise one_of("model", name, self.names)
        return served

    def __contains__(self, name: object) -> bool:
        return name in self._served

    def __iter__(self) -> Iterator[Served]:
        return iter(self._served.values())

    def __len__(self) -> int:
        return len(self._served)

    def on_switch(self, tell: Callable[[Served], None]) -> None:
        """Have a function told of each model that takes another's place, from whatever thread."""
        self._listeners.append(tell)

    def on_refusal(self, tell: Callable[[str, Exception], None]) -> None:
        """Have a function told the name and the error of each file that is not taken."""
        self._refused.append(tell)

    def changed(self) -> list[str]:
        """The names of the models whose files are not those that were judged last.

        A file that could not be read for a reason that may pass, such as too little memory, was not
        judged.
        """
        return [
            name
            for name, path in self._paths.items()
            if name not in self._judged or self._judged[name] != _state(path)
        ]

    def reload(self) -> list[str]:
        """Read the files that changed; return the names of the models that were switched.

        A file that is gone or cannot be used leaves the old model where it is. May be called from
        any thread, and takes as long as reading takes; answers go on meanwhile.
        """
        with self._lock:
            found: dict[str, Served] = {}
            for name in self.changed():
                path = self._paths[name]
                state = _state(path)
                try:
                    new = Served.read(name, path, self._most_memory)
                except Exception as error:  # whatever is wrong with a file, the service goes on
                    self._refuse(name, state, error)
                    continue
                self._judged[name] = state
                self._failed.pop(name, None)
                old = self._served.get(name)
                if old is None or old.hash != new.hash:
                    found[name] = new
            self._served = {
                name: served
                for name in self._paths
                if (served := found.get(name) or self._served.get(name)) is not None
            }
        for served in found.values():
            for tell in self._listeners:
                tell(served)
        return list(found)

    def _refuse(self, name: str, state: object, error: Exception) -> None:
        """Tell once of a file that is not taken, however often it is tried."""
        if state is None or not _may_pass(error):
            self._judged[name] = state
        failed = state, str(error)
        if self._failed.get(name) != failed:
            self._failed[name] = failed
            for tell in self._refused:
                tell(name, error)


def name_of(path: Path) -> str:
    """The name of the model of a file: its stem. Raises SettingError where it is no text."""
    name = path.name.removesuffix(SUFFIX)
    if not name.strip(".") or not name.isprintable() or "/" in name:
        raise SettingError(
            f"A model is named as its file is, and {short(path.name)} is no name. Rename the file."
        )
    return name


def _state(path: Path) -> object:
    """What changes when a file is replaced or written to; None where there is no file."""
    with suppress(OSError):
        found = path.stat()
        return found.st_mtime_ns, found.st_size, found.st_ino
    return None


def _may_pass(error: Exception) -> bool:
    """Whether the same file may be read another time: what it holds is not to blame."""
    return isinstance(error, OSError | MemoryError) and not isinstance(error, ModelFileError)
