"""Hatchling's build hook: the compiled engine and the pages are built when the package is."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent


def load(path: str) -> ModuleType:
    """Load a build script: neither is in a package, and both run by themselves too."""
    spec = spec_from_file_location(path.replace("/", "_").removesuffix(".py"), ROOT / path)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Hook(BuildHookInterface[Any]):
    """Each adds to a wheel what it could build; what it could not is no reason to fail."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        for path in ("native/build.py", "web/build.py"):
            load(path).include(version, build_data)
