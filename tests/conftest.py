"""Real data where this machine has them, the width of a page, how many examples are drawn."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from glassnet.data.download import VARIABLE

# What is tested must not depend on the terminal, the settings and the proxies of whoever tests.
os.environ["COLUMNS"] = "100"
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "*"
for name in ("FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "NO_COLOR", "LINES", "GLASSNET_TOKEN"):
    os.environ.pop(name, None)

# The same examples each time: what fails fails again. Where it is soaked, others are looked for.
settings.register_profile(
    "glassnet",
    deadline=None,
    max_examples=50,
    derandomize="GLASSNET_SOAK" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("glassnet")


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
