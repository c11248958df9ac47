"""The container file and the systemd unit of docs/deploy.md, as far as they run without either."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import PATIENCE

from .running import Running

PAGE = Path(__file__).parents[2] / "docs" / "deploy.md"
INSTRUCTIONS = {"FROM", "COPY", "RUN", "ENV", "USER", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD"}


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def instructions() -> list[tuple[str, str]]:
    lines = block("dockerfile").replace("\\\n", " ").splitlines()
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in lines if line.strip()]


def test_the_container_file_reads_as_one() -> None:
    found = instructions()
    names = [name for name, _ in found]
    assert set(names) <= INSTRUCTIONS
    assert names.count("FROM") == 2
    assert {"USER", "HEALTHCHECK", "ENTRYPOINT", "CMD"} <= set(names)
    for name, rest in found:
        if name in ("ENTRYPOINT", "CMD"):
            assert all(type(word) is str for word in json.loads(rest))
    (health,) = (rest for name, rest in found if name == "HEALTHCHECK")
    words = json.loads(health[health.index("[") :])
    compile(words[2], "HEALTHCHECK", "exec")


def commands() -> list[list[str]]:
    entry = next(json.loads(rest) for name, rest in instructions() if name == "ENTRYPOINT")
    model = next(json.loads(rest) for name, rest in instructions() if name == "CMD")
    unit = re.search(r"^ExecStart=(.*)$", block("ini"), re.MULTILINE)
    assert unit is not None
    return [entry + model, shlex.split(unit[1])]


@pytest.mark.parametrize("command", commands(), ids=["container", "systemd"])
def test_the_command_starts_it(
    command: list[str], trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLASSNET_TOKEN", "a-token-of-some-length")
    assert command[0].endswith("/bin/glassnet")
    assert command[1] == "serve"
    options = [word for word in command[2:] if not word.endswith(".safetensors")]
    with Running(trained / "digits.safetensors", *options, folder=tmp_path) as running:
        assert running.ask("GET", "/models")[0] == 401
        assert running.end() == 0
    events = [json.loads(line) for line in running.log().splitlines() if line.startswith("{")]
    assert events[-1]["event"] == "stopped"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "glassnet.service"
    here = shlex.quote(str(Path(sys.executable).with_name("glassnet")))
    unit.write_text(block("ini").replace("/opt/glassnet/bin/glassnet", here))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert "glassnet.service" not in done.stderr, done.stderr
    safe = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(unit)],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert safe.returncode == 0, safe.stdout[-2000:] + safe.stderr
