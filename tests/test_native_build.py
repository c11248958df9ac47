"""native/build.py: what is compiled again, and what is said of what cannot be."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from native import build

from glassnet.engines import library

from .test_install import needs_compiler


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("CXX", "CXXFLAGS", "GLASSNET_BUILD_NATIVE"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A project of one small source and one header, with an entrance and nothing behind it."""
    native = tmp_path / "native"
    native.mkdir()
    (native / "answer.hpp").write_text("inline void* answer() { return nullptr; }\n")
    (native / "module.cpp").write_text(
        "#define OF(name) PyInit_##name\n#define INIT(name) OF(name)\n"
        '#include "answer.hpp"\n'
        "#if !defined(PORTABLE_ONLY) || !defined(__AVX2__)\n"
        'extern "C" __attribute__((visibility("default"))) void* INIT(GLASSNET_MODULE)() '
        "{ return answer(); }\n#else\n#error not for this one\n#endif\n"
    )
    monkeypatch.setattr(build, "NATIVE", native)
    monkeypatch.setattr(build, "ROOT", tmp_path)
    return tmp_path


def script(folder: Path, text: str) -> str:
    """Write a program that stands in for a compiler."""
    file = folder / "fake++"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return str(file)


def objects(project: Path) -> dict[str, int]:
    return {file.name: file.stat().st_ino for file in (project / "build/native").glob("*")}


@needs_compiler
def test_here_everything_is_built() -> None:
    """Or else the tests of the native engine were skipped without a word."""
    assert {f"_native_{name}.abi3.so" for name in build.MODULES} <= {
        file.name for file in build.ENGINES.iterdir()
    }, "run: make native"


@needs_compiler
def test_what_has_not_changed_is_not_compiled_again(project: Path) -> None:
    assert build.build(project / "out") == {}
    first = objects(project)
    assert len(first) == len(build.MODULES)
    assert build.build(project / "out") == {}
    assert objects(project) == first


@needs_compiler
@pytest.mark.parametrize("changed", ["module.cpp", "answer.hpp"])
def test_what_has_changed_is_compiled_again(project: Path, changed: str) -> None:
    build.build(project / "out", ["portable"])
    first = objects(project)
    file = project / "native" / changed
    os.utime(file, ns=(0, file.stat().st_mtime_ns + 10**9))
    build.build(project / "out", ["portable"])
    assert objects(project).keys() == first.keys()
    assert objects(project) != first


@needs_compiler
def test_other_flags_are_another_object(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build.build(project / "out", ["portable"])
    monkeypatch.setenv("CXXFLAGS", "-O1")
    build.build(project / "out", ["portable"])
    assert len(objects(project)) == 2


@needs_compiler
@pytest.mark.skipif("avx2" not in build.MODULES, reason="needs an x86-64 machine")
def test_one_that_cannot_be_built_leaves_the_others(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = project / "out"
    build.build(out)
    monkeypatch.setenv("CXXFLAGS", "-DPORTABLE_ONLY")
    assert set(build.build(out)) == {"avx2", "avx512"}
    assert {file.name for file in out.iterdir()} == {"_native_portable.abi3.so", build.MISSING}
    said = (out / build.MISSING).read_text()
    assert "avx2: c++ said: " in said
    assert "error: #error not for this one" in said
    monkeypatch.delenv("CXXFLAGS")
    assert build.build(out) == {}
    assert not (out / build.MISSING).exists()


def test_the_reason_is_the_compilers(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = project / "out"
    out.mkdir()
    build.module(out, "portable").touch()
    no_header = "In file included from here\\nm.cpp:1: fatal error: Python.h: No such file"
    fake = script(project, f"printf '{no_header}\\n' >&2; exit 1")
    monkeypatch.setenv("CXX", fake)
    assert set(build.build(out)) == set(build.MODULES)
    assert [file.name for file in out.iterdir()] == [build.MISSING]
    said = f"{fake} said: m.cpp:1: fatal error: Python.h: No such file\n"
    assert (out / build.MISSING).read_text() == said


def test_compilers_are_looked_for_in_turn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(build.NotBuiltError, match=r"none of c\+\+, g\+\+ and clang\+\+"):
        build.compiler()
    for name in ("clang++", "g++", "c++"):
        (tmp_path / name).touch(mode=0o755)
        assert build.compiler() == [name]
    monkeypatch.setenv("CXX", "g++ -m64")
    assert build.compiler() == ["g++", "-m64"]


def test_a_folder_that_cannot_be_written(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", script(project, "exit 0"))
    (project / "build").touch()
    assert "could not be built" in build.build(project / "out")["portable"]


@pytest.mark.parametrize(
    ("patch", "why"),
    [
        ((os.environ, "GLASSNET_BUILD_NATIVE", "0"), "left out on purpose: GLASSNET_BUILD_NATIVE"),
        ((vars(sys), "platform", "win32"), "not built on Windows yet"),
        ((vars(sys), "maxsize", 2**31 - 1), "for CPython on 64 bits only"),
    ],
    ids=["unwanted", "Windows", "32 bits"],
)
def test_where_nothing_is_tried(
    project: Path, monkeypatch: pytest.MonkeyPatch, patch: tuple[Any, str, Any], why: str
) -> None:
    monkeypatch.setitem(*patch)
    assert set(build.build(project / "out")) == set(build.MODULES)
    assert why in (project / "out" / build.MISSING).read_text()
    assert not objects(project)


def test_both_sides_name_the_same_file() -> None:
    assert build.MISSING == library.MISSING
    assert set(build.MODULES) <= set(library.INSTRUCTIONS)
    assert Path(library.__file__).parent == build.ENGINES
