"""Builds the compiled engine: one module for each instruction set, from the same sources.

    python native/build.py                   into src/glassnet/engines, where a checkout looks
    python native/build.py --only avx512     one of them
    python native/build.py --sanitize        into build/sanitize, watched at run time: make sanitize

`pip install` comes by here too, through Hatchling's build hook. It never fails for want of a
compiler: Glassnet then goes without, and `glassnet inspect --engines` shows why, from
_native_missing.txt.
$CXX names the compiler, $CXXFLAGS adds to its flags, GLASSNET_BUILD_NATIVE=0 leaves all this out.
"""

# Why a hook of our own: scikit-build-core (`if.failed`) and setuptools (`optional`) too go on where
# a compiler fails, but neither keeps the reason for the user, compiles the same sources with three
# sets of flags in parallel, and does it without CMake or a second tool to install.

from __future__ import annotations

import argparse
import os
import platform
import shlex
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any
from zlib import crc32

NATIVE = Path(__file__).resolve().parent
ROOT = NATIVE.parent
ENGINES = ROOT / "src/glassnet/engines"
SANITIZED = ROOT / "build/sanitize"
MISSING = "_native_missing.txt"

MODULES = {"portable": ""}
"""Each instruction set's flags. The portable module goes first: without it, none is of use."""
if platform.machine().lower() in ("x86_64", "amd64"):
    MODULES["avx2"] = "-march=x86-64-v3"
    MODULES["avx512"] = "-march=x86-64-v4 -mprefer-vector-width=512"

COMPILE = (
    "-std=c++20 -O3 -fPIC -fvisibility=hidden -ffp-contract=fast -fno-math-errno "
    "-fno-trapping-math -pthread -Wall -Wextra -DPy_LIMITED_API=0x030B0000"
)
SANITIZE = "-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all"
# Nothing leaves a module but its PyInit: what the standard library's templates became in one, with
# AVX-512 in it, must never be taken by another.
if sys.platform == "darwin":
    LINK = "-shared -pthread -undefined dynamic_lookup -Wl,-exported_symbol,_PyInit_*"
else:
    LINK = f"-shared -pthread -Wl,--version-script={shlex.quote(str(NATIVE / 'exports.map'))}"


class NotBuiltError(Exception):
    """Why there is no module."""


def build(into: Path, only: Iterable[str] = (), sanitize: bool = False) -> dict[str, str]:
    """Build modules into a folder; return, by name, why those that are missing are.

    A note of it stays in the folder. Where the portable module fails, the others go as well.
    """
    names = [name for name in MODULES if name in only or not only]
    try:
        expect_a_chance()
        missing = make(into, names, compiler(), sanitize)
    except NotBuiltError as why:
        missing = dict.fromkeys(names, str(why))
    if "portable" in missing:
        missing = dict.fromkeys(MODULES, missing["portable"])
    for name in missing:
        module(into, name).unlink(missing_ok=True)
    if missing:
        lines = [f"{name}: {why}" for name, why in missing.items()]
        note = missing["portable"] if "portable" in missing else "\n".join(lines)
        into.mkdir(parents=True, exist_ok=True)
        (into / MISSING).write_text(note + "\n", encoding="utf-8")
    elif not only:
        (into / MISSING).unlink(missing_ok=True)
    return missing


def module(folder: Path, name: str) -> Path:
    """The file of a module: one for every Python from 3.11 on."""
    return folder / f"_native_{name}.abi3.so"


def expect_a_chance() -> None:
    """Raise NotBuiltError where it is clear before trying that nothing can be built."""
    if os.environ.get("GLASSNET_BUILD_NATIVE") == "0":
        raise NotBuiltError("It was left out on purpose: GLASSNET_BUILD_NATIVE was 0.")
    if sys.platform == "win32":
        raise NotBuiltError("It is not built on Windows yet.")
    if sys.implementation.name != "cpython" or sys.maxsize < 2**32:
        raise NotBuiltError("It is built for CPython on 64 bits only.")


def compiler() -> list[str]:
    """The command of a C++ compiler: $CXX, else the first that there is."""
    asked = shlex.split(os.environ.get("CXX", ""))
    for command in [asked] if asked else [["c++"], ["g++"], ["clang++"]]:
        if shutil.which(command[0]):
            return command
    raise NotBuiltError(
        f"There was no {asked[0]}, which CXX named, to compile it." if asked
        else "There was no C++ compiler: none of c++, g++ and clang++."
    )  # fmt: skip


def make(into: Path, names: Sequence[str], cxx: list[str], sanitize: bool) -> dict[str, str]:
    """Compile what is out of date, all at once, and link; return why a module could not be."""
    own = shlex.split(os.environ.get("CXXFLAGS", ""))
    watch = shlex.split(SANITIZE) if sanitize else []
    include = ["-isystem", sysconfig.get_path("include")]
    commands = {
        name: [*cxx, *shlex.split(f"{COMPILE} {MODULES[name]} -DGLASSNET_MODULE=_native_{name}"),
               *watch, *own, *include]
        for name in names
    }  # fmt: skip
    sources = sorted(NATIVE.glob("*.cpp"))
    shared = [Path(__file__), *NATIVE.glob("*.hpp")]
    missing: dict[str, str] = {}
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        parts = {
            name: [workers.submit(compile_one, command, source, shared) for source in sources]
            for name, command in commands.items()
        }
        for name, objects in parts.items():
            try:
                files = [str(one.result()) for one in objects]
                flags = [*shlex.split(LINK), *(watch or ["-s"]), *own]
                write([*cxx, *files, *flags], module(into, name))
            except NotBuiltError as why:
                missing[name] = str(why)
    return missing


def compile_one(command: list[str], source: Path, shared: list[Path]) -> Path:
    """Compile a source unless that was done: with this command, since anything it reads changed."""
    command = [*command, "-c", str(source)]
    kept = f"{source.stem}-{crc32(shlex.join(command).encode()):08x}.o"
    file = ROOT / "build/native" / kept
    newest = max(path.stat().st_mtime_ns for path in [source, *shared])
    if not file.exists() or file.stat().st_mtime_ns != newest:
        write(command, file, newest)
    return file


def write(command: list[str], file: Path, modified: int | None = None) -> None:
    """Have a command write a file: whole, or not at all."""
    part = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [*command, "-o", str(part)], capture_output=True, text=True, errors="replace"
        )
        sys.stderr.write(done.stderr)
        if done.returncode:
            lines = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
            telling = [line for line in lines if "error" in line][:3] or lines[:3]
            raise NotBuiltError(f"{command[0]} said: " + "\n".join(telling))
        if modified is not None:
            os.utime(part, ns=(modified, modified))
        part.replace(file)
    except OSError as error:
        raise NotBuiltError(f"It could not be built: {error}.") from error
    finally:
        with suppress(OSError):
            part.unlink()


def include(version: str, build_data: dict[str, Any]) -> None:
    """Put the modules into a wheel; an editable install has them in the source tree."""
    if version == "editable":
        build(ENGINES)
        return
    wheel = ROOT / "build/wheel"
    shutil.rmtree(wheel, ignore_errors=True)
    missing = build(wheel)
    for file in wheel.iterdir():
        build_data["force_include"][str(file)] = f"glassnet/engines/{file.name}"
    if "portable" not in missing:
        from packaging.tags import platform_tags

        others = ("manylinux", "musllinux")  # what these promise, we cannot keep
        mine = next(tag for tag in platform_tags() if not tag.startswith(others))
        build_data["pure_python"] = False
        build_data["tag"] = f"cp311-abi3-{mine}"


def main() -> None:
    """Build as the command line asks; the status is 1 where a module is missing."""
    parser = argparse.ArgumentParser(description="Build Glassnet's compiled engine.")
    parser.add_argument("--only", action="append", choices=MODULES, default=[])
    parser.add_argument("--sanitize", action="store_true", help="with every check of the compiler")
    asked = parser.parse_args()
    started = time.perf_counter()
    into = SANITIZED if asked.sanitize else ENGINES
    missing = build(into, asked.only, asked.sanitize)
    for name in asked.only or MODULES:
        said = "missing: " + missing[name] if name in missing else str(module(into, name))
        print(f"{name:9}{said}")
    print(f"{time.perf_counter() - started:.1f} s")
    sys.exit(bool(missing))


if __name__ == "__main__":
    main()
