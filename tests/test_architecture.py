"""The package as a whole: who imports whom, what an import costs, what is never used."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

import glassnet

SOURCE = Path(glassnet.__file__).parent
FILES = sorted(SOURCE.rglob("*.py"))

ORDER = [
    {"defaults", "errors", "types", "files", "settings", "memory", "showing", "locking", "text"},
    {"data"},
    {"nn"},
    {"optim"},
    {"engines"},
    {"training"},
    {"gradients", "doctor", "plots"},
    {"explanations", "runs"},
    {"model"},
    {"recipes"},
    {"export", "sklearn", "serve", "lab"},
    {"cli"},
]
"""A package imports itself and what stands above it here; in the first row, its neighbours too."""


ONWARD = {("model/model.py", "export")}
"""`Model.export` leads to what is made of models; nothing of it is loaded before it is called."""


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
            allowed |= (file.relative_to(SOURCE).as_posix(), other) in ONWARD
            assert allowed or other.startswith("__"), f"{own} imports {name}"


def test_every_package_has_its_place() -> None:
    packages = {file.relative_to(SOURCE).with_suffix("").parts[0] for file in FILES}
    assert {p for p in packages if not p.startswith("__")} <= set().union(*ORDER)


PACKAGES = sorted(one.name for one in SOURCE.iterdir() if (one / "__init__.py").exists())


def within(package: str) -> dict[str, set[str]]:
    """Give each module of a package the modules of it that it imports, for type checkers too."""
    files = {}
    for file in sorted((SOURCE / package).rglob("*.py")):
        parts = file.relative_to(SOURCE).with_suffix("").parts
        files[".".join(("glassnet", *parts)).removesuffix(".__init__")] = file
    arrows: dict[str, set[str]] = {}
    for module, file in files.items():
        named = {n if n in files else n.rpartition(".")[0] for n in imported(file)}
        arrows[module] = named & files.keys() - {module}
    return arrows


def test_the_documentation_lists_the_packages_in_their_order() -> None:
    text = (SOURCE.parents[1] / "docs/architecture.md").read_text("utf-8")
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    listed = [set(re.findall(r"`(\w+)`", row)) for row in rows]
    there = {file.relative_to(SOURCE).with_suffix("").parts[0] for file in FILES}
    expected = [row & there for row in ORDER]
    assert [row for row in listed if row] == expected
    for room in re.findall(r"^\| `(\w+/\w+)`", text, re.MULTILINE):
        assert (SOURCE / room).is_dir()


@pytest.mark.parametrize("package", PACKAGES)
def test_no_circle_inside_a_package(package: str) -> None:
    TopologicalSorter(within(package)).prepare()  # raises CycleError, which names the circle


def test_a_circle_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "SOURCE", tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "__init__.py").touch()
    (tmp_path / "a" / "b.py").write_text("from glassnet.a.c import f")
    (tmp_path / "a" / "c.py").write_text("def f():\n    from glassnet.a import b")
    with pytest.raises(CycleError, match=r"glassnet\.a\.b"):
        TopologicalSorter(within("a")).prepare()


def test_no_module_stands_before_a_public_name() -> None:
    """An import of ``glassnet.explain`` would make `gn.explain` that module."""
    modules = {file.relative_to(SOURCE).with_suffix("").parts[0] for file in FILES}
    for name in modules & set(dir(glassnet)):
        assert getattr(glassnet, name) is import_module(f"glassnet.{name}")


def test_explain_stays_a_function() -> None:
    code = "import glassnet.explanations.explain, glassnet.nn.summary, glassnet.nn.monitor"
    code += ", glassnet.model.train"
    for name in ("explain", "summary", "monitor", "numerical_gradient", "train"):
        modules_after(f"{code}, glassnet; assert callable(glassnet.{name})")


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


def test_a_model_loads_nothing_that_it_was_not_asked_for() -> None:
    new = modules_after("import glassnet; glassnet.Model; glassnet.train")
    later = ("doctor", "explanations", "export", "gradients", "model.learn_on")
    assert new & {f"glassnet.{name}" for name in later} == set()


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
