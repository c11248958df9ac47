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

from web import build as pages

ROOT = Path(__file__).parents[1]
SITE = sysconfig.get_path("purelib")
IGNORED = shutil.ignore_patterns("__pycache__", "node_modules", "dist")
PARTS = (
    "native", "web", "build_hook.py", "src", "pyproject.toml", "README.md", "LICENSE", ".gitignore"
)  # fmt: skip

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
    for place in pages.PAGES.values():
        stale = copy / "src/glassnet" / place
        stale.mkdir(exist_ok=True)
        (stale / "index.html").write_text("from another machine")
        (stale.parent / pages.MISSING).write_text("from another machine")
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
    environment = {"GLASSNET_BUILD_PAGE": "0", **environment}
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
    assert {"web/package-lock.json", "web/index.html", "web/src/main.tsx"} <= names
    built = (".so", ".o", build.MISSING, pages.MISSING, "page/index.html")
    assert not [name for name in names if name.endswith(built)]


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


@pytest.mark.slow
def test_with_pages(sdist: Path, tmp_path: Path) -> None:
    """It needs npm's registry, or what npm kept of it; where there is neither, the note says so."""
    without = {"GLASSNET_BUILD_NATIVE": "0", "GLASSNET_BUILD_PAGE": "1"}
    wheel, _ = install(sdist, tmp_path, **without)
    with ZipFile(tmp_path / "wheels" / wheel) as archive:
        names = set(archive.namelist())
        note = f"glassnet/serve/{pages.MISSING}"
        if note in names:
            pytest.skip(archive.read(note).decode())
    assert {"glassnet/serve/page/index.html", "glassnet/export/page/page.js"} <= names


@pytest.mark.slow
def test_without_pages(sdist: Path, tmp_path: Path) -> None:
    wheel, program = install(sdist, tmp_path, GLASSNET_BUILD_NATIVE="0")
    with ZipFile(tmp_path / "wheels" / wheel) as archive:
        names = {name for name in archive.namelist() if "/page/" in name or "_page_" in name}
        assert names == {f"glassnet/{place}/{pages.MISSING}" for place in ("serve", "export")}
        why = archive.read(f"glassnet/serve/{pages.MISSING}").decode()
    assert why == "It was left out on purpose: GLASSNET_BUILD_PAGE was 0.\n"
    assert program.exists()
