"""Codes: by which numbers compiled code knows layers, losses and rules.

native/codes.hpp has the lists, and its module tells them by name: a number is written down nowhere
else. What a module does not name has no number, and is refused by name.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

from glassnet.engines import library
from glassnet.nn import layers
from glassnet.nn.losses import LOSSES
from glassnet.optim.registry import RULES

Kind = Literal["activations", "kernels", "losses", "rules", "penalties", "clippings"]

OURS: dict[str, type] = {
    **{name: getattr(layers, name) for name in layers.__all__},
    **LOSSES,
    **RULES,
    "NoneType": type(None),
}
"""This package's classes. A class of one's own may have the name of one of them."""


@cache
def codes(kind: Kind) -> dict[str, int]:
    """Return the numbers of a kind by name. Raises SettingError where nothing is compiled."""
    return {name: number for number, name in enumerate(library.load().codes[kind])}


def code_of(kind: Kind, thing: object) -> int | None:
    """Return the number of a thing's class, or None for one that compiled code does not know.

    Raises SettingError where nothing is compiled.
    """
    cls = type(thing)
    return codes(kind).get(cls.__name__) if OURS.get(cls.__name__) is cls else None
