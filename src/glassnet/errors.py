"""Every error that Glassnet raises on purpose, in one tree.

    GlassnetError
    ├── ShapeError            an array or a layer has another shape than its neighbour expects
    ├── GraphError            nodes that do not form a network: a cycle, a loose end, one name twice
    ├── DataError             rows that cannot be learnt from: NaN, empty, labels out of range
    │   ├── DownloadError     data that is neither on this machine nor to be had from its mirrors
    │   ├── EmptyDrawingError a drawing without ink
    │   └── FullError         a folder that holds as many pictures as it may
    ├── SettingError          a setting that does not exist or lies outside its range
    │   ├── MissingExtraError a feature whose optional library is not installed
    │   └── UnknownAttributeError   an attribute that a layer does not have
    ├── DivergenceError       training whose loss stopped being a number
    └── FileError             a file that is missing, damaged, foreign or cannot be written
        └── ModelFileError    a model file that is damaged, changed, or asks for something unknown

A message says what was expected, what came, which object, and what to do. Each class also inherits
from the built-in error that people would catch by habit.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

E = TypeVar("E", bound=BaseException)


class GlassnetError(Exception):
    """The root: catch this to catch everything that Glassnet raises on purpose."""

    history: Any = None
    model: Any = None


class ShapeError(GlassnetError, ValueError):
    """An array or a layer has another shape than its neighbour expects."""


class GraphError(GlassnetError, ValueError):
    """Nodes that do not form a network: a cycle, a loose end, a name used twice."""


class DataError(GlassnetError, ValueError):
    """Rows or targets that cannot be learnt from: NaN, empty, labels out of range."""


class DownloadError(DataError):
    """Data that is neither on this machine nor to be had from its mirrors."""


class EmptyDrawingError(DataError):
    """A drawing without ink."""


class FullError(DataError):
    """A folder that holds as many pictures as it may."""


class SettingError(GlassnetError, ValueError):
    """A setting that does not exist or lies outside its range."""


class MissingExtraError(SettingError, ImportError):
    """A feature whose optional library is not installed."""


class UnknownAttributeError(SettingError, AttributeError):
    """An attribute that a layer does not have, and that nothing would read."""


class DivergenceError(GlassnetError, ArithmeticError):
    """Training whose loss stopped being a number.

    step        the update at which it did, counted from 1
    layer       the layer or node in which the first such number appeared; "" for the loss itself
    history, model      see `carrying`
    """

    step: int = 0
    layer: str = ""


class FileError(GlassnetError, OSError):
    """A file that is missing, damaged, foreign or cannot be written."""


class ModelFileError(FileError):
    """A model file that is damaged, was changed, or asks for something unknown."""


def carrying(error: E, **learnt: Any) -> E:
    """Hang on an error that ends training what was learnt until then, and return the error.

    history     what was measured
    model       from `gn.train` and `learn_on`, the Model with the last good weights:
                ``error.model.save(path)``; a Trainer leaves them in its network

    It goes on errors of all kinds, those of others and KeyboardInterrupt too.
    """
    for name, value in learnt.items():
        with suppress(AttributeError):  # a class with slots has no place for it
            setattr(error, name, value)
    return error


def missing_extra(feature: str, library: str, extra: str) -> MissingExtraError:
    """The error for a feature whose library an extra of the package brings."""
    return MissingExtraError(
        f"{feature} needs {library}, which is not installed. Run: pip install 'glassnet[{extra}]'"
    )


def one_of(what: str, name: object, known: list[str] | tuple[str, ...]) -> SettingError:
    """The error for a name that is not among the known ones, with the nearest as a hint."""
    from difflib import get_close_matches

    near = get_close_matches(str(name), known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return SettingError(f"There is no {what} {short(name)}.{hint} Known: {', '.join(known)}.")


@contextmanager
def error_context(where: str) -> Iterator[None]:
    """Write, before the message of an error of ours that comes out of the block, where it was."""
    try:
        yield
    except GlassnetError as error:
        raise type(error)(f"{where}: {error}") from error


def short(value: object) -> str:
    """Write a value for a message as Python shows it, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
