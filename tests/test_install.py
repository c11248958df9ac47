"""Installing: with a compiler, without one, and with one that fails."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from native import build

ROOT = Path(__file__).parents[1]
SITE = sysconfig.get_path("purelib")
IGNORED = shutil.ignore_patterns("__pycache__", "node_modules")
PARTS = ("native", "web", "src", "build_hook.py", "pyproject.toml", "README.md", "LICENSE", ".gitignore")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="not built on Windows yet")


def has_compiler() -> bool:
    header = Path(sysconfig.get_path("include"), "Python.h")
    try:
        return header.exists() and bool(build.compiler())
    except build.NotBuiltError:
        return False


needs_compiler = pytest.mark.skipif(not has_compiler(), reason="needs C++ and Python's headers")


def python(*args: str | Path, **environment: str) -> str:
    """Run a Python module of this environment, and return what it writes."""
    done = subprocess.run(
        [sys.executable, "-m", *map(str, args)],
        env=os.environ | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What would be published, made from a copy of the checkout with all that was built in it."""
    copy = tmp_path_factory.mktemp("copy")
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, copy / part, ignore=IGNORED)
        else:
            shutil.copy(ROOT / part, copy / part)
    (copy / "src/glassnet/engines/_native_portable.abi3.so").write_text("from another machine")
    (copy / "src/glassnet/engines" / build.MISSING).write_text("from another machine")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", "dist"],
        cwd=copy, check=True, capture_output=True,
    )  # fmt: skip
    (made,) = (copy / "dist").iterdir()
    return made


def install(sdist: Path, folder: Path, **environment: str) -> tuple[str, Path]:
    """Build a wheel, install it into an environment of its own; return its name and the program."""
    wheels, home = folder / "wheels", folder / "venv"
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "-q", "--no-cache-dir"]
    python("pip", "wheel", *offline, "-w", wheels, sdist, **environment)
    (wheel,) = wheels.iterdir()
    venv.create(home)
    python("pip", "--python", home / "bin/python", "install", *offline, wheel)
    return wheel.name, home / "bin/glassnet"


def report(program: Path) -> dict[str, Any]:
    """What an installed Glassnet, with the libraries of this environment, says of its engines."""
    done = subprocess.run(
        [program, "inspect", "--engines", "--json"],
        env=os.environ | {"PYTHONPATH": SITE, "GLASSNET_NATIVE": "auto", "GLASSNET_NATIVE_DIR": ""},
        cwd=program.parent, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return dict(json.loads(done.stdout))


def test_the_sources_are_published_and_nothing_built(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    sources = {f"native/{file.name}" for file in (ROOT / "native").iterdir() if file.is_file()}
    assert {"native/module.cpp", "native/build.py", "native/exports.map"} <= sources <= names
    assert not [name for name in names if name.endswith((".so", ".o", build.MISSING))]


@pytest.mark.slow
@needs_compiler
def test_with_a_compiler(sdist: Path, tmp_path: Path) -> None:
    wheel, program = install(sdist, tmp_path, CXXFLAGS="-O0", GLASSNET_BUILD_NATIVE="1")
    assert wheel.startswith("glassnet-")
    assert "-cp311-abi3-" in wheel
    assert sysconfig.get_platform().partition("-")[0] in wheel
    with ZipFile(tmp_path / "wheels" / wheel) as archive:
        inside = {Path(name).name for name in archive.namelist() if "_native" in name}
    assert inside == {f"_native_{name}.abi3.so" for name in build.MODULES}
    native = report(program)["native"]
    assert set(native["built"]) == set(build.MODULES)
    assert native["used"] == next(n for n in native["supported"] if n in native["built"])
    assert native["why"] == ""


@pytest.mark.slow
def test_without_a_compiler(sdist: Path, tmp_path: Path) -> None:
    there_is_none = {"CXX": "/nonexistent", "GLASSNET_BUILD_NATIVE": "1"}
    wheel, program = install(sdist, tmp_path, **there_is_none)
    assert wheel.endswith("-py3-none-any.whl")
    said = report(program)
    assert said["numpy"]["version"]
    assert (said["native"]["used"], said["native"]["built"]) == (None, [])
    why = "not installed. There was no /nonexistent, which CXX named, to compile it. With a C++"
    assert why in said["native"]["why"]
