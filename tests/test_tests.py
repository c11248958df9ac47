"""The tests themselves: what would make one pass or fail by chance is in none of them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent

NEVER = {
    "a page that evaluates a text: use tests.browser.wait_for": r"wait_for_function",
    "the clock on the wall: use tests.waiting.at_most": r"perf_counter|time\.time",
    "a port that was free a moment ago: use port 0": r"free_port",
    "numbers that are others each time: give a seed": r"default_rng\(\)",
}


@pytest.mark.parametrize("pattern", NEVER.values(), ids=NEVER)
def test_never_called(pattern: str) -> None:
    for file in sorted(HERE.rglob("*.py")):
        text = file.read_text("utf-8")
        for node in ast.walk(ast.parse(text)) if re.search(pattern, text) else ():
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func) + "()" * (not node.args)
                assert not re.search(pattern, called), f"{file}:{node.lineno}"
