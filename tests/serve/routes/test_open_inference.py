"""The Open Inference Protocol: what its clients send, and what they get."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

import glassnet as gn

from ..asking import IRIS_ROW, Serve

INFER = "/v2/models/iris/infer"


def tensor(**other: Any) -> dict[str, Any]:
    return {"name": "input", "shape": [1, 4], "datatype": "FP32", "data": IRIS_ROW, **other}


def output(name: str, **parameters: Any) -> dict[str, Any]:
    return {"name": name, "parameters": parameters}


def request(**other: Any) -> dict[str, Any]:
    return {"inputs": [tensor(**other)]}


def test_metadata_names_tensors(serve: Serve) -> None:
    said = serve("digits").get("/v2/models/digits").json()
    assert (said["name"], said["platform"]) == ("digits", "glassnet")
    assert said["inputs"] == [{"name": "input", "datatype": "FP32", "shape": [-1, 8, 8]}]
    assert said["outputs"][:2] == [
        {"name": "probabilities", "datatype": "FP64", "shape": [-1, 10]},
        {"name": "label", "datatype": "BYTES", "shape": [-1]},
    ]
    (values, *_) = serve("diabetes").get("/v2/models/diabetes").json()["outputs"]
    assert values == {"name": "values", "datatype": "FP64", "shape": [-1, 1]}


def test_health_and_the_server(serve: Serve) -> None:
    asker = serve("iris", "digits")
    assert asker.get("/v2/health/live").json() == {"live": True}
    assert asker.get("/v2/health/ready").json() == {"ready": True}
    assert asker.get("/v2/models/digits/ready").json() == {"name": "digits", "ready": True}
    assert asker.get("/v2").json() == {
        "name": "glassnet",
        "version": gn.__version__,
        "extensions": ["binary_tensor_data", "classification"],
    }
    assert [one["name"] for one in asker.get("/v2/models").json()["models"]] == ["iris", "digits"]


def test_outputs_are_the_model_s_answers(serve: Serve, trained: Path) -> None:
    rows = gn.datasets.load("iris").test.x[:5]
    sent = tensor(shape=[5, 4], datatype="FP64", data=np.asarray(rows).ravel().tolist())
    said = serve().post(INFER, {"inputs": [sent]}).json()
    model = gn.load(trained / "iris.safetensors")
    assert said["model_name"] == "iris"
    assert said["parameters"] == {"hash": model.digest}
    outputs = {one["name"]: one for one in said["outputs"]}
    assert outputs["probabilities"]["shape"] == [5, 3]
    p = np.reshape(outputs["probabilities"]["data"], (5, 3))
    assert p == pytest.approx(model.predict_proba(rows), abs=1e-12)
    assert isinstance(model.outputs, gn.Classes)
    assert outputs["label"]["data"] == [model.outputs.labels[k] for k in model.predict(rows)]
    assert outputs["label"]["datatype"] == "BYTES"
    assert outputs["sure"]["shape"] == [5]


def test_values(serve: Serve, trained: Path) -> None:
    rows = np.asarray(gn.datasets.load("diabetes").test.x[:3])
    sent = tensor(shape=[3, 10], datatype="FP64", data=rows.tolist())
    said = serve("diabetes").post("/v2/models/diabetes/infer", {"inputs": [sent]}).json()
    values = gn.load(trained / "diabetes.safetensors").predict(rows)
    assert said["outputs"][0]["data"] == pytest.approx(values.ravel().tolist(), rel=1e-6)


def test_ids_and_parameters_come_back(serve: Serve) -> None:
    sent = {**request(), "id": "17", "parameters": {"trace": "x", "n": 2}}
    said = serve().post(INFER, sent).json()
    assert said["id"] == "17"
    assert {"trace": "x", "n": 2}.items() <= said["parameters"].items()
    assert "id" not in serve().post(INFER, request()).json()


def test_only_the_outputs_that_are_asked_for(serve: Serve) -> None:
    said = serve().post(INFER, {**request(), "outputs": [{"name": "label"}]}).json()
    assert [one["name"] for one in said["outputs"]] == ["label"]
    assert "'cats'" in serve().plain_refusal(INFER, {**request(), "outputs": [{"name": "cats"}]})


@pytest.mark.parametrize(
    ("datatype", "data", "shape"),
    [
        ("UINT8", 64 * [8], [1, 64]),
        ("INT64", 64 * [8], [1, 64]),
        ("UINT8", [64 * [8]], [1, 64]),
        ("FP32", 64 * [0.5], [1, 64]),
        ("FP64", [8 * [8 * [0.5]]], [1, 8, 8]),
        ("UINT8", [8 * [8 * [8]]], [1, 8, 8]),
        ("INT32", 64 * [8], [1, 8, 8]),
    ],
)
def test_pixels_as_whole_numbers_and_as_floats_are_the_same(
    serve: Serve, datatype: str, data: list[Any], shape: list[int]
) -> None:
    asker = serve("digits")
    sent = {"inputs": [tensor(shape=shape, datatype=datatype, data=data)]}
    said = asker.post("/v2/models/digits/infer", sent).json()
    expected = asker.post("/predict", {"rows": 64 * [8]}).json()["answers"][0]
    p = said["outputs"][0]["data"]
    assert p == pytest.approx(list(expected["probabilities"].values()), abs=1e-6)


@pytest.mark.parametrize(
    ("datatype", "data"),
    [
        ("INT64", [1.0, 2**63 - 1, -3.0, 4]),
        ("INT64", [1.0, -(2**63), -3.0, 4]),
        ("UINT64", [1.0, 2**64 - 1, 3.0, 4]),
        ("UINT64", [1, 2**64 - 1, 3, 4]),
        ("INT64", [[1.0, 2**63 - 1, -3.0, 4]]),
    ],
)
def test_the_ends_of_a_type_are_of_it_with_points_beside_them(
    serve: Serve, datatype: str, data: list[Any]
) -> None:
    asker = serve()
    told = asker.post(INFER, {"inputs": [tensor(datatype=datatype, data=data)]}).json()
    row = np.ravel(np.array(data, float)).tolist()
    expected = asker.post("/predict", {"rows": row}).json()["answers"][0]
    p = told["outputs"][0]["data"]
    assert p == pytest.approx(list(expected["probabilities"].values()), abs=1e-6)


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        ({"name": "x"}, 'one tensor of the name "input"'),
        ({"shape": [4]}, "expected with the shape [N, 4]"),
        ({"shape": [0, 4]}, "expected with the shape [N, 4]"),
        ({"shape": [2, 4]}, "the 8 numbers of the shape [2, 4]"),
        ({"shape": [1, -4]}, "expected with the shape [N, 4]"),
        ({"shape": [10**9, 4]}, "are answered at once"),
        ({"datatype": "BOOL"}, "The datatype is one of"),
        ({"datatype": "BYTES"}, "The datatype is one of"),
        ({"datatype": "INT64"}, "whole numbers from"),
        ({"datatype": "INT8", "data": [1, 2, 3, 300]}, "-128 to 127"),
        ({"datatype": "INT64", "data": [1, 2, 3, 2**63]}, "whole numbers from"),
        ({"datatype": "INT64", "data": [1.0, 2, 3, 2.0**63]}, "whole numbers from"),
        ({"datatype": "INT64", "data": [1.0, 2, 3, 2**63]}, "whole numbers from"),
        ({"datatype": "UINT64", "data": [1.0, 2, 3, 2.0**64]}, "whole numbers from"),
        ({"datatype": "UINT8", "data": [1, 2, 3, -1]}, "0 to 255"),
        ({"datatype": "FP16", "data": [1, 2, 3, 70000]}, "FP16"),
        ({"data": [1, 2, 3, 1e31]}, "1e+30"),
        ({"data": []}, "the 4 numbers"),
        ({"data": [[1, 2], [3, 4]]}, "the 4 numbers"),
        ({"data": [[1, 2, 3], 4]}, "the 4 numbers"),
        ({"data": [1, 2, 3, True]}, "another shape than the protocol's"),
        ({"data": [1, 2, 3, "4"]}, "another shape than the protocol's"),
        ({"data": 4}, "another shape than the protocol's"),
        ({"data": None}, "lacks its numbers"),
        ({"parameters": [4]}, "another shape than the protocol's"),
        ({"parameters": {"a": [4]}}, "another shape than the protocol's"),
        ({"parameters": {"binary_data_size": 16}}, "needs the header Inference-Header-Content-"),
    ],
)
def test_what_is_wrong_is_one_text(serve: Serve, changed: dict[str, Any], part: str) -> None:
    assert part in serve().plain_refusal(INFER, request(**changed))


@pytest.mark.parametrize(
    ("sent", "part"),
    [
        ({}, "another shape"),
        ([], "another shape"),
        ({"inputs": []}, "got none"),
        ({"inputs": [tensor(), tensor()]}, "one tensor"),
        ({**request(), "id": 7}, "another shape"),
        ({**request(), "parameters": {"binary_data_output": 1}}, "binary_data_output is true or"),
        ({**request(), "outputs": [output("label", binary_data="yes")]}, "binary_data is true or"),
        ({**request(), "outputs": [output("label", classification=2)]}, "is for probabilities"),
        ({**request(), "outputs": [output("probabilities", classification=-1)]}, "got -1"),
        ({**request(), "outputs": [output("probabilities", classification=True)]}, "got True"),
        ({**request(), "outputs": [output("probabilities", classification="3")]}, "got '3'"),
        ({**request(), "outputs": [output("label", classification=False)]}, "got False"),
        ({**request(), "outputs": [output("label", classification=1.5)]}, "got 1.5"),
    ],
)
def test_what_is_wrong_around_the_tensor(serve: Serve, sent: object, part: str) -> None:
    assert part in serve().plain_refusal(INFER, sent)


def test_what_of_the_protocol_is_not_known_is_left_unread(serve: Serve) -> None:
    """As KServe's own client fills in what it has no value for."""
    sent: dict[str, Any] = {
        "model_name": "iris",
        "id": None,
        "parameters": None,
        "inputs": [{**tensor(), "parameters": None, "more": 4}],
        "outputs": None,
        "more": {"a": [1]},
    }
    asker = serve()
    assert asker.post(INFER, sent).json() == asker.post(INFER, request()).json()
    sent["outputs"] = [{"name": "label", "parameters": None, "more": 4}]
    assert [one["name"] for one in asker.post(INFER, sent).json()["outputs"]] == ["label"]


@pytest.mark.parametrize("classes", [1, 2, 9, 3.0])
def test_classes_as_texts_the_likeliest_first(serve: Serve, classes: float) -> None:
    asker = serve()
    p, label = asker.post(INFER, request()).json()["outputs"][:2]
    sent = {**request(), "outputs": [output("probabilities", classification=classes)]}
    (told,) = asker.post(INFER, sent).json()["outputs"]
    shown = int(min(classes, 3))
    assert (told["datatype"], told["shape"]) == ("BYTES", [1, shown])
    likeliest = sorted(range(3), key=lambda k: -p["data"][k])[:shown]
    found = [text.split(":") for text in told["data"]]
    assert [int(number) for _, number, _ in found] == likeliest
    assert [float(one) for one, _, _ in found] == pytest.approx(
        [p["data"][k] for k in likeliest], abs=1e-6
    )
    assert found[0][2] == label["data"][0]


# -- tensors as bytes --------------------------------------------------------------------------


def binary(serve: Serve, data: bytes, size: Any = None, **other: Any) -> httpx.Response:
    """Ask with bytes behind the JSON; `length`, among what is other, is what the header says."""
    length, json_data = other.pop("length", None), other.pop("json_data", {})
    parameters = {"binary_data_size": len(data) if size is None else size}
    sent = {"name": "input", "shape": [1, 4], "datatype": "FP32", "parameters": parameters}
    text = json.dumps({"inputs": [{**sent, **json_data}], **other}).encode()
    headers = {
        "content-type": "application/octet-stream",
        "inference-header-content-length": str(len(text) if length is None else length),
    }
    return serve().post_text(INFER, text + data, headers=headers)


@pytest.mark.parametrize(
    "datatype",
    [
        *("FP16", "FP32", "FP64", "INT8", "INT16", "INT32", "INT64"),
        *("UINT8", "UINT16", "UINT32", "UINT64"),
    ],
)
def test_a_tensor_of_bytes_is_the_one_of_json(serve: Serve, datatype: str) -> None:
    rows = [[5, 3, 1, 0], [6, 3, 5, 2]]
    kind = {"F": "<f", "I": "<i", "U": "<u"}[datatype[0]]
    bits = int("".join(filter(str.isdigit, datatype)))
    data = np.array(rows, f"{kind}{bits // 8}").tobytes()
    shape = {"datatype": datatype, "shape": [2, 4]}
    said = binary(serve, data, json_data=shape)
    assert said.status_code == 200, said.text
    assert said.json() == serve().post(INFER, request(**shape, data=rows)).json()


def test_a_tensor_of_bytes_may_be_pictures(serve: Serve) -> None:
    asker, rng = serve("digits"), np.random.default_rng(0)
    pixels = rng.integers(0, 17, (3, 8, 8))
    for datatype, x in (("UINT8", pixels), ("FP32", pixels / 16), ("INT64", pixels)):
        stored = x.astype({"UINT8": "u1", "FP32": "<f4", "INT64": "<i8"}[datatype])
        described = {"name": "input", "shape": [3, 8, 8], "datatype": datatype}
        size = {"parameters": {"binary_data_size": stored.nbytes}}
        text = json.dumps({"inputs": [{**described, **size}]}).encode()
        headers = {"inference-header-content-length": str(len(text))}
        infer = "/v2/models/digits/infer"
        said = asker.post_text(infer, text + stored.tobytes(), headers=headers)
        assert said.status_code == 200, said.text
        expected = asker.post(infer, {"inputs": [{**described, "data": x.tolist()}]}).json()
        for one, other in zip(said.json()["outputs"], expected["outputs"], strict=True):
            if one["datatype"] == "FP64":  # FP32 of JSON are read as doubles
                assert one["data"] == pytest.approx(other["data"], abs=1e-6)
            else:
                assert one == other


def parts(said: httpx.Response) -> tuple[dict[str, Any], list[bytes]]:
    """Split an answer into its JSON and the bytes of each output that has some."""
    assert said.status_code == 200, said.text
    assert said.headers["content-type"] == "application/octet-stream"
    length = int(said.headers["inference-header-content-length"])
    told, rest = json.loads(said.content[:length]), said.content[length:]
    found = []
    for one in told["outputs"]:
        if size := one.get("parameters", {}).get("binary_data_size"):
            assert "data" not in one
            found.append(rest[:size])
            rest = rest[size:]
    assert rest == b""
    return told, found


def test_all_outputs_may_be_bytes(serve: Serve) -> None:
    asker = serve()
    plain = asker.post(INFER, request()).json()["outputs"]
    sent = {**request(), "parameters": {"binary_data_output": True, "trace": "x"}}
    told, (p, label, sure) = parts(asker.post(INFER, sent))
    assert told["parameters"].keys() == {"trace", "hash"}
    assert np.frombuffer(p, "<f8").tolist() == plain[0]["data"]
    assert (label[:4], label[4:].decode()) == (b"\x06\0\0\0", plain[1]["data"][0])
    assert np.frombuffer(sure, "?").tolist() == plain[2]["data"]
    assert [(one["name"], one["shape"]) for one in told["outputs"]] == [
        (one["name"], one["shape"]) for one in plain
    ]


def test_each_output_may_be_bytes_or_not(serve: Serve) -> None:
    wanted = [
        *(output("sure"), output("label", binary_data=False)),
        output("probabilities", binary_data=True, classification=2),
    ]
    sent = {**request(), "outputs": wanted, "parameters": {"binary_data_output": True}}
    told, (sure, classes) = parts(serve().post(INFER, sent))
    assert [one["name"] for one in told["outputs"]] == ["sure", "label", "probabilities"]
    assert told["outputs"][1]["data"] == ["setosa"]
    assert len(sure) == 1
    assert classes.count(b":") == 4
    none = {**request(), "outputs": [output("label", binary_data=False)]}
    assert serve().post(INFER, none).headers["content-type"] == "application/json"


FOUR = np.array([5.1, 3.5, 1.4, 0.2], "<f4").tobytes()


@pytest.mark.parametrize(
    ("data", "other", "part"),
    [
        (FOUR, {"length": 0}, "is expected as the number of bytes of the JSON"),
        (FOUR, {"length": 10**6}, "is expected as the number of bytes of the JSON"),
        (FOUR, {"length": -4}, "got '-4'"),
        (FOUR, {"length": "9" * 5000}, "got '999"),
        (FOUR, {"length": 20}, "not JSON"),
        (FOUR[:-1], {}, "16 bytes behind the JSON, with binary_data_size 16; got 15 bytes"),
        (FOUR + FOUR, {}, "got 32 bytes"),
        (FOUR, {"size": 15}, "got 16 bytes with binary_data_size 15"),
        (FOUR, {"size": "16"}, "with binary_data_size '16'"),
        (FOUR, {"size": True}, "with binary_data_size True"),
        (FOUR, {"json_data": {"data": IRIS_ROW}}, "got both"),
        (FOUR, {"json_data": {"parameters": {}}}, "got 16 bytes with binary_data_size None"),
        (b"", {"json_data": {"parameters": {}}}, "lacks its numbers"),
        (FOUR, {"json_data": {"datatype": "BYTES"}}, "The datatype is one of"),
        (FOUR, {"json_data": {"datatype": "BOOL", "shape": [4, 4]}}, "The datatype is one of"),
        (FOUR, {"json_data": {"shape": [10**9, 4]}}, "are answered at once"),
        (np.array([1, 2, 3, np.nan], "<f4").tobytes(), {}, "finite"),
        (np.array([1, 2, 3, -np.inf], "<f4").tobytes(), {}, "finite"),
        (np.array([1, 2, 3, 1e35], "<f4").tobytes(), {}, "1e+30"),
    ],
)
def test_what_is_wrong_with_bytes(
    serve: Serve, data: bytes, other: dict[str, Any], part: str
) -> None:
    said = binary(serve, data, **other)
    assert said.status_code == 400
    assert part in said.json()["error"]


def test_bytes_alone_are_no_request(serve: Serve) -> None:
    said = serve().post_text(INFER, FOUR, headers={"content-type": "application/octet-stream"})
    assert said.status_code == 415


def test_a_name_that_comes_twice_is_refused(serve: Serve) -> None:
    text = json.dumps(request())
    for twice in (
        text.replace('"shape"', '"name": "x", "shape"'),
        text.replace('{"inputs"', '{"id": "1", "id": "2", "inputs"'),
        text.replace('{"inputs"', '{"parameters": {"a": 1, "a": 2}, "inputs"'),
        text.replace('{"inputs"', '{"more": {"a": 1, "a": 2}, "inputs"'),
    ):
        said = serve().post_text(INFER, twice)
        assert said.status_code == 400
        assert "more than once" in said.json()["error"]


def test_other_models_and_bodies(serve: Serve) -> None:
    asker = serve()
    assert "'cats'" in asker.plain_refusal("/v2/models/cats/infer", request(), 404)
    assert asker.get("/v2/models/cats").status_code == 404
    assert asker.get("/v2/models/cats/ready").status_code == 404
    assert "not JSON" in asker.post_text(INFER, "{").json()["error"]
    wrong = asker.post_text(INFER, "{}", headers={"content-type": "text/plain"})
    assert wrong.status_code == 415
    assert isinstance(wrong.json()["error"], str)


@pytest.mark.parametrize("path", [INFER, "/v2/models/iris", "/v2", "/v2/health/ready"])
def test_there_are_no_parameters_in_the_address(serve: Serve, path: str) -> None:
    asker = serve()
    said = asker.post(f"{path}?x=1", request()) if path == INFER else asker.get(f"{path}?x=1")
    assert said.status_code == 400
    assert "no parameter 'x'" in said.json()["error"]


def test_floats_of_images_mean_the_same_beside_whatever_other_rows(serve: Serve) -> None:
    """A row of ones is full ink alone; beside a row of 16 it would be one level of 16."""
    asker, infer = serve("digits"), "/v2/models/digits/infer"
    ones, levels = 64 * [1.0], 64 * [16.0]
    for rows in ([levels], [ones, levels]):
        sent = tensor(shape=[len(rows), 64], datatype="FP32", data=rows)
        assert "got FP32 from" in asker.plain_refusal(infer, {"inputs": [sent]})
    sent = tensor(shape=[1, 64], datatype="FP32", data=ones)
    whole = tensor(shape=[1, 64], datatype="UINT8", data=64 * [16])
    said, expected = (asker.post(infer, {"inputs": [one]}).json() for one in (sent, whole))
    assert said["outputs"][0]["data"] == pytest.approx(expected["outputs"][0]["data"], abs=1e-6)


def test_pixels_outside_their_range(serve: Serve) -> None:
    infer = "/v2/models/digits/infer"
    for datatype, value in (("UINT8", 17), ("FP32", 1.5), ("FP32", -0.5)):
        sent = {"inputs": [tensor(shape=[1, 64], datatype=datatype, data=64 * [value])]}
        assert "Pixels are 0 to 1" in serve("digits").plain_refusal(infer, sent)
