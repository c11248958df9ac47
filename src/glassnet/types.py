"""Names for the types that pass between packages."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
"""An array of numbers; its first axis counts the rows of a batch, where it has any."""

Shape: TypeAlias = tuple[int, ...]
"""The shape of one row, without the batch axis: ``(64,)`` for 64 features."""

Generator: TypeAlias = np.random.Generator
