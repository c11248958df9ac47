"""The programs that people have, asking a service that runs: each is answered as it asks."""

from __future__ import annotations

import http.client
import io
import json
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import numpy as np
import pytest

from tests.strokes import Drawing
from tests.waiting import PATIENCE

from .asking import IRIS_ROW
from .running import Running

HERE = Path(__file__).parent
JSON, PNG = "application/json", "image/png"
ROWS = json.dumps({"rows": [IRIS_ROW]}).encode()
DIGITS = "/predict/image?model=digits"


@pytest.fixture(scope="module")
def service(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    iris, digits = (trained / f"{name}.safetensors" for name in ("iris", "digits"))
    with Running(iris, str(digits), folder=tmp_path_factory.mktemp("clients")) as running:
        yield running


@pytest.fixture(scope="module")
def picture() -> bytes:
    """A drawn seven, dark on light."""
    from PIL import Image

    data = io.BytesIO()
    grey = 0.9 - 0.8 * Drawing(7, variant=1, size=0.7).ink(100)
    Image.fromarray((255 * grey).astype(np.uint8)).save(data, "PNG")
    return data.getvalue()


# -- Python's ----------------------------------------------------------------------------------

Ask: TypeAlias = Callable[[str, str, "bytes | None", str], "tuple[int, bytes, object]"]
"""From method, path, body and its type to status, body, and what tells the connection."""


@contextmanager
def with_requests(port: int) -> Iterator[Ask]:
    requests = pytest.importorskip("requests")
    with requests.Session() as session:
        pool = session.get_adapter("http://").poolmanager.connection_from_host("127.0.0.1", port)

        def ask(method: str, path: str, body: bytes | None, kind: str) -> tuple[int, bytes, object]:
            address = f"http://127.0.0.1:{port}{path}"
            headers = {"Content-Type": kind} if body else {}
            told = session.request(method, address, data=body, headers=headers, timeout=PATIENCE)
            return told.status_code, told.content, pool.num_connections

        yield ask


@contextmanager
def with_httpx(port: int) -> Iterator[Ask]:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client:

        def ask(method: str, path: str, body: bytes | None, kind: str) -> tuple[int, bytes, object]:
            headers = {"Content-Type": kind} if body else {}
            told = client.request(method, path, content=body, headers=headers)
            ours = told.extensions["network_stream"].get_extra_info("client_addr")
            return told.status_code, told.content, ours

        yield ask


@contextmanager
def with_http_client(port: int) -> Iterator[Ask]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:

        def ask(method: str, path: str, body: bytes | None, kind: str) -> tuple[int, bytes, object]:
            connection.request(method, path, body, {"Content-Type": kind} if body else {})
            ours = connection.sock.getsockname()
            told = connection.getresponse()
            return told.status, told.read(), ours

        yield ask


@contextmanager
def with_urllib(port: int) -> Iterator[Ask]:
    """It has a connection for each request."""

    def ask(method: str, path: str, body: bytes | None, kind: str) -> tuple[int, bytes, object]:
        headers = {"Content-Type": kind} if body else {}
        asked = urllib.request.Request(
            f"http://127.0.0.1:{port}{path}", body, headers, method=method
        )
        try:
            with urllib.request.urlopen(asked, timeout=PATIENCE) as told:
                return told.status, told.read(), None
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read(), None

    yield ask


@pytest.mark.parametrize(
    "client", [with_requests, with_httpx, with_http_client, with_urllib], ids=lambda c: c.__name__
)
def test_pythons_clients(
    service: Running, picture: bytes, client: Callable[[int], AbstractContextManager[Ask]]
) -> None:
    connections = set()
    with client(service.port) as ask:
        for _ in range(3):
            status, told, connection = ask("POST", "/predict", ROWS, JSON)
            assert (status, json.loads(told)["answers"][0]["class"]) == (200, "setosa")
            connections.add(connection)
            status, told, connection = ask("POST", DIGITS, picture, PNG)
            assert (status, json.loads(told)["answers"][0]["class"]) == (200, "7")
            connections.add(connection)
            for path, body, expected in (
                ("/predict", b'{"rows": [1]}', (422, "wrong-shape")),
                ("/predict", b"{", (400, "not-json")),
                ("/predict?model=cats", ROWS, (404, "no-such-model")),
                ("/nowhere", ROWS, (404, "not-found")),
            ):
                status, told, connection = ask("POST", path, body, JSON)
                assert (status, json.loads(told)["error"]["code"]) == expected
                connections.add(connection)
            status, told, connection = ask("GET", "/models", None, "")
            assert (status, len(json.loads(told)["models"])) == (200, 2)
            connections.add(connection)
    assert len(connections) == 1, "the connection is kept, after errors too"


# -- Triton's ----------------------------------------------------------------------------------


@pytest.fixture
def triton() -> Any:
    return pytest.importorskip("tritonclient.http")


@pytest.fixture
def triton_client(triton: Any, service: Running) -> Iterator[Any]:
    with triton.InferenceServerClient(
        f"127.0.0.1:{service.port}", connection_timeout=PATIENCE, network_timeout=PATIENCE
    ) as client:
        yield client


def test_triton_asks_what_there_is(triton_client: Any) -> None:
    assert triton_client.is_server_live()
    assert triton_client.is_server_ready()
    assert triton_client.is_model_ready("iris")
    assert not triton_client.is_model_ready("cats")
    assert triton_client.get_server_metadata()["extensions"] == [
        "binary_tensor_data",
        "classification",
    ]
    told = triton_client.get_model_metadata("digits")
    assert told["inputs"] == [{"name": "input", "datatype": "FP32", "shape": [-1, 8, 8]}]


@pytest.mark.parametrize("binary_out", [True, False, None], ids=["bytes", "JSON", "all"])
@pytest.mark.parametrize("binary_in", [True, False], ids=["bytes", "JSON"])
def test_triton_asks_of_rows(
    triton: Any, triton_client: Any, service: Running, binary_in: bool, binary_out: bool | None
) -> None:
    rows = np.array([IRIS_ROW, [6.5, 3.0, 5.8, 2.2]], np.float32)
    tensor = triton.InferInput("input", [2, 4], "FP32")
    tensor.set_data_from_numpy(rows, binary_data=binary_in)
    outputs = None
    if binary_out is not None:
        names = ("label", "probabilities", "sure")
        outputs = [triton.InferRequestedOutput(name, binary_data=binary_out) for name in names]
    told = triton_client.infer(
        "iris", [tensor], outputs=outputs, request_id="17", priority=1, timeout=10**9
    )
    assert told.get_response()["id"] == "17"
    _, expected = service.ask_json("POST", "/predict", {"rows": rows.tolist()})
    answers = expected["answers"]
    p = [list(answer["probabilities"].values()) for answer in answers]
    assert told.as_numpy("probabilities") == pytest.approx(np.array(p), abs=1e-12)
    labels = [text.decode() if binary_out is not False else text for text in told.as_numpy("label")]
    assert labels == [answer["class"] for answer in answers]
    assert told.as_numpy("sure").tolist() == [answer["sure"] for answer in answers]
    assert told.as_numpy("nothing") is None


def test_triton_asks_of_pictures_and_for_classes(
    triton: Any, triton_client: Any, service: Running
) -> None:
    pixels = np.zeros((1, 8, 8), np.uint8)
    pixels[0, 1:7, 3:5] = 16
    tensor = triton.InferInput("input", [1, 8, 8], "UINT8")
    tensor.set_data_from_numpy(pixels)
    three = triton.InferRequestedOutput("probabilities", class_count=3)
    told = triton_client.infer("digits", [tensor], outputs=[three]).as_numpy("probabilities")
    sent = {"rows": pixels.reshape(1, 64).tolist()}
    _, expected = service.ask_json("POST", "/predict?model=digits", sent)
    (answer,) = expected["answers"]
    assert told.shape == (1, 3)
    p, number, label = told[0, 0].decode().split(":")
    assert (number, label) == (answer["class"], answer["class"])
    assert float(p) == pytest.approx(answer["probability"], abs=1e-6)


def test_triton_reads_what_is_wrong(triton: Any, triton_client: Any) -> None:
    utils = pytest.importorskip("tritonclient.utils")
    tensor = triton.InferInput("input", [1, 3], "FP32")
    tensor.set_data_from_numpy(np.zeros((1, 3), np.float32))
    with pytest.raises(utils.InferenceServerException, match=r"shape \[N, 4\], got \[1, 3\]"):
        triton_client.infer("iris", [tensor])
    with pytest.raises(utils.InferenceServerException, match="no model 'cats'"):
        triton_client.infer("cats", [tensor])


# -- those that would rather speak HTTP/2 ------------------------------------------------------


@pytest.mark.skipif(shutil.which("javac") is None, reason="there is no Java development kit")
def test_java(service: Running, picture: bytes, tmp_path: Path) -> None:
    (tmp_path / "seven.png").write_bytes(picture)
    java, address = str(shutil.which("java")), f"http://127.0.0.1:{service.port}"
    quick = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
    done = subprocess.run(
        [java, *quick, str(HERE / "Client.java"), address, ROWS.decode(), "seven.png"],
        cwd=tmp_path, capture_output=True, text=True, timeout=2 * PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = [line.partition(" ")[::2] for line in done.stdout.splitlines()]
    assert [status for status, _ in told] == ["200", "200", "200", "422", "200"], done.stdout
    found = [json.loads(body) for _, body in told]
    assert found[0] == {"ready": True}
    assert found[1]["answers"][0]["class"] == "setosa"
    assert found[2]["answers"][0]["class"] == "7"
    assert found[3]["error"]["code"] == "wrong-shape"
    assert found[4] == found[1], "the connection is of use after an error"


def curl_speaks_http2() -> bool:
    curl = shutil.which("curl")
    if curl is None:
        return False
    told = subprocess.run([curl, "--version"], capture_output=True, text=True, check=False)
    return "HTTP2" in told.stdout


@pytest.mark.skipif(not curl_speaks_http2(), reason="there is no curl that speaks HTTP/2")
@pytest.mark.parametrize("version", ["--http2", "--http1.1", "--http1.0"])
def test_curl(service: Running, picture: bytes, tmp_path: Path, version: str) -> None:
    (tmp_path / "seven.png").write_bytes(picture)
    curl = (str(shutil.which("curl")), "--silent", "--show-error", "--noproxy", "*", version)
    address = f"http://127.0.0.1:{service.port}"

    def ask(*arguments: str) -> Any:
        done = subprocess.run(
            [*curl, *arguments],
            cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    rows = ("-H", f"Content-Type: {JSON}", "--data-binary", ROWS.decode())
    assert ask(*rows, f"{address}/predict")["answers"][0]["class"] == "setosa"
    seven = ("-H", f"Content-Type: {PNG}", "--data-binary", "@seven.png")
    assert ask(*seven, f"{address}{DIGITS}")["answers"][0]["class"] == "7"
    assert ask(*rows, f"{address}/predict?model=cats")["error"]["code"] == "no-such-model"
