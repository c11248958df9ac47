"""The compiled engine's library: the module for this machine, found and loaded when asked for.

It is built several times, once for each instruction set (native/build.py). All run on one machine
or another; here it is decided which one runs on this. GLASSNET_NATIVE decides otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Protocol, cast

from glassnet.errors import SettingError, error_context
from glassnet.settings import named
from glassnet.types import Array

VARIABLE = "GLASSNET_NATIVE"
"""auto (also when it is not set), off, or the name of an instruction set."""

FOLDER = "GLASSNET_NATIVE_DIR"
"""Where to look instead. For the tests: `make sanitize` has modules of its own."""

INSTRUCTIONS = ("avx512", "avx2", "portable")
"""The best first; the last runs on every machine."""

MISSING = "_native_missing.txt"

REMEDY = (
    "With a C++ compiler and Python's header files (on Debian: apt install g++ python3-dev), "
    "install Glassnet again: pip install --force-reinstall --no-deps --no-cache-dir ."
)


class Native(Protocol):
    """What a compiled module offers."""

    compiler: str
    """What compiled it: "GCC 12.2.0"."""

    codes: Mapping[str, tuple[str, ...]]
    """What a program can name, by kind, each in the order of its numbers (native/codes.hpp)."""

    def supported(self) -> tuple[str, ...]:
        """Return the instruction sets among ours that this processor has, the best first."""

    def program(self, words: Array, numbers: Array, arrays: tuple[Array, ...]) -> object:
        """Return a network and its training, ready to run on arrays that stay where they are."""

    def train(
        self,
        program: object,
        inputs: tuple[tuple[Array, float], ...],
        targets: tuple[tuple[Array, bool], ...],
        weights: Array | None,
        order: Array,
        batch: int,
        rates: Array,
        step: int,
        seed: int,
        losses: Array,
    ) -> int:
        """Train on batches, write their losses, and return how many were done.

        inputs      each with what a byte of it is worth, or 0 for numbers
        targets     each with whether it holds class indices
        """

    def infer(
        self,
        program: object,
        inputs: tuple[tuple[Array, float], ...],
        outputs: tuple[Array, ...],
    ) -> bool:
        """Write the outputs for rows; return whether all are finite."""

    def pixels(self, text: bytes, width: int, maximum: int) -> bytes | None:
        """Read rows of pixels from {"rows": [0, 255, …]} or {"rows": [[…], …]}.

        Returns whole numbers 0..maximum, `width` of them a row; None for any other text.
        """


@dataclass(frozen=True)
class Report:
    """Which modules there are, and what becomes of them.

    used        the one that the engine takes, or None
    built       those that are installed, the best first
    supported   those that this processor could run; () where none is there to ask it
    compiler    what compiled the one that is used
    why         why none is used, or why not all were built
    """

    used: str | None
    built: tuple[str, ...]
    supported: tuple[str, ...]
    compiler: str
    why: str


def load(name: str | None = None) -> Native:
    """Return the module of an instruction set, or the one for this machine.

    Raises SettingError where there is none, where GLASSNET_NATIVE says off, or where the one that
    was asked for is not installed or not for this processor.
    """
    return _open(choose() if name is None else expect(name))


def choose() -> str:
    """Return the name of the module for this machine; SettingError says why there is none."""
    asked = os.environ.get(VARIABLE) or "auto"
    named(VARIABLE, asked, dict.fromkeys(("auto", "off", *INSTRUCTIONS)))
    if asked == "off":
        raise SettingError(f"The native engine is switched off: {VARIABLE} is off.")
    if asked != "auto":
        with error_context(VARIABLE):
            return expect(asked)
    if not (there := built()):
        raise SettingError(_sentences("The native engine is not installed.", _note(), REMEDY))
    return next(name for name in supported() if name in there)


def expect(name: str) -> str:
    """Return the name of an instruction set after making sure that its module can be run."""
    named("instruction set", name, dict.fromkeys(INSTRUCTIONS))
    if name not in (there := built()):
        lacking = f" for {name}, only for {', '.join(there)}" if there else ""
        told = f"The native engine is not installed{lacking}."
        raise SettingError(_sentences(told, _note(), REMEDY))
    if name not in (able := supported()):
        has = ", ".join(able)
        raise SettingError(f"This processor does not have {name}. What it has is: {has}.")
    return name


def is_forced() -> bool:
    """Whether GLASSNET_NATIVE names an instruction set: to do without it is then an error."""
    return os.environ.get(VARIABLE, "") not in ("", "auto", "off")


def built() -> tuple[str, ...]:
    """Return the instruction sets whose modules are installed, the best first."""
    return tuple(name for name in INSTRUCTIONS if _file(name).exists())


def supported() -> tuple[str, ...]:
    """Return the instruction sets that this processor has, the best first."""
    return _open("portable").supported()


def report() -> Report:
    """Tell what is installed, what would be used and why; raises nothing."""
    there = built()
    used: str | None = None
    able: tuple[str, ...] = ()
    compiler, why = "", _note()
    try:
        able = supported() if there else ()
        used = choose()
        compiler = _open(used).compiler
    except SettingError as error:
        used, why = None, str(error)
    return Report(used, there, able, compiler, why)


def _folder() -> Path:
    return Path(os.environ.get(FOLDER) or Path(__file__).parent)


def _file(name: str) -> Path:
    return _folder() / f"_native_{name}.abi3.so"


def _note() -> str:
    """What the build left to be said."""
    try:
        return (_folder() / MISSING).read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError:
        return ""


def _sentences(*texts: str) -> str:
    return " ".join(" ".join(text.split()) for text in texts if text)


def _open(name: str) -> Native:
    return _open_file(_file(name))


@cache
def _open_file(file: Path) -> Native:
    spec = spec_from_file_location(f"glassnet.engines.{file.name.partition('.')[0]}", file)
    assert spec is not None
    assert spec.loader is not None
    try:
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
    except ImportError as error:
        raise SettingError(f"The native engine cannot be loaded: {error}. {REMEDY}") from error
    return cast(Native, module)
