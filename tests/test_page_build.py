"""web/build.py: what is built again, what it is built with, and what is said where it cannot be."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from web import build

WEB = Path(build.WEB)


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A project of one source, with everything installed."""
    monkeypatch.delenv("GLASSNET_BUILD_PAGE", raising=False)
    web = tmp_path / "web"
    (web / "src").mkdir(parents=True)
    (web / "src/main.tsx").write_text("1\n")
    (web / "package-lock.json").write_text("{}\n")
    (web / "node_modules").mkdir()
    (web / "node_modules/.package-lock.json").write_text("{}\n")
    monkeypatch.setattr(build, "WEB", web)
    monkeypatch.setattr(build, "NODE", tmp_path / "node")
    return tmp_path


def program(folder: Path, name: str, text: str) -> str:
    """Write a program that stands in for another."""
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return str(file)


@pytest.fixture
def machine(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose Node.js writes the pages; what it was asked is in asked."""
    asked = project / "asked"
    node = (
        'case "$1" in --version) echo v22.12.0; exit;; esac\n'
        f'echo "$*" >> {asked}\nmkdir -p dist/page dist/standalone\n'
        "echo page > dist/page/index.html; echo program > dist/standalone/page.js"
    )
    program(project / "bin", "node", node)
    program(project / "bin", "npm", f'echo "npm $*" >> {asked}')
    monkeypatch.setenv("PATH", f"{project / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin")
    return project


def test_the_pages_go_where_the_package_has_them(machine: Path) -> None:
    assert build.build(machine / "out") == ""
    assert (machine / "out/serve/page/index.html").read_text() == "page\n"
    assert (machine / "out/export/page/page.js").read_text() == "program\n"
    assert not list(machine.glob(f"out/*/{build.MISSING}"))
    lines = (machine / "asked").read_text().splitlines()
    assert [line.partition("vite.js ")[2] for line in lines] == [" ".join(b) for b in build.BUILDS]


def test_what_has_not_changed_is_not_built_again(machine: Path) -> None:
    build.build(machine / "out")
    (machine / "asked").unlink()
    (machine / "out/serve/page/old.js").write_text("of an older page")
    assert build.build(machine / "out") == ""
    assert not (machine / "asked").exists()
    assert not (machine / "out/serve/page/old.js").exists()
    (machine / "web/src/main.tsx").write_text("2\n")
    assert build.build(machine / "out") == ""
    assert (machine / "asked").exists()


def test_npm_fetches_what_is_missing_or_was_changed(machine: Path) -> None:
    lock = machine / "web/package-lock.json"
    lock.write_text('{"changed": true}\n')
    os.utime(lock, ns=(0, lock.stat().st_mtime_ns + 10**10))
    build.build(machine / "out")
    first = (machine / "asked").read_text().splitlines()[0]
    assert first.startswith("npm ci --omit=dev")
    assert "--ignore-scripts" in first


def test_where_it_fails_the_reason_is_kept(machine: Path) -> None:
    build.build(machine / "out")
    failing = (
        'case "$1" in --version) echo v22.12.0;; *) echo "error: no such file" >&2; exit 1;; esac'
    )
    program(machine / "bin", "node", failing)
    (machine / "web/src/main.tsx").write_text("3\n")
    assert build.build(machine / "out") == "Vite said: error: no such file"
    for place in ("serve", "export"):
        assert (machine / "out" / place / build.MISSING).read_text().startswith("Vite said")
        assert not (machine / "out" / place / "page").exists()


def test_an_old_node_is_not_used(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(machine / "bin", "node", "echo v18.20.0")
    fetched: list[str] = []

    def fetch() -> None:
        fetched.append("node")
        raise build.NotBuiltError("pip said: no network")

    monkeypatch.setattr(build, "fetch_node", fetch)
    assert build.build(machine / "out") == "pip said: no network"
    assert fetched == ["node"]


def test_pip_that_cannot_fetch_node(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(project))
    monkeypatch.setattr(
        sys, "executable", program(project, "python", "echo ERROR: no wheel; exit 1")
    )
    monkeypatch.setenv("PATH", f"{project}{os.pathsep}/bin")
    monkeypatch.setattr(shutil, "which", lambda _: None)
    why = build.build(project / "out")
    assert why.startswith(
        "There was no Node.js 20.19 or newer with npm, and fetching it failed: pip"
    )
    assert why.endswith("ERROR: no wheel")


def test_it_can_be_left_out(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLASSNET_BUILD_PAGE", "0")
    assert "left out on purpose" in build.build(machine / "out")
    assert not (machine / "asked").exists()


def test_what_hangs_is_ended(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "PATIENCE", 0.2)
    program(machine / "bin", "node", 'test "$1" = --version && echo v22.12.0 || exec sleep 5')
    assert build.build(machine / "out") == "Vite took more than 0.2 s."


def test_no_address_of_a_registry_is_written_down() -> None:
    document: dict[str, Any] = json.loads((WEB / "package-lock.json").read_text("utf-8"))
    assert len(document["packages"]) > 10
    assert not [name for name, package in document["packages"].items() if "resolved" in package]
    assert "omit-lockfile-registry-resolved=true" in (WEB / ".npmrc").read_text("utf-8")


def test_nothing_built_is_kept_in_the_repository() -> None:
    built = ["web/dist/x", *(f"src/glassnet/{place}/x" for place in build.PAGES.values())]
    kept = subprocess.run(
        ["git", "check-ignore", *built, "web/node_modules/x"],
        cwd=WEB.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if kept.returncode == 128:
        pytest.skip("this is no checkout")
    assert len(kept.stdout.splitlines()) == 4


def test_a_page_is_small() -> None:
    """Under 60 KB of JavaScript, as it travels."""
    import gzip

    scripts = list((build.PACKAGE / "serve/page").glob("assets/*.js"))
    if not scripts:
        pytest.skip("the page is not built: make page")
    assert sum(len(gzip.compress(file.read_bytes())) for file in scripts) < 60_000
