"""What the OpenAPI document promises, and that its examples are true."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import glassnet as gn

from ..asking import Asker, Serve, make_app

NAMES = ("iris", "digits", "diabetes")


def operations(asker: Asker) -> list[tuple[str, str, dict[str, Any]]]:
    document = asker.get("/openapi.json").json()
    return [
        (path, method, operation)
        for path, of_path in document["paths"].items()
        for method, operation in of_path.items()
    ]


def test_every_route_is_described_but_the_page_s_files(serve: Serve, tmp_path: Path) -> None:
    asker = serve(*NAMES, learn=tmp_path)
    described = {(path, method.upper()) for path, method, _ in operations(asker)}
    served = {(route.path, method) for route in asker.app.routes for method in [route.method]}
    assert served - described == {("/assets/{file:path}", "GET")}
    assert described <= served


def test_every_operation_says_what_can_go_wrong(serve: Serve) -> None:
    for path, method, operation in operations(serve(*NAMES)):
        statuses = set(operation["responses"])
        assert {"400", "403", "413", "415", "429", "500", "503"} <= statuses, path
        assert "401" not in statuses
        assert operation["summary"]
        assert operation["tags"]
        if method == "post":
            assert {"404", "408"} <= statuses
        for status in ("429", "503"):
            assert "Retry-After" in operation["responses"][status]["headers"]


def test_a_token_is_asked_for_but_where_it_is_not(serve: Serve) -> None:
    asker = serve(token="a-token-of-some-length")
    document = asker.app.document.make()
    assert document["security"] == [{"token": []}]
    for path, of_path in document["paths"].items():
        for operation in of_path.values():
            is_open = path == "/" or path.startswith("/v2/health/")
            assert (operation.get("security") == []) == is_open, path
            assert ("401" in operation["responses"]) != is_open


def test_request_examples_are_accepted_and_answers_are_their_own(
    serve: Serve, tmp_path: Path
) -> None:
    asker = serve(*NAMES, learn=tmp_path)
    tried = 0
    for path, _, operation in operations(asker):
        content = operation.get("requestBody", {}).get("content", {})
        for example, told in content.get("application/json", {}).get("examples", {}).items():
            name = example.partition(",")[0]
            address = path.replace("{name}", name) if "{name}" in path else f"{path}?model={name}"
            said = asker.post(address, told["value"])
            assert said.status_code in (200, 201), said.text
            shown = operation["responses"].get("200", {}).get("content", {})
            answers = shown.get("application/json", {}).get("examples", {})
            if path == "/predict" and example == name:
                answer, promised = said.json()["answers"][0], answers[name]["value"]["answers"][0]
                assert answer.get("class") == promised.get("class")
            if path.endswith("/infer"):
                assert said.json() == answers[name]["value"]
            tried += 1
    assert tried == 9


def test_examples_of_a_model_that_does_not_know_its_data_are_accepted_too(tmp_path: Path) -> None:
    for height, width in ((8, 8), (1, 1), (2, 3)):
        network = gn.Sequential([gn.Dense(2)], input_shape=height * width, seed=0)
        images = gn.Images(height, width, maximum=16)
        path = tmp_path / f"plain{height}.safetensors"
        gn.Model(network, images, gn.Classes(("a", "b"))).save(path)
        asker = Asker(make_app([path], learn=tmp_path / "kept"))
        (shown,) = [
            content["examples"][path.stem]["value"]
            for at, _, operation in operations(asker)
            if at == "/learn"
            for content in operation["requestBody"]["content"].values()
        ]
        said = asker.post("/learn", shown)
        assert said.status_code == 201, said.text


def test_what_no_model_can_do_is_not_promised(serve: Serve, tmp_path: Path) -> None:
    paths = {path for path, _, _ in operations(serve("iris", learn=tmp_path))}
    assert {"/predict/image", "/learn"} & paths == set()
    assert "/learn" not in {path for path, _, _ in operations(serve("digits"))}


@pytest.mark.parametrize(
    ("method", "path", "status", "plain"),
    [
        ("GET", "/predict", 405, False),
        ("PUT", "/predict", 405, False),
        ("POST", "/models", 405, False),
        ("DELETE", "/v2/models/iris", 405, True),
        ("GET", "/v2/models/iris/infer", 405, True),
        ("GET", "/nothing", 404, False),
        ("GET", "/models/", 404, False),
        ("GET", "/docs", 404, False),
        ("GET", "/v2/nothing", 404, True),
        ("POST", "/v2/models/iris/b/infer", 404, True),
        ("POST", "/v2/repository/index", 404, True),
    ],
)
def test_addresses_and_methods_that_do_not_exist(
    serve: Serve, method: str, path: str, status: int, plain: bool
) -> None:
    from ..asking import ask

    said = ask(serve().app, method, path)
    assert said.status_code == status
    assert isinstance(said.json()["error"], str if plain else dict)
    if status == 405:
        assert said.headers["allow"] in ("GET", "POST")


def test_an_error_inside_leaks_nothing(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    from glassnet.serve.models import Served

    def fail(*_: object) -> None:
        raise RuntimeError("the secret of /home/somebody")

    monkeypatch.setattr(Served, "answers", fail)
    monkeypatch.setattr(Served, "about", fail)
    asker = serve()
    for said in (asker.post("/predict", {"rows": [1, 2, 3, 4]}), asker.get("/models")):
        assert said.status_code == 500
        assert said.json()["error"]["code"] == "internal"
        assert "secret" not in said.text
        assert said.headers["x-request-id"] in said.json()["error"]["message"]
