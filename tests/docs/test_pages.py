"""Every code block of the README and the documentation runs as it stands.

A page's python blocks run from top to bottom in one namespace, its console blocks (the lines after
`$ `) in one shell, in an empty folder. A block after `<!-- needs: data -->` needs GLASSNET_DATA.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cases import LAYERS, MERGES

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
BLOCK = re.compile(
    r"(?P<needs><!-- needs: data -->\n+)?^```(?P<language>\w*)\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
IDS = [str(page.relative_to(ROOT)) for page in PAGES]


def blocks(page: Path, language: str) -> list[tuple[int, str]]:
    """Return the page's blocks in a language, with the line on which each begins."""
    text = page.read_text()
    data = "GLASSNET_DATA" in os.environ
    return [
        (text[: found.start("code")].count("\n"), found["code"])
        for found in BLOCK.finditer(text)
        if found["language"] == language and (data or not found["needs"])
    ]


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_python_blocks_run(page: Path, tmp_path: Path) -> None:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    with contextlib.chdir(tmp_path):
        for line, code in blocks(page, "python"):
            exec(compile("\n" * line + code, str(page), "exec"), namespace)


@pytest.mark.console
@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_console_blocks_run(page: Path, tmp_path: Path) -> None:
    lines = [
        line.removeprefix("$ ")
        for _, code in blocks(page, "console")
        for line in code.splitlines()
        if line.startswith("$ glassnet ") or "| glassnet" in line
    ]
    if not lines:
        return
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(lines)],
        cwd=tmp_path,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{lines}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


PLACES = {"native": "compiled code", "page": "exported pages",
          "story": "the formulas of explanations"}  # fmt: skip


def test_where_a_layer_is_not_known_is_told_in_the_words_of_its_row() -> None:
    rows = {
        (type(case.make()).__name__, place, why)
        for case in (*LAYERS, *MERGES)
        for field, place in PLACES.items()
        if (why := getattr(case, field)) is not True
    }
    text = (ROOT / "docs/nn.md").read_text()
    places = "|".join(PLACES.values())
    assert set(re.findall(rf"^\| `(\w+)` \| ({places}) \| (.*) \|$", text, re.MULTILINE)) == rows


def test_every_block_names_its_language() -> None:
    for page in PAGES:
        for found in BLOCK.finditer(page.read_text()):
            assert found["language"], f"{page.name}: {found['code'][:60]!r}"


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
