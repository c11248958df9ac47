"""The page's programs: as they are built, or stand-ins where only what is around them matters."""

from __future__ import annotations

from pathlib import Path

import pytest

from glassnet.export import node, web_page

STAND_INS = {
    web_page.NETWORK: 'globalThis.glassnet = { "<!-- </ScRiPt><script>": 1 };\n',
    web_page.PAGE: "document.title = 'é';\n",
    web_page.STYLE: "body { margin: 0 }\n",
}


@pytest.fixture
def stand_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of parts that compute nothing, and no Node that would run them."""
    folder = tmp_path / "parts"
    folder.mkdir()
    for name, text in STAND_INS.items():
        (folder / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(web_page, "FOLDER", folder)
    monkeypatch.setenv(node.VARIABLE, "")
    return folder


@pytest.fixture(scope="session")
def built() -> Path:
    """The folder of the built page; Node has to be there too."""
    missing = [name for name in STAND_INS if not (web_page.FOLDER / name).exists()]
    if missing:
        pytest.skip(f"the page is not built, {', '.join(missing)} is missing: make page")
    if node.node() is None:
        pytest.skip("there is no Node to run the page's program")
    return web_page.FOLDER
