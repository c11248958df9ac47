"""The page's files, and how they are sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from glassnet.serve.routes import page

from ..asking import Serve, ask


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "page"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Glassnet</title>")
    (folder / "assets" / "index-1a2b.js").write_text("export {};")
    (folder / "assets" / "index-3c4d.css").write_text("body {}")
    (folder / "assets" / "notes.sh").write_text("no file of a page")
    (tmp_path / "secret.js").write_text("secret")
    monkeypatch.setattr(page, "FOLDER", folder)
    monkeypatch.setattr(page.Page.__init__, "__defaults__", (folder,))
    return folder


@pytest.mark.usefixtures("built")
def test_the_page_allows_nothing_from_elsewhere(serve: Serve) -> None:
    said = serve().get("/")
    assert said.text.startswith("<!doctype html>")
    assert said.headers["content-type"] == "text/html; charset=utf-8"
    policy = said.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert said.headers.get_list("x-content-type-options") == ["nosniff"]
    assert said.headers.get_list("referrer-policy") == ["no-referrer"]
    assert said.headers["x-frame-options"] == "DENY"
    assert said.headers["cache-control"] == "no-cache"


@pytest.mark.usefixtures("built")
def test_files_named_after_their_content_are_kept_for_good(serve: Serve) -> None:
    asker = serve()
    said = asker.get("/assets/index-1a2b.js")
    assert said.text == "export {};"
    assert said.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in said.headers["cache-control"]
    assert asker.get("/assets/index-3c4d.css").headers["content-type"].startswith("text/css")


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(
    "path",
    [
        "/assets/",
        "/assets/none.js",
        "/assets/notes.sh",
        "/assets/../index.html",
        "/assets/../../secret.js",
        "/assets/%2e%2e/%2e%2e/secret.js",
        "/assets/..%2f..%2fsecret.js",
        "/assets//etc/passwd",
        "/index.html",
    ],
)
def test_nothing_else_is_sent(serve: Serve, path: str) -> None:
    said = serve().get(path)
    assert said.status_code == 404
    assert said.json()["error"]["code"] == "not-found"


def test_without_a_page_it_says_how_to_get_one(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page.Page.__init__, "__defaults__", (tmp_path,))
    said = serve("iris", "digits").get("/")
    assert said.status_code == 200
    assert said.headers["content-type"] == "text/plain; charset=utf-8"
    assert "web/build.py" in said.text
    assert "iris, digits" in said.text


def test_head_is_as_get(serve: Serve) -> None:
    app = serve().app
    said = ask(app, "HEAD", "/models")
    assert said.status_code == 200
    assert ask(app, "HEAD", "/predict").status_code == 405
