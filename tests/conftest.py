"""Real data where this machine has them, the width of a page, how many examples are drawn."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from glassnet.data.download import VARIABLE

os.environ["COLUMNS"] = "100"  # what is written must not depend on the terminal of whoever tests
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "*"  # nor what is asked go elsewhere

settings.register_profile("default", deadline=None, max_examples=50)
settings.register_profile("ci", deadline=None, max_examples=50, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "default")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests marked ``@pytest.mark.data("mnist", …)`` where one of these is missing."""
    for item in items:
        for marker in item.iter_markers("data"):
            for lacking in filter(None, map(_lack, marker.args)):
                item.add_marker(pytest.mark.skip(reason=lacking))


def _lack(path: str) -> str | None:
    """Say what is missing, unless $GLASSNET_DATA has the file or folder."""
    root = os.environ.get(VARIABLE)
    if not root:
        return f"needs the real data {path!r}: set {VARIABLE} to the folder that has it"
    if not Path(root, path).exists():
        return f"needs {path!r} in {VARIABLE}, which is {root}"
    return None


@pytest.fixture
def real_data() -> Path:
    """The folder of $GLASSNET_DATA, for tests marked with what they need of it."""
    return Path(os.environ[VARIABLE])
