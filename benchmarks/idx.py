"""MNIST as one reads it without a library for it: gzip and NumPy."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np

from benchmarks.arrays import Array


def read() -> tuple[Array, Array, Array, Array]:
    """Return images (N, 784) and classes (N,) to learn from, then those to be judged by."""
    return (*_part("train"), *_part("t10k"))


def _part(part: str) -> tuple[Array, Array]:
    images = np.frombuffer(_bytes(f"{part}-images-idx3-ubyte"), np.uint8, offset=16)
    classes = np.frombuffer(_bytes(f"{part}-labels-idx1-ubyte"), np.uint8, offset=8)
    return images.reshape(-1, 784), classes.astype(np.int64)


def _bytes(name: str) -> bytes:
    path = Path(os.environ["GLASSNET_DATA"], "mnist", name)
    return path.read_bytes() if path.exists() else gzip.decompress(Path(f"{path}.gz").read_bytes())
