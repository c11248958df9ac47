"""Models to serve, trained once."""

from __future__ import annotations

from pathlib import Path

import pytest

import glassnet as gn

from .asking import Asker, Serve, make_app


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models: classes of a table, values of a table, classes of pictures."""
    folder = tmp_path_factory.mktemp("served")
    for name in ("iris", "diabetes", "digits"):
        gn.train(name, epochs=8, progress=False).save(folder / f"{name}.safetensors")
    return folder


@pytest.fixture
def serve(trained: Path) -> Serve:
    """Serves models by name, with settings."""

    def start(*names: str, **settings: object) -> Asker:
        files = [trained / f"{name}.safetensors" for name in names or ("iris",)]
        return Asker(make_app(files, **settings))

    return start
