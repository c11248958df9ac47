"""Routing: an address leads to one route, however it is written, or to none."""

from __future__ import annotations

import httptools
import pytest

from glassnet.serve.routing import (
    NOWHERE,
    NOWHERE_OF_PROTOCOL,
    Route,
    Routes,
    parse,
    speaks_protocol,
)

MODELS = Route("GET", "/models")
FILE = Route("GET", "/assets/{file:path}", open=True)
MODEL = Route("GET", "/v2/models/{name}")
INFER = Route("POST", "/v2/models/{name}/infer")
ROUTES = Routes([MODELS, FILE, MODEL, INFER])


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/models", MODELS),
        ("/models/", NOWHERE),
        ("/Models", NOWHERE),
        ("/assets/a.js", FILE),
        ("/assets/a/b/c.js", FILE),
        ("/assets/", FILE),
        ("/assets", NOWHERE),
        ("/assets/a\nb", FILE),
        ("/v2/models/iris", MODEL),
        ("/v2/models/iris/infer", INFER),
        ("/v2/models/a.b-c (2)/infer", INFER),
        ("/v2/models//infer", NOWHERE_OF_PROTOCOL),
        ("/v2/models/a/b/infer", NOWHERE_OF_PROTOCOL),
        ("/v2/models/iris/infer/", NOWHERE_OF_PROTOCOL),
        ("/v2", NOWHERE_OF_PROTOCOL),
        ("/v2anything", NOWHERE),
        ("", NOWHERE),
        ("*", NOWHERE),
    ],
)
def test_a_path_leads_to_a_route(path: str, route: Route) -> None:
    assert ROUTES.find(path) is route
    scope = {"path": path}
    assert ROUTES.of(scope) is route
    assert Routes([]).of(scope) is route, "it is found once"


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/models", "/models", b""),
        (b"/models?a=1", "/models", b"a=1"),
        (b"/models#x", "/models", b""),
        (b"/models?a=1#x", "/models", b"a=1"),
        (b"/%6dodels", "/models", b""),
        (b"/mod%65ls?%61=1", "/models", b"%61=1"),
        (b"http://127.0.0.1/models", "/models", b""),
        (b"http://127.0.0.1:80/models?a", "/models", b"a"),
        (b"http://127.0.0.1", "/", b""),
        (b"//models", "//models", b""),
        (b"/a/../models", "/a/../models", b""),
        (b"/%252e", "/%2e", b""),
        (b"*", "*", b""),
    ],
)
def test_a_target_is_taken_apart(target: bytes, path: str, query: bytes) -> None:
    found, raw, asked = parse(target)
    assert (found, asked) == (path, query)
    assert raw in target or raw == b"/"


@pytest.mark.parametrize("target", [b"127.0.0.1:80", b"", b"/\xff"])
def test_what_is_no_target(target: bytes) -> None:
    with pytest.raises((httptools.HttpParserInvalidURLError, UnicodeDecodeError)):
        parse(target)


def test_no_path_adds_a_label() -> None:
    labels = {
        ROUTES.find(f"{start}{k}{end}").label
        for start in ("/", "/v2/", "/v2/models/", "/assets/", "/models/")
        for end in ("", "/infer", "/ready", "/x")
        for k in range(1000)
    }
    assert labels == {"other", "/v2/other", "/assets/*", "/v2/models/*", "/v2/models/*/infer"}


def test_get_answers_head_too() -> None:
    assert MODELS.methods == ("GET", "HEAD")
    assert INFER.methods == ("POST",)


def test_an_address_has_one_route() -> None:
    with pytest.raises(ValueError, match="/models already"):
        Routes([MODELS, Route("POST", "/models")])


@pytest.mark.parametrize(
    ("path", "speaks"),
    [
        ("/v2", True),
        ("/v2/", True),
        ("/v2/models/x/infer", True),
        ("/v2anything", False),
        ("/v20/models", False),
        ("/", False),
        ("/predict", False),
        ("/x/v2/models", False),
    ],
)
def test_what_belongs_to_the_open_inference_protocol(path: str, speaks: bool) -> None:
    assert speaks_protocol(path) is speaks


def test_the_parts_of_an_address_are_told_by_their_names() -> None:
    route = Route("POST", "/v2/models/{name}/infer")
    assert route.parameters("/v2/models/a b/infer") == {"name": "a b"}
    assert Route("GET", "/assets/{file:path}").parameters("/assets/a/b.js") == {"file": "a/b.js"}
    assert Route("GET", "/models").parameters("/models") == {}
