"""The rows that all contenders are given."""

from __future__ import annotations

import numpy as np

import glassnet as gn
from glassnet.data.download import own_folder
from glassnet.types import Array


def rows_and_targets(count: int) -> tuple[Array, Array]:
    """Return the first rows of MNIST, or of random bytes where MNIST is not at hand."""
    if not has_mnist():
        rng = np.random.default_rng(0)
        return rng.integers(0, 256, (count, 784), np.uint8), rng.integers(0, 10, count)
    data = gn.datasets.load("mnist")
    parts = (data.train, data.validation)
    pixels = [part.x.bytes for part in parts if isinstance(part.x, gn.Pixels)]
    return (
        np.concatenate(pixels)[:count],
        np.concatenate([part.t for part in parts])[:count].astype(np.int64),
    )


def has_mnist() -> bool:
    """Return whether MNIST is at hand in the folder that GLASSNET_DATA names."""
    folder = own_folder("mnist")
    return folder is not None and folder.is_dir()
