"""What the numbers of a network mean: which table, picture, class or quantity they stand for.

A network maps rows of numbers to rows of numbers. A meaning says of one side how many numbers a row
has (`size`) and what people call them. It travels in a model file as JSON. So every field is read
when a meaning is made, by hand or from a file: lists and NumPy's numbers become Python's own, and
what would not come back from JSON is refused.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, TypeAlias

from glassnet.errors import ModelFileError, SettingError, short

LINKS = ("softmax", "sigmoid", "identity")
FRAMINGS = ("", "mass", "blocks")


class _Meaning:
    """What all meanings share: how they are written."""

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON holds them, with the class in lower case under ``kind``."""
        return {"kind": type(self).__name__.lower()} | {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in vars(self).items()
        }


@dataclass(frozen=True)
class Features(_Meaning):
    """The columns of a table.

    names: one a column, no two alike.   units: one a column, ``""`` where there is none; or empty.
    Raises SettingError for names that are missing or used twice, or units that are not one a name.
    """

    names: tuple[str, ...]
    units: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _read_fields(self)
        _check_names("Features", "names", self.names)
        _check_one_each("Features", "units", self.units, self.names)

    @property
    def size(self) -> int:
        """Numbers per row: one a column."""
        return len(self.names)


@dataclass(frozen=True)
class Images(_Meaning):
    """Grey images, flattened row by row; pixel values 0..maximum become 0..1.

    height, width: pixels.   maximum: the value of the brightest pixel, 1..255.
    framing: how a drawing of any size becomes such an image (glassnet.data.drawings).

        ""         the whole picture, scaled
        "mass"     as in MNIST: the ink scaled to 20 of 28 parts of the image's side, its centre of
                   mass in the middle
        "blocks"   as in the 8 x 8 digits: the ink fills the image, and is counted in blocks

    Two that differ in their framing only are equal: they mean the same numbers.
    Raises SettingError for a size or a maximum outside its range, or an unknown framing.
    """

    height: int
    width: int
    maximum: int = 255
    framing: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        _read_fields(self)
        if self.framing not in FRAMINGS:
            raise SettingError(
                f"Images expects framing as one of {FRAMINGS}, got {short(self.framing)}."
            )
        for name, value, largest in (
            ("height", self.height, 2**16),
            ("width", self.width, 2**16),
            ("maximum", self.maximum, 255),
        ):
            if not 1 <= value <= largest:
                raise SettingError(f"Images expects {name} in 1..{largest}, got {value}.")

    @property
    def size(self) -> int:
        """Numbers per row: one a pixel."""
        return self.height * self.width


@dataclass(frozen=True)
class Classes(_Meaning):
    """One of several classes, or the probability of each.

    labels: one a class; the target is the index of its label.
    link: how outputs become probabilities.

        softmax    logits, one a class:  pₖ = exp(zₖ) / Σⱼ exp(zⱼ)
        sigmoid    logits:               p  = 1 / (1 + exp(-z)), each for itself;
                   two classes share one logit, that of the second class
        identity   numbers that are probabilities but for their sum:  pₖ = yₖ / Σⱼ yⱼ

    Raises SettingError for labels that are missing or used twice, or a link that does not exist.
    """

    labels: tuple[str, ...]
    link: str = "softmax"

    def __post_init__(self) -> None:
        _read_fields(self)
        _check_names("Classes", "labels", self.labels)
        if self.link not in LINKS:
            raise SettingError(f"Classes expects link as one of {LINKS}, got {self.link!r}.")

    @property
    def size(self) -> int:
        """Numbers per row: one a class, but one for both of two classes under a sigmoid."""
        return 1 if self.link == "sigmoid" and len(self.labels) == 2 else len(self.labels)


@dataclass(frozen=True)
class Values(_Meaning):
    """Quantities on a scale (regression).

    names, units: as in Features.
    mean, std: one a quantity; the network predicts (value - mean) / std. Empty: the value itself.
    Raises SettingError for lists of different length, or a std that is not above zero.
    """

    names: tuple[str, ...]
    units: tuple[str, ...] = ()
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        _read_fields(self)
        _check_names("Values", "names", self.names)
        _check_one_each("Values", "units", self.units, self.names)
        _check_one_each("Values", "mean", self.mean, self.names)
        _check_one_each("Values", "std", self.std, self.names)
        if len(self.mean) != len(self.std):
            raise SettingError("Values expects mean and std together, got only one of them.")
        if not all(math.isfinite(value) for value in self.mean + self.std):
            raise SettingError(f"Values expects finite mean and std, got {self.mean}, {self.std}.")
        if not all(value > 0 for value in self.std):
            raise SettingError(f"Values expects every std above 0, got {self.std}.")

    @property
    def size(self) -> int:
        """Numbers per row: one a quantity."""
        return len(self.names)


Inputs: TypeAlias = Features | Images
Outputs: TypeAlias = Classes | Values


def meaning_from_json(document: object) -> Inputs | Outputs:
    """Read what `to_json` wrote.

    Raises ModelFileError for an unknown kind, a field that is missing or unknown, or a value that
    the meaning refuses.
    """
    if not isinstance(document, Mapping):
        raise ModelFileError(f"A meaning is a JSON object, got {short(document)}.")
    kind = document.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ModelFileError(
            f"There is no kind of meaning {short(kind)}. Known: {', '.join(_KINDS)}."
        )
    given = {name: value for name, value in document.items() if name != "kind"}
    known = {one.name: one for one in fields(_KINDS[kind])}
    required = {name for name, one in known.items() if one.default is MISSING}
    if wrong := sorted(map(short, given.keys() - known.keys())):
        raise ModelFileError(f"The meaning {kind!r} has no field {', '.join(wrong)}.")
    if missing := sorted(required - given.keys()):
        raise ModelFileError(f"The meaning {kind!r} lacks the field {', '.join(missing)}.")
    try:
        return _KINDS[kind](**given)
    except SettingError as error:
        raise ModelFileError(f"The meaning {kind!r} is not usable: {error}") from error


_KINDS: dict[str, type[Features | Images | Classes | Values]] = {
    meaning.__name__.lower(): meaning for meaning in (Features, Images, Classes, Values)
}


def _read_fields(meaning: Any) -> None:
    """Bring every field to the type that it is declared with, or raise SettingError."""
    for one in fields(meaning):
        value = _plain(getattr(meaning, one.name))
        expected, read = _READERS[str(one.type)]
        try:
            object.__setattr__(meaning, one.name, read(value))
        except (TypeError, ValueError, OverflowError) as error:
            raise SettingError(
                f"{type(meaning).__name__} expects {expected} as {one.name}, "
                f"got {short(value)}. {error}".rstrip()
            ) from None


def _check_names(owner: str, field: str, names: tuple[str, ...]) -> None:
    if not names:
        raise SettingError(f"{owner} expects at least one of its {field}, got none.")
    (name, count), *_ = Counter(names).most_common(1)
    if count > 1:
        raise SettingError(f"{owner} expects {field} that differ, got {short(name)} {count} times.")


def _check_one_each(
    owner: str, field: str, values: tuple[Any, ...], names: tuple[str, ...]
) -> None:
    if values and len(values) != len(names):
        raise SettingError(
            f"{owner} expects {field} to be empty or {len(names)}, one a name, got {len(values)}."
        )


def _plain(value: Any) -> Any:
    """Turn arrays, columns and single numbers of NumPy and pandas into Python's own."""
    if isinstance(value, list | tuple):
        return tuple(map(_plain, value))
    return value.tolist() if hasattr(value, "tolist") else value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"Write {str(value)!r}." if isinstance(value, int | float) else "")
    value.encode()  # half of a surrogate pair is a text that no file can hold
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    return value


def _number(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError
    return float(value)


def _list_of(read: Callable[[object], Any]) -> Callable[[object], tuple[Any, ...]]:
    def read_list(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            raise TypeError
        return tuple(map(read, value))

    return read_list


_READERS: dict[str, tuple[str, Callable[[object], Any]]] = {
    "str": ("a text", _text),
    "int": ("a whole number", _whole),
    "tuple[str, ...]": ("a list of texts", _list_of(_text)),
    "tuple[float, ...]": ("a list of numbers", _list_of(_number)),
}
"""How the value of a field is read, by the field's type as the dataclasses above spell it."""
