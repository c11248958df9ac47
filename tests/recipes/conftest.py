from pathlib import Path

import pytest

from glassnet.data.download import VARIABLE
from glassnet.recipes import Options


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without data of its own: no folder, an empty cache."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr("glassnet.recipes.datasets.cache_folder", lambda name: tmp_path / name)


@pytest.fixture
def quick(tmp_path: Path) -> Options:
    return Options(tmp_path, quick=True)
