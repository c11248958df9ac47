"""What a table must say of where its figures come from."""

from __future__ import annotations

import os
import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PEERS = ("glassnet", "numpy", "scikit-learn", "torch", "jax", "onnxruntime")


def heading(data: str) -> str:
    """Return the machine, the versions, the data and the command, a line each."""
    versions = [f"{name} {known}" for name in PEERS if (known := _version(name))]
    named = {"mnist": "MNIST", "dense": "random rows without zeros"}
    lines = [
        f"{processor()}, {os.cpu_count()} cores",
        f"Python {platform.python_version()}, {', '.join(versions)}",
        f"data: {named[data]}",
        " ".join(["python -m benchmarks", *sys.argv[1:]]),
    ]
    return "\n".join(lines)


def processor() -> str:
    """Return the processor's name, its generation and its widest vectors."""
    facts = _facts()
    name = facts.get("model name", platform.processor() or platform.machine())
    generation = f" (family {facts['cpu family']}, model {facts['model']})" if facts else ""
    return name + generation + (", AVX-512" if has_avx512() else "")


def has_avx512() -> bool:
    """Return whether vectors of 16 float32 can be computed with."""
    return "avx512f" in _facts().get("flags", "").split()


def _facts() -> dict[str, str]:
    """Return what the kernel says of the first core; nothing where it does not say it."""
    path = Path("/proc/cpuinfo")
    text = path.read_text("utf-8").split("\n\n")[0] if path.exists() else ""
    facts = dict(re.findall(r"^([^\t:]+?)\s*: (.*)$", text, re.MULTILINE))
    return facts if {"model name", "cpu family", "model"} <= facts.keys() else {}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def seconds(value: float) -> str:
    """Write a time in the unit in which it is read best."""
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if value * factor >= 1 or unit == "µs":
            return f"{value * factor:.3g} {unit}"
    raise AssertionError
