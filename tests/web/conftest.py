"""A service with models to try on its page, and a browser that looks at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

import glassnet as gn
from glassnet.serve.routes.page import FOLDER

from ..browser import chromium
from ..serve.running import Running
from .visit import Visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Open: TypeAlias = Callable[..., Visit]


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models: pictures, classes of a table, values of a table."""
    folder = tmp_path_factory.mktemp("models")
    for name in ("digits", "iris", "diabetes"):
        gn.train(name, progress=False).save(folder / f"{name}.safetensors")
    return folder


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the service keeps corrected drawings."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="session")
def service(
    models: Path, kept: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """All models behind one page, which keeps corrections."""
    if not (FOLDER / "index.html").exists():
        pytest.skip("the page is not built: make page")
    digits, *others = (models / f"{name}.safetensors" for name in ("digits", "iris", "diabetes"))
    options = [*map(str, others), "--learn", str(kept)]
    with Running(digits, *options, folder=tmp_path_factory.mktemp("log")) as running:
        yield running


@pytest.fixture(scope="module")  # while it is there, nothing else in the process may use asyncio
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def visit(browser: Browser, service: Running) -> Iterator[Open]:
    """Opens a model's page as somebody with such a screen and language; nothing may go wrong on it.

    Any setting of Playwright's browser contexts can be given.
    """
    visits: list[Visit] = []

    def open_page(model: str = "digits", *, port: int | None = None, **settings: Any) -> Visit:
        one = Visit(browser, f"http://127.0.0.1:{port or service.port}/", **settings)
        visits.append(one)
        one.open(f"?model={model}")
        return one

    yield open_page
    for one in visits:
        one.close()
    for one in visits:
        assert one.complaints == []
        assert one.strangers == []
