"""The commands and the program of docs/serve.md, sent to a service."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from glassnet.cli.serve import serve
from glassnet.serve import Settings

from .running import Running

PAGE = Path(__file__).parents[2] / "docs" / "serve.md"
TEXT = PAGE.read_text()
COMMANDS = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_every_curl_command_is_answered(trained: Path, tmp_path: Path) -> None:
    assert len(COMMANDS) >= 6
    iris, digits = (trained / f"{name}.safetensors" for name in ("iris", "digits"))
    with Running(iris, str(digits), folder=tmp_path) as served:
        for command in COMMANDS:
            assert command.startswith("curl ")
            here = command.replace("127.0.0.1:8000", f"127.0.0.1:{served.port}")
            done = subprocess.run(
                ["bash", "-c", f"{here} --fail-with-body --silent"],
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, (command, done.stdout, done.stderr)
            assert isinstance(json.loads(done.stdout), dict)


def test_the_program_of_another_client_runs(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tritonclient.http")
    (code,) = re.findall(r"^```py\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    namespace: dict[str, Any] = {}
    with Running(trained / "iris.safetensors", folder=tmp_path) as served:
        here = code.replace("127.0.0.1:8000", f"127.0.0.1:{served.port}")
        exec(compile(here, str(PAGE), "exec"), namespace)
        namespace["client"].close()
    assert capsys.readouterr().out.startswith("[[")


def test_every_option_and_setting_is_in_the_table() -> None:
    table = "\n".join(line for line in TEXT.splitlines() if line.startswith("| `--"))
    options = set(re.findall(r"`--([a-z-]+)`", table))
    parameters = {name.replace("_", "-") for name in serve.__annotations__}
    assert parameters - options == {"models", "no-token", "return"}
    assert options <= parameters
    assert set(re.findall(r"`([a-z_]+)`", table)) == set(Settings.__dataclass_fields__)
