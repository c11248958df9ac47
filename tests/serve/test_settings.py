"""What a service may be started with."""

from __future__ import annotations

from typing import Any

import pytest

from glassnet.errors import SettingError
from glassnet.serve.settings import Settings, is_loopback


def test_defaults_are_for_this_machine_alone() -> None:
    settings = Settings()
    assert (settings.host, settings.port, settings.token) == ("127.0.0.1", 8000, "")
    assert settings.is_loopback
    assert settings.address() == "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        ({"port": 70000}, "from 0 to 65535"),
        ({"port": "8000"}, "whole number"),
        ({"host": "a b"}, "a name or an address"),
        ({"host": ""}, "a name or an address"),
        ({"token": "short"}, "8 to 512"),
        ({"token": "with space in it"}, "8 to 512"),
        ({"allowed_hosts": ("http://x",)}, "a name alone"),
        ({"allowed_origins": ("example.org",)}, "as browsers send it"),
        ({"allowed_origins": ("*",)}, "as browsers send it"),
        ({"allowed_origins": ("https://example.org/page",)}, "as browsers send it"),
        ({"most_body": 0}, "most_body"),
        ({"most_rows": 1.5}, "most_rows"),
        ({"queue": -1}, "queue"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"rate": -1}, "rate"),
        ({"drain": -1}, "drain"),
        ({"log": "loud"}, "text, json or off"),
    ],
)
def test_what_cannot_be_is_refused(changed: dict[str, Any], part: str) -> None:
    with pytest.raises(SettingError, match=part):
        Settings(**changed)


@pytest.mark.parametrize(
    ("host", "alone"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("localhost", True),
        ("LOCALHOST.", True),
        ("::1", True),
        ("[::1]", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.7", False),
        ("example.org", False),
        ("localhost.example.org", False),
        ("127.0.0.1.example.org", False),
    ],
)
def test_loopback(host: str, alone: bool) -> None:
    assert is_loopback(host) == alone


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("::1", "http://[::1]:80"),
        ("example.org", "http://example.org:80"),
    ],
)
def test_the_address_can_be_opened(host: str, address: str) -> None:
    assert Settings(host=host).address(80) == address
