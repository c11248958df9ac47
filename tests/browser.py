"""Chromium, driven by Playwright, for the tests of pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from .waiting import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

VARIABLE = "GLASSNET_CHROMIUM"
"""The environment variable that names the browser's program, where it is not on the path."""

NAMES = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser; skip the test where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api")
    program = os.environ.get(VARIABLE) or next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"there is no Chromium: install it, or set {VARIABLE} to its program")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        try:
            yield browser
        finally:
            browser.close()


def wait_for(page: Page, expression: str) -> None:
    """Ask until an expression of JavaScript holds.

    Asked from outside: Playwright's `wait_for_function` has the page itself evaluate a text each
    time it looks again, which the pages' policy forbids.
    """
    wait_until(
        lambda: page.evaluate(expression), lambda: expression, lambda: page.wait_for_timeout(20)
    )
