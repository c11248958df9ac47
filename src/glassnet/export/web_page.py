"""Web page: a model as one HTML file that answers offline, in any browser."""

from __future__ import annotations

import base64
import hashlib
import html
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glassnet.errors import FileError
from glassnet.export.check import Check, check
from glassnet.export.packing import packed, to_script
from glassnet.files import as_path, write_atomically
from glassnet.model.base import BaseModel

FOLDER = Path(__file__).with_name("page")
NETWORK, PAGE, STYLE = "network.js", "page.js", "page.css"
"""What `make page` builds from web/: the network's program, the page's, and how it looks."""

MISSING = "_page_missing.txt"

TEMPLATE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="Glassnet">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<div id="page"></div>
<noscript>This page runs a neural network in the browser: it needs JavaScript.</noscript>
<script type="application/json" id="model">{document}</script>
<script id="network">{network}</script>
<script>{page}</script>
</body>
</html>
"""


@dataclass(frozen=True)
class Page:
    """A page that was kept: where, its size in bytes, and what was checked before."""

    path: Path
    size: int
    check: Check


def export_html(
    model: BaseModel, path: str | os.PathLike[str], *, name: str | None = None, rows: Any = None
) -> Page:
    """Keep a model as one HTML file that runs it in a browser, without a network.

    name    what the page calls the model; the file's name unless given
    rows    which it is asked before it is kept; unless given, the test part of the data that the
            model learnt from: see `glassnet.export.check`

    An old file stays whole unless the new one is kept. Raises SettingError for layers that the
    page does not know, FileError if the page's program is not installed, answers otherwise than the
    model, or the file cannot be written.
    """
    path = as_path(path)
    text = page_text(model, path.stem if name is None else name)
    passed = check(text, model, rows)
    data = text.encode()
    write_atomically(path, data)
    return Page(path, len(data), passed)


def page_text(model: BaseModel, name: str) -> str:
    """Write the page: programs, style and weights in one text, which asks no network for anything.

    The policy in it lets a browser run those two programs and that style alone, known by their
    SHA-256, and load nothing.
    """
    network, page, style = (_part(part) for part in (NETWORK, PAGE, STYLE))
    name = name.encode("utf-8", "replace").decode()
    policy = "; ".join([
        "default-src 'none'",
        f"script-src {_hash(network)} {_hash(page)}",
        f"style-src {_hash(style)}",
        "img-src data: blob:",
        "base-uri 'none'",
        "form-action 'none'",
    ])  # fmt: skip
    return TEMPLATE.format(
        policy=policy,
        title=html.escape(name),
        style=style,
        document=to_script(packed(model, name)),
        network=network,
        page=page,
    )


def _part(name: str) -> str:
    """Read a built file, made fit to stand inside its element."""
    try:
        text = (FOLDER / name).read_text("utf-8")
    except OSError as error:
        raise FileError(
            "The page is not built, so there is nothing to put the model into. In a checkout of "
            f"Glassnet run: make page. Or install a wheel that has it.{_why_not_built()}"
        ) from error
    # As the HTML standard advises: these begin or end a script, or a comment in one. In JavaScript
    # they stand in texts and patterns only, where \x3c is the same sign; a style holds none.
    return re.sub(r"<(?=!--|/?script|/style)", lambda _: r"\x3c", text, flags=re.IGNORECASE).strip()


def _why_not_built() -> str:
    """Give the reason that the build left beside the folder, if it did."""
    try:
        why = FOLDER.with_name(MISSING).read_text("utf-8").strip()
    except OSError:
        return ""
    return f" It could not be built with this package: {why}"


def _hash(text: str) -> str:
    """The SHA-256 of an element's text, as a policy names it."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
