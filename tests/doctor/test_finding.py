"""Finding: how it is printed."""

from __future__ import annotations

import pytest

from glassnet.doctor.finding import Finding


@pytest.mark.parametrize(("columns", "widest"), [("60", 60), ("300", 100)])
def test_a_finding_fits_the_terminal(
    monkeypatch: pytest.MonkeyPatch, columns: str, widest: int
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    finding = Finding("odd", "note", "", "Much was seen. " * 20, "Do it otherwise. " * 20)
    assert widest - 15 < max(map(len, str(finding).splitlines())) <= widest
