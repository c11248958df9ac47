"""One visit to a page: what the visitor does, and what is noticed meanwhile."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..browser import wait_for
from ..waiting import PATIENCE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Locator, Request

    from ..strokes import Drawing

WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (e) => violations.push(e.violatedDirective));
"""

DIGIT = "[data-chosen=true] .label"
"""The label of the answer among the bars."""


class Visit:
    """A page in a browser.

    complaints  what the browser complained of: errors, and breaches of the page's policy
    strangers   requests that went elsewhere
    asked       the bodies of POST /predict, in their order
    most        so many of these were under way at once
    """

    def __init__(self, browser: Browser, address: str, **settings: Any) -> None:
        screen = {"width": 1280, "height": 900}
        self.context = browser.new_context(**{"viewport": screen, "locale": "en-US", **settings})
        self.context.set_default_timeout(1000 * PATIENCE)
        self.context.add_init_script(WATCH)
        self.page = self.context.new_page()
        self.address = address
        self.complaints: list[str] = []
        self.strangers: list[str] = []
        self.asked: list[dict[str, Any]] = []
        self.most = 0
        self._open: set[Request] = set()
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._hear)
        self.page.on("request", self._begun)
        self.page.on("requestfinished", lambda request: self._open.discard(request))
        self.page.on("requestfailed", lambda request: self._open.discard(request))

    def open(self, path: str = "") -> None:
        self.page.goto(self.address + path)
        self.page.wait_for_selector("main")

    def close(self) -> None:
        if not self.page.is_closed():
            self.complaints += self.page.evaluate("window.violations")
            self.context.close()

    def expect_complaints(self) -> None:
        """Drop what was complained of: the test was about that."""
        self.complaints.clear()

    def see(self, selector: str) -> Locator:
        return self.page.locator(selector)

    def text(self, selector: str) -> str:
        return self.page.locator(selector).inner_text()

    def wait_for(self, expression: str) -> None:
        """Ask until an expression of JavaScript holds."""
        wait_for(self.page, expression)

    def wait_for_answer(self, label: str = "") -> str:
        """Wait until there is an answer, and the one named, with its reasons; return its label."""
        chosen = f"document.querySelector('{DIGIT}')?.textContent"
        self.wait_for(f"{chosen} && ({json.dumps(label)} || {chosen}) === {chosen}")
        self.wait_for("document.querySelector('.inside .legend') !== null")
        return self.text(DIGIT)

    def draw(self, drawing: Drawing, then_lift: bool = True, pace: float = 0) -> None:
        """Draw with the mouse, at the thickness that the page has.

        pace    seconds from one point to the next, at least; as fast as it goes unless given
        """
        self.draw_lines(drawing.strokes(), then_lift, pace)

    def draw_lines(
        self, lines: Sequence[Sequence[tuple[float, float]]], lift: bool = True, pace: float = 0
    ) -> None:
        mouse = self.page.mouse
        for line in lines:
            for i, (x, y) in enumerate(map(self.place, spaced(line))):
                time.sleep(pace)
                mouse.move(x, y)
                if i == 0:
                    mouse.down()
            if lift:
                mouse.up()

    def touch(self, drawing: Drawing) -> None:
        """Draw with a finger."""
        session = self.context.new_cdp_session(self.page)
        for line in drawing.strokes():
            for i, (x, y) in enumerate(map(self.place, line)):
                kind = "touchMove" if i else "touchStart"
                points = [{"x": x, "y": y}]
                session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
            session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def place(self, point: tuple[float, float]) -> tuple[float, float]:
        """Where a point of the unit square lies on the screen."""
        box = self.page.locator(".pad canvas").bounding_box()
        assert box is not None
        return box["x"] + point[0] * box["width"], box["y"] + point[1] * box["height"]

    def set_pen(self, thickness: float) -> None:
        slide(self.see(".thickness input"), thickness)

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.complaints.append(said.text)

    def _begun(self, request: Request) -> None:
        if not request.url.startswith((self.address, "blob:", "data:")):
            self.strangers.append(request.url)
        if request.method == "POST" and "/predict" in request.url:
            self.asked.append(json.loads(request.post_data or "{}"))
            self._open.add(request)
            self.most = max(self.most, len(self._open))


def spaced(line: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Leave out what is closer to the place before than a hand's movement from event to event."""
    kept = [line[0]]
    for place in line[1:-1]:
        if math.dist(place, kept[-1]) > 0.02:
            kept.append(place)
    return [*kept, *line[1:][-1:]]


def slide(slider: Locator, value: float) -> None:
    """Move a slider as a hand would, as far as the page can tell."""
    slider.evaluate(
        "(e, v) => { e.value = v; e.dispatchEvent(new Event('input', {bubbles: true})) }", value
    )
