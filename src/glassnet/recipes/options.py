"""Options: what a recipe can be told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

NextSteps: TypeAlias = list[list[str]]
"""Commands of this program that go on from where a recipe ends."""


@dataclass(frozen=True)
class Options:
    """How a recipe is asked for.

    folder      where its files go
    seed        another seed, other weights
    quick       whether to shorten it to seconds
    monitor     whether to show each node as it is computed, where the recipe can
    download    whether data that is not on this machine may be fetched
    """

    folder: Path
    seed: int = 0
    quick: bool = False
    monitor: bool = False
    download: bool = False
