"""Arrays, and how bytes become floats; imports nothing that only some contenders need."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]


def floats(x: Array, dtype: str = "float32") -> Array:
    """Return rows as floats; bytes become 0..1."""
    rows = x.astype(dtype)
    if x.dtype == np.uint8:
        rows /= 255
    return rows
