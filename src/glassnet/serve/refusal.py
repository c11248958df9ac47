"""Errors as they are sent: in the service's own form, or in that of the Open Inference Protocol."""

from __future__ import annotations

from typing import Any

import msgspec


def speaks_protocol(path: str | bytes) -> bool:
    """Return whether a path, without its query, is one of the Open Inference Protocol."""
    if isinstance(path, bytes):
        path = path.decode("latin-1")
    return path == "/v2" or path.startswith("/v2/")


def error_document(plain: bool, code: str, message: str) -> dict[str, Any]:
    """Make {"error": {"code", "message"}}, or {"error": "message"} where plain, as the protocol."""
    return {"error": message if plain else {"code": code, "message": message}}


def error_json(plain: bool, code: str, message: str) -> bytes:
    """Write such an error as JSON."""
    return msgspec.json.encode(error_document(plain, code, message))
