"""The page: files that were built with the package, read once.

A package that was built without them serves the interface alone, and says at / how to get the page.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from glassnet.serve.endpoint import Request
from glassnet.serve.refusal import Refusal
from glassnet.serve.reply import Reply

if TYPE_CHECKING:
    from glassnet.serve.service import Service

FOLDER = Path(__file__).parents[1] / "page"

KINDS = {
    ".html": b"text/html; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".svg": b"image/svg+xml",
    ".png": b"image/png",
    ".ico": b"image/x-icon",
    ".woff2": b"font/woff2",
    ".json": b"application/json",
    ".txt": b"text/plain; charset=utf-8",
}

POLICY = (
    b"default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
    b"form-action 'none'; frame-ancestors 'none'"
)
"""Nothing from elsewhere, and no script or style inside the page's text."""

HEADERS = (
    (b"content-security-policy", POLICY),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)
"""Besides those that the guard puts on every answer: nosniff, no referrer."""

FOR_GOOD = b"public, max-age=31536000, immutable"

MISSING = """\
This is Glassnet. It serves {names}.

The page to try them on was not built into this package: that takes Node.js 22 or newer, or the
network to fetch it, when the package is built. In a folder with the sources:

    python web/build.py

All else is here:

    GET  /models            what there is
    POST /predict           rows in, answers out
    POST /predict/image     a PNG or JPEG in, its answer out
    GET  /openapi.json      all of it, with examples
"""


class Page:
    """The files of the page by their address; none where it was not built."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self.files: dict[str, tuple[bytes, bytes]] = {}
        index = folder / "index.html"
        if not index.is_file():
            return
        self.files["/"] = index.read_bytes(), KINDS[".html"]
        for file in sorted((folder / "assets").glob("**/*")):
            if file.is_file() and file.suffix in KINDS:
                address = f"/{file.relative_to(folder).as_posix()}"
                self.files[address] = file.read_bytes(), KINDS[file.suffix]

    async def index(self, service: Service, _request: Request) -> Reply:
        """Send the page to try the models on."""
        if "/" in self.files:
            return self._file("/", b"no-cache")
        text = MISSING.format(names=", ".join(service.models.names))
        return Reply(text.encode(), 200, KINDS[".txt"])

    async def asset(self, _service: Service, request: Request) -> Reply:
        """Send a file of the page; its name changes with its content."""
        address = request.scope["path"]
        if address not in self.files:
            raise Refusal(404, "not-found", "There is no such file. The page is at /.")
        return self._file(address, FOR_GOOD)

    def _file(self, address: str, keeping: bytes) -> Reply:
        body, kind = self.files[address]
        return Reply(body, 200, kind, (*HEADERS, (b"cache-control", keeping)))
