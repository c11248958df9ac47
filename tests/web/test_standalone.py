"""The page without a server, in Chromium, from a file and offline."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.data.meaning import Classes
from glassnet.export import check, export_html, web_page
from glassnet.types import Array

from ..browser import wait_for
from ..waiting import PATIENCE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

EVIL = (
    "</script><script>document.title = 'evil'</script><img src=x onerror=\"document.title='evil'\">"
)
ANSWERS, FIGURES = "answer", "figures"

ASK = """([what, kind, width, text]) => {
    const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
    const numbers = Array.from(new globalThis[kind](bytes.buffer));
    const said = [];
    for (let start = 0; start < numbers.length; start += width) {
        said.push(glassnet.model[what](numbers.slice(start, start + width)));
    }
    return said;
}"""

REACH_OUT = """async (address) => {
    const stopped = [];
    const note = (event) => stopped.push(event.effectiveDirective);
    document.addEventListener("securitypolicyviolation", note);
    const add = (tag, of) => document.body.append(Object.assign(document.createElement(tag), of));
    await fetch(address).catch(() => {});
    add("img", { src: `${address}i.png` });
    add("script", { src: `${address}s.js` });
    add("script", { textContent: "window.ran = true" });
    add("iframe", { src: "http://127.0.0.1:9/" });  // Chromium dials, but sends nothing
    setTimeout("window.ran = true");
    await new Promise((done) => setTimeout(done, 300));
    return [stopped, window.ran ?? false];
}"""


@pytest.fixture(autouse=True)
def built() -> None:
    if not (web_page.FOLDER / web_page.PAGE).exists():
        pytest.skip("the page is not built: make page")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A tab without a network. What it asks for but the file, or complains of, fails the test."""
    context = browser.new_context(offline=True, locale="en")
    context.set_default_timeout(1000 * PATIENCE)
    page = context.new_page()
    wrong: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("request", lambda request: asked.append(request.url))
    yield page
    context.close()
    assert wrong == []
    assert [url for url in asked if not url.startswith(("file://", "data:"))] == []
    assert sum(url.startswith("file://") for url in asked) == 1


def train(name: str, **settings: Any) -> gn.Model:
    return gn.train(name, seed=0, progress=False, **settings)


def opened(page: Page, model: gn.Model, folder: Path, **options: Any) -> None:
    kept = export_html(model, folder / "page.html", **options)
    page.goto(kept.path.as_uri())
    page.wait_for_selector("main")


def in_browser(page: Page, what: str, x: Array | gn.Pixels) -> list[Any]:
    """What the page says to rows, a thousand at a time."""
    rows = x.bytes if isinstance(x, gn.Pixels) else x.astype("<f8")
    kind = "Uint8Array" if isinstance(x, gn.Pixels) else "Float64Array"
    said: list[Any] = []
    for start in range(0, len(rows), 1000):
        text = base64.b64encode(rows[start : start + 1000].tobytes()).decode("ascii")
        said += page.evaluate(ASK, [what, kind, rows.shape[1], text])
    return said


def apart(page: Page, model: gn.Model, x: Array | gn.Pixels) -> tuple[float, float]:
    """How far the page is from the model, and from the model computed in double precision."""
    found = np.array(in_browser(page, FIGURES, x))
    exact, own = check._exact_figures(model, x), check._figures(model, x)
    scales = check._scales(model, exact)
    K = exact.shape[1] - 1  # the last is the unlikeness, which the answers tell as sure or not
    return (
        float((np.abs(found - own) / scales)[:, :K].max()),
        float((np.abs(found - exact) / scales).max()),
    )


@pytest.mark.parametrize("name", ["digits", "iris", "diabetes"])
def test_the_same_answers_over_the_whole_test_set(name: str, page: Page, tmp_path: Path) -> None:
    model = train(name, epochs=20)
    x = gn.datasets.load(name).test.x
    opened(page, model, tmp_path)
    from_model, from_exact = apart(page, model, x)
    assert from_model <= 1e-6
    assert from_exact <= 1e-10


@pytest.mark.data("mnist")
def test_the_same_answers_over_the_test_set_of_mnist(page: Page, tmp_path: Path) -> None:
    model = train("mnist", layers=[256], epochs=2)
    x = gn.datasets.load("mnist").test.x
    opened(page, model, tmp_path)
    from_model, from_exact = apart(page, model, x)
    assert from_exact <= 1e-10
    assert from_model <= 3e-6  # float32 alone is up to 1e-6 off: docs/export.md


@pytest.mark.parametrize("name", ["digits", "iris", "diabetes"])
def test_the_same_words(name: str, page: Page, tmp_path: Path) -> None:
    model = train(name, epochs=20)
    x = gn.datasets.load(name).test.x
    opened(page, model, tmp_path)
    found, expected = in_browser(page, ANSWERS, x), [a.to_json() for a in model.answers(x)]
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.keys() == other.keys()
        assert one.get("class") == other.get("class")
        assert [d["code"] for d in one["unsure_because"]] == [
            d["code"] for d in other["unsure_because"]
        ]
        assert one["sure"] == other["sure"]
    if isinstance(model.outputs, Classes):
        right = [model.outputs.labels[t] for t in gn.datasets.load(name).test.t]
        accuracy = np.mean([a["class"] == t for a, t in zip(found, right, strict=True)])
        assert accuracy == model.evaluate(gn.datasets.load(name).test)["accuracy"]


def test_a_drawing_is_answered_offline_and_explained(page: Page, tmp_path: Path) -> None:
    opened(page, train("digits", epochs=20), tmp_path, name="my digits")
    assert "my digits" in page.title()
    box = page.locator(".pad canvas").bounding_box()
    assert box
    x, y, side = box["x"], box["y"], box["width"]
    page.mouse.move(x + 0.5 * side, y + 0.15 * side)
    page.mouse.down()
    page.mouse.move(x + 0.5 * side, y + 0.85 * side, steps=20)
    page.mouse.up()
    verdict = page.locator(".verdict")
    verdict.locator(".name").wait_for()
    assert verdict.locator(".name").inner_text() == "1"
    wait_for(page, "document.querySelectorAll('.inside canvas').length >= 2")


def test_a_form_is_answered_offline(page: Page, tmp_path: Path) -> None:
    model = train("iris", epochs=60, learning_rate=0.01)
    opened(page, model, tmp_path)
    fields = page.locator("input.number")
    for field, value in enumerate((5.1, 3.5, 1.4, 0.2)):
        fields.nth(field).fill(str(value))
    wait_for(page, "document.querySelector('.verdict .name')?.textContent === 'setosa'")
    for field, value in enumerate((6.5, 3.0, 5.8, 2.2)):
        fields.nth(field).fill(str(value))
    wait_for(page, "document.querySelector('.verdict .name')?.textContent === 'virginica'")


def test_names_are_text_and_no_more(page: Page, tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(30, 2))
    net = gn.Sequential([gn.Dense(2, name=EVIL.replace(".", ""))], input_shape=2, seed=0)
    outputs = gn.Classes((EVIL, "__proto__"))
    model = gn.Model(net, gn.Features((EVIL, "b"), (EVIL, "")), outputs)
    opened(page, model, tmp_path, name=EVIL, rows=rows)
    answers = in_browser(page, ANSWERS, rows)
    assert {answer["class"] for answer in answers} <= {EVIL, "__proto__"}
    page.wait_for_timeout(200)
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 3
    assert page.title() != "evil"
    assert EVIL in page.title()


def test_the_policy_stops_what_would_reach_out(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_context().new_page()
    opened(page, train("iris", epochs=1), tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as server:
        stopped, ran = page.evaluate(REACH_OUT, f"http://127.0.0.1:{server.getsockname()[1]}/")
        server.setblocking(False)
        with pytest.raises(BlockingIOError):  # nobody came
            server.accept()
    assert sorted(stopped) == [
        "connect-src", "frame-src", "img-src", "script-src", "script-src-elem", "script-src-elem"
    ]  # fmt: skip
    assert ran is False
    page.context.close()
