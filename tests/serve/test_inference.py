"""The Open Inference Protocol: what its clients send, and what they get."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn

from .asking import IRIS_ROW, Serve

INFER = "/v2/models/iris/infer"


def tensor(**other: Any) -> dict[str, Any]:
    return {"name": "input", "shape": [1, 4], "datatype": "FP32", "data": IRIS_ROW, **other}


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
        "extensions": [],
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
        ({"more": 4}, "another shape than the protocol's"),
        ({"parameters": {"binary_data_size": 16}}, "binary tensor data is not supported"),
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
        ({**request(), "parameters": {"binary_data_output": True}}, "binary tensor data"),
        (
            {**request(), "outputs": [{"name": "label", "parameters": {"binary_data": True}}]},
            "binary tensor data",
        ),
    ],
)
def test_what_is_wrong_around_the_tensor(serve: Serve, sent: object, part: str) -> None:
    assert part in serve().plain_refusal(INFER, sent)


def test_binary_tensors_are_not_spoken(serve: Serve) -> None:
    headers = {"inference-header-content-length": "10"}
    said = serve().post_text(INFER, b"{}" + bytes(16), headers=headers)
    assert said.status_code == 400
    assert "binary tensor data is not supported" in said.json()["error"]


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
