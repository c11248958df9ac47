"""The Open Inference Protocol: what OpenAPI says of the routes under /v2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glassnet.data.meaning import Images
from glassnet.serve.openapi.schema import (
    BOOLEAN,
    TEXT,
    Json,
    any_number,
    any_of,
    integer,
    object_of,
    of_struct,
    or_null,
    request_body,
    responses,
    unit_interval,
)
from glassnet.serve.routes import open_inference, tensors

if TYPE_CHECKING:
    from glassnet.serve.models import Served
    from glassnet.serve.service import Service


def live(service: Service) -> Json:
    """GET /v2/health/live."""
    schema = object_of({"live": BOOLEAN})
    found = responses(service, {200: ("It runs.", schema, {})}, plain=True, token=False)
    return {"responses": found, "security": []}


def ready(service: Service) -> Json:
    """GET /v2/health/ready."""
    schema = object_of({"ready": BOOLEAN})
    found = responses(service, {200: ("It answers.", schema, {})}, plain=True, token=False)
    _or_not_ready(found, schema)
    return {"responses": found, "security": []}


def server(service: Service) -> Json:
    """GET /v2."""
    schema = object_of(
        {"name": TEXT, "version": TEXT, "extensions": {"type": "array", "items": TEXT}}
    )
    return {"responses": responses(service, {200: ("What this is.", schema, {})}, plain=True)}


def models(service: Service) -> Json:
    """GET /v2/models."""
    known = {"type": "array", "items": {"$ref": "#/components/schemas/Model"}}
    schema = object_of({"models": known})
    return {"responses": responses(service, {200: ("The models.", schema, {})}, plain=True)}


def metadata(service: Service) -> Json:
    """GET /v2/models/NAME."""
    tensor = object_of(
        {"name": TEXT, "datatype": TEXT, "shape": {"type": "array", "items": {"type": "integer"}}}
    )
    tensors = {"type": "array", "items": tensor}
    schema = object_of(
        {
            "name": TEXT,
            "versions": {"type": "array", "items": TEXT},
            "platform": TEXT,
            "inputs": tensors,
            "outputs": tensors,
            "parameters": {"type": "object"},
        }
    )
    shown = {
        served.name: {"summary": served.name, "value": open_inference.metadata_of(served)}
        for served in service.models
    }
    return {
        "parameters": [_name(service)],
        "responses": responses(service, {200: ("Its tensors.", schema, shown)}, 404, plain=True),
    }


def model_ready(service: Service) -> Json:
    """GET /v2/models/NAME/ready."""
    schema = object_of({"name": TEXT, "ready": BOOLEAN})
    found = responses(service, {200: ("It answers.", schema, {})}, 404, plain=True)
    _or_not_ready(found, schema)
    return {"parameters": [_name(service)], "responses": found}


def infer(service: Service) -> Json:
    """POST /v2/models/NAME/infer."""
    requests, examples, results = [], {}, {}
    names: set[str] = set()
    for served in service.models:
        known = [t["name"] for t in open_inference.metadata_of(served)["outputs"]]
        names.update(known)
        fields = {
            "parameters": _parameters({tensors.ALL_BINARY: or_null(BOOLEAN)}),
            "inputs": {"type": "array", "minItems": 1, "maxItems": 1, "items": _tensor(served)},
            "outputs": {"type": ["array", "null"], "items": any_of(list(map(_output, known)))},
        }
        requests.append(of_struct(tensors.InferRequest, fields))
        request, reply = open_inference.example(served)
        examples[served.name] = {"summary": f"One row for {served.name}", "value": request}
        results[served.name] = {"summary": served.name, "value": reply}
    output = object_of(
        {
            "name": {"enum": sorted(names)},
            "datatype": {"enum": ["FP64", "BYTES", "BOOL"]},
            "shape": {"type": "array", "items": integer(1)},
            "data": {"type": "array", "items": {"type": ["number", "string", "boolean"]}},
        }
    )
    answer = object_of(
        {
            "model_name": TEXT,
            "id": TEXT,
            "parameters": {"type": "object", "required": ["hash"]},
            "outputs": {"type": "array", "items": output},
        },
        optional=("id",),
    )
    found = responses(service, {200: ("The outputs.", answer, results)}, 404, 408, plain=True)
    found["200"]["content"][tensors.OCTETS.decode()] = {
        "schema": {
            "type": "string",
            "format": "binary",
            "description": "Where outputs are asked for as bytes: the JSON, as long as "
            "Inference-Header-Content-Length says, and these bytes behind it.",
        }
    }
    return {
        "parameters": [_name(service)],
        "requestBody": request_body("application/json", any_of(requests), examples),
        "responses": found,
    }


def _tensor(served: Served) -> Json:
    """A tensor of one row, which is all that a schema can tie to its shape."""
    inputs = served.model.inputs
    D = inputs.size
    shapes: list[Json] = [{"const": [1, D]}]
    kinds: list[tuple[list[str], Json]]
    if isinstance(inputs, Images):
        shapes.append({"const": [1, inputs.height, inputs.width]})
        wholes = [name for name, limit in tensors.WHOLES.items() if limit.max >= inputs.maximum]
        kinds = [(["FP32", "FP64"], unit_interval()), (wholes, integer(0, inputs.maximum))]
    else:
        kinds = [(["FP32", "FP64"], any_number())]
        kinds += [([name], integer(limit.min, limit.max)) for name, limit in tensors.WHOLES.items()]
    return any_of(
        [
            of_struct(
                tensors.Tensor,
                {
                    "name": {"const": tensors.INPUT},
                    "shape": any_of(shapes),
                    "datatype": {"enum": names},
                    "parameters": _parameters({tensors.SIZE: False}),
                    "data": {"type": "array", "minItems": D, "maxItems": D, "items": number},
                },
                "With a header Inference-Header-Content-Length a tensor may be bytes behind "
                f"the JSON: docs/serve.md. Then it has no data, but a {tensors.SIZE}.",
                required=("data",),
            )
            for names, number in kinds
        ]
    )


def _output(name: str) -> Json:
    """An output that is asked for."""
    classes = or_null(integer(0)) if name == "probabilities" else {"enum": [None, 0]}
    parameters = _parameters(
        {tensors.BINARY: or_null(BOOLEAN), open_inference.CLASSIFICATION: classes}
    )
    fields = {"name": {"const": name}, "parameters": parameters}
    return of_struct(tensors.RequestedOutput, fields)


def _parameters(known: Json) -> Json:
    """Parameters, of which those that are not known are left unread."""
    return {
        "type": ["object", "null"],
        "properties": known,
        "additionalProperties": {"type": ["string", "boolean", "number", "null"]},
    }


def _or_not_ready(responses: Json, schema: Json) -> None:
    """A service that is not ready says so in the shape of one that is."""
    media = responses["503"]["content"]["application/json"]
    media["schema"] = {"anyOf": [schema, media["schema"]]}


def _name(service: Service) -> Json:
    return {
        "name": "name",
        "in": "path",
        "required": True,
        "schema": {"enum": list(service.models.names)},
    }
