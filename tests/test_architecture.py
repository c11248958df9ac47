"""The package as a whole: who imports whom, what an import costs, what is never used."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import glassnet

SOURCE = Path(glassnet.__file__).parent
FILES = sorted(SOURCE.rglob("*.py"))

ORDER = [
    {"errors", "types", "files", "settings", "memory", "showing", "locking"},
    {"data"},
    {"nn"},
    {"optim"},
    {"engines"},
    {"training"},
    {"inspect"},
    {"model"},
    {"recipes"},
    {"export", "sklearn", "serve", "lab"},
    {"cli"},
]
"""A package imports itself and what stands above it here; in the first row, its neighbours too."""


def rank(package: str) -> int:
    return next(k for k, packages in enumerate(ORDER) if package in packages)


def imported(file: Path) -> Iterator[str]:
    """Give the full name of every module or name that a file imports, inside functions too."""
    package = ("glassnet", *file.relative_to(SOURCE).parent.parts)
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*above, *filter(None, [node.module])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_a_package_imports_only_to_the_left(file: Path) -> None:
    own = file.relative_to(SOURCE).with_suffix("").parts[0]
    if own.startswith("__"):  # glassnet itself, which leads everywhere
        return
    for name in imported(file):
        if name.startswith("glassnet."):
            other = name.split(".")[1]
            allowed = other == own or rank(other) < rank(own) or rank(other) == rank(own) == 0
            assert allowed or other.startswith("__"), f"{own} imports {name}"


def test_every_package_has_its_place() -> None:
    packages = {file.relative_to(SOURCE).with_suffix("").parts[0] for file in FILES}
    assert {p for p in packages if not p.startswith("__")} <= set().union(*ORDER)


WITHOUT_CIRCLES = ("serve",)
"""Packages in which no import leads back, not even one that is only for types."""


def arrows(package: str, depth: int | None = None) -> dict[str, set[str]]:
    """Return what each module of a package imports of it.

    depth   how many names below the package make a module; 1 takes each subpackage as one
    """
    own = {
        ".".join(("glassnet", *file.relative_to(SOURCE).with_suffix("").parts)): file
        for file in FILES
        if file.is_relative_to(SOURCE / package)
    }
    modules = {name.removesuffix(".__init__"): file for name, file in own.items()}
    found: dict[str, set[str]] = {}
    for module, file in modules.items():
        for name in imported(file):
            while name and name not in modules:
                name = name.rpartition(".")[0]
            if name:
                ends = [".".join(end.split(".")[: depth and 2 + depth]) for end in (module, name)]
                if ends[0] != ends[1]:
                    found.setdefault(ends[0], set()).add(ends[1])
    return found


@pytest.mark.parametrize("package", WITHOUT_CIRCLES)
@pytest.mark.parametrize("depth", [None, 1], ids=["modules", "subpackages"])
def test_no_import_leads_back(package: str, depth: int | None) -> None:
    found = arrows(package, depth)
    assert found
    TopologicalSorter(found).prepare()  # CycleError names those that go in a circle


NEVER = {
    "pickle": r"\b(pickle|joblib|marshal|shelve|dill)\b",
    "pickled arrays": r"allow_pickle\s*=\s*True",
    "code in data": r"(?<![\w.])(eval|exec)\(",
}


@pytest.mark.parametrize("pattern", NEVER.values(), ids=NEVER)
def test_never_used(pattern: str) -> None:
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call | ast.Import | ast.ImportFrom):
                assert not re.search(pattern, ast.unparse(node)), f"{file}:{node.lineno}"


def modules_after(code: str) -> set[str]:
    """Return the modules that a fresh Python has loaded after running some code."""
    report = "import json, sys; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; {report}"], capture_output=True, check=True, text=True
    )
    return set(json.loads(done.stdout))


HEAVY = {"scipy", "sklearn", "matplotlib", "pandas", "torch", "rich", "typer", "safetensors"}


def test_importing_glassnet_imports_next_to_nothing() -> None:
    new = modules_after("import glassnet") - modules_after("pass")
    assert new & {*HEAVY, "numpy"} == set()
    assert [name for name in new if name.startswith("glassnet.")] == []


def test_a_service_loads_nothing_that_it_does_not_need() -> None:
    pytest.importorskip("uvicorn")
    new = modules_after("import glassnet.serve, glassnet.serve.http.server")
    assert new & (HEAVY - {"safetensors"} | {"PIL", "httpx"}) == set()


def test_a_layer_costs_little_more_than_numpy() -> None:
    new = modules_after("import glassnet; glassnet.Dense") - modules_after("import numpy")
    assert new & HEAVY == set()
    assert len(new) <= 64, sorted(new)
