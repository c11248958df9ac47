"""`glassnet serve`: what it is started with, and what it says. tests/serve/ asks it."""

from __future__ import annotations

import builtins
import sys
from pathlib import Path
from typing import Any

import pytest

from .conftest import Run

pytest.importorskip("uvicorn")

IRIS = "iris.safetensors"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Takes the place of the server: keeps what it is given, reads, and announces port 8123."""
    from glassnet.serve.http import server

    seen: list[Any] = []

    def serve(app: Any, settings: Any, announce: Any) -> int:
        seen.extend((app, settings))
        app.state.models.read()
        announce(8123)
        return 0

    monkeypatch.setattr(server, "serve", serve)
    monkeypatch.delenv("GLASSNET_TOKEN", raising=False)
    return seen


@pytest.mark.usefixtures("models")
def test_one_line_says_where_and_what(run: Run, started: list[Any]) -> None:
    said = run("serve", IRIS, "digits.safetensors")
    assert said.status == 0
    assert said.err == ""
    line = said.out
    assert line.count("\n") == 1
    assert line.startswith("http://127.0.0.1:8123 serves iris (")
    assert "digits (" in line
    assert "% right" in line
    settings = started[1]
    assert (settings.token, settings.rate, settings.log) == ("", 100, "text")


@pytest.mark.usefixtures("models")
def test_options_become_settings(run: Run, started: list[Any]) -> None:
    options = (
        "--port 9000 --max-body 1000 --max-rows 10 --max-pixels 99 --timeout 3 --queue 7 --rate 5 "
        "--burst 6 --connections 50 --drain 2 --learn kept --json-logs --allow-host a.example "
        "--allow-host b.example --allow-origin https://c.example --token 12345678"
    )
    assert run("serve", IRIS, *options.split()).status == 0
    settings = started[1]
    assert (settings.port, settings.most_body, settings.most_rows) == (9000, 1000, 10)
    assert (settings.most_pixels, settings.timeout, settings.queue) == (99, 3, 7)
    assert (settings.rate, settings.burst, settings.connections, settings.drain) == (5, 6, 50, 2)
    assert (settings.learn, settings.log, settings.token) == (Path("kept"), "json", "12345678")
    assert settings.allowed_hosts == ("a.example", "b.example")
    assert settings.allowed_origins == ("https://c.example",)
    assert Path("kept").is_dir()


@pytest.mark.usefixtures("models", "started")
def test_other_machines_need_a_token_or_a_word(fails: Any) -> None:
    line = fails("serve", IRIS, "--host", "0.0.0.0")
    assert "--token auto" in line
    assert "--no-token" in line
    assert "GLASSNET_TOKEN" in line


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(
    ("options", "token"),
    [
        (("--no-token",), ""),
        (("--token", "a-token-12"), "a-token-12"),
        (("--token", "auto"), None),
    ],
)
def test_a_token_or_a_word_is_enough(
    run: Run, started: list[Any], options: tuple[str, ...], token: str | None
) -> None:
    said = run("serve", IRIS, "--host", "0.0.0.0", *options)
    assert said.status == 0
    made = started[1].token
    assert len(made) >= 20 if token is None else made == token
    shown = f"http://127.0.0.1:8123/#token={made} serves"
    assert (shown in said.out) == (token is None)
    assert made == "" or token is None or made not in said.out


@pytest.mark.usefixtures("models")
def test_the_token_may_stand_in_the_environment(
    run: Run, started: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLASSNET_TOKEN", "from-the-environment")
    assert run("serve", IRIS, "--host", "0.0.0.0").status == 0
    assert started[1].token == "from-the-environment"


@pytest.mark.usefixtures("models", "started")
@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("none.safetensors",), "none.safetensors"),
        ((IRIS, IRIS), "Two models would have the name iris"),
        ((IRIS, "--port", "70000"), "0 to 65535"),
        ((IRIS, "--token", "short"), "8 to 512"),
        ((IRIS, "--token", "long-enough", "--no-token"), "give one of them"),
        ((IRIS, "--token", "auto", "--no-token"), "give one of them"),
        ((IRIS, "--allow-origin", "*"), "as browsers send it"),
        ((IRIS, "--learn", f"{IRIS}/x"), "Cannot keep drawings"),
        ((IRIS, "--timeout", "0"), "timeout"),
    ],
)
def test_what_cannot_be_is_one_line(fails: Any, arguments: tuple[str, ...], part: str) -> None:
    assert part in fails("serve", *arguments)


@pytest.mark.usefixtures("models")
def test_a_port_in_use_is_one_line(fails: Any) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        line = fails("serve", IRIS, "--port", str(taken.getsockname()[1]))
    assert "Cannot listen on 127.0.0.1" in line
    assert "--port" in line


@pytest.mark.usefixtures("models")
def test_without_the_extra_it_says_which_one(fails: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("glassnet.serve")]:
        monkeypatch.delitem(sys.modules, name)
    real = builtins.__import__

    def lacking(name: str, *rest: Any, **named: Any) -> Any:
        if name == "uvicorn":
            raise ModuleNotFoundError("No module named 'uvicorn'", name="uvicorn")
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", lacking)
    line = fails("serve", IRIS)
    assert "needs uvicorn" in line
    assert "glassnet[serve]" in line
